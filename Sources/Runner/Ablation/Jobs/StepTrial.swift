import Console
import Foundation
import Runs
import Training

/// Times a step of a row's training: a run is begun in a folder of its own, and ended after some steps.
struct StepTrial {
  let plan: AblationPlan
  /// Path of `chex-runner`.
  let program: String
  /// That each run will have.
  let threads: Int
  /// Asked between two looks.
  let isStopRequested: () -> Bool
  let note: (String) -> Void

  /// Seconds that a trial may take.
  private static let longest = 180.0
  /// Seconds after which fewer steps will do, and how many.
  private static let (patience, fewSteps) = (15.0, 8)

  /// - Parameters:
  ///   - cell: of the row.
  ///   - steps: that are timed where they take no longer than 15 seconds, else 8.
  /// - Returns: nil where no step was done.
  /// - Throws: `AblationError` with the run's last words where it could not be begun; `StorageError`.
  func time(_ cell: AblationPlan.Cell, steps: Int) throws -> AblationPace.Training? {
    note("measuring a step: \(plan.table.rows[cell.row].name)")
    let trial = "\(plan.out)/.pace"
    if Folder.exists(trial) { try Folder.remove(trial) }
    defer { try? Folder.remove(trial) }
    let words = cell.words.filter { !$0.hasPrefix("--out=") } + ["--out=\(trial)"]
    let log = "\(plan.out)/logs/.pace.log"
    unlink(log)
    let process = try ChildProcess([program] + AblationJob.words(words, threads: threads), log: log)
    defer { process.destroy() }
    let (run, began) = (RunFolder(path: trial), ProgressReporter.systemClock())
    while !process.hasEnded(), !isStopRequested() {
      let (seconds, done) = (
        ProgressReporter.systemClock() - began, AblationJob.lastStep(of: run.path(of: .metrics)) ?? 0
      )
      if seconds > Self.longest || done >= (seconds > Self.patience ? min(steps, Self.fewSteps) : steps) {
        break
      }
      usleep(50_000)
    }
    if let end = process.end, end != .exited(0) {
      throw AblationError(AblationJob.lastWords(of: log) ?? "\(end)")
    }
    return Self.measured(run)
  }

  /// A run's steps by its settings and metrics; nil where no step is done.
  static func measured(_ run: RunFolder) -> AblationPace.Training? {
    guard let lines = try? MetricsLog.lines(of: run), let settings = try? RunSettings(of: run),
      let last = lines.last, let step = last["step"] as? Double, let epoch = last["epoch"] as? Double
    else { return nil }
    func whole(_ key: String) -> Int { settings[key].flatMap { Int($0) } ?? 0 }
    let stepsPerEpoch = (step / epoch).rounded()
    let steps = whole("training.steps")
    let images = Double(whole("training.batch_size") * whole("training.accumulation"))
    // The first steps warm up memory, caches and loaders; of one step alone it is all that is known.
    let rates = lines.dropFirst(min(1 + lines.count / 4, lines.count - 1)).compactMap {
      $0["images_per_second"] as? Double
    }
    .filter { $0 > 0 }.sorted()
    guard !rates.isEmpty, stepsPerEpoch.isFinite else { return nil }
    return AblationPace.Training(
      steps: steps > 0 ? steps : whole("training.epochs") * Int(stepsPerEpoch),
      secondsPerStep: images / rates[rates.count / 2])
  }
}
