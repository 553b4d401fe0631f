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
  /// - Returns: the run's steps, and seconds of one without what it waited for radiographs, which later epochs find in
  ///   memory; nil where no step was done.
  /// - Throws: `AblationError` with the run's last words where it could not be begun; `StorageError`.
  func time(_ cell: AblationPlan.Cell, steps: Int) throws -> (
    training: AblationPace.Training, computing: Double
  )? {
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
    return Self.measured(run).flatMap { own in Self.computingSeconds(run).map { (own, $0) } }
  }

  /// Median seconds of a step without waiting for radiographs; nil where no step was done.
  private static func computingSeconds(_ run: RunFolder) -> Double? {
    guard let lines = try? MetricsLog.lines(of: run), let settings = try? RunSettings(of: run) else {
      return nil
    }
    let images = ["training.batch_size", "training.accumulation"].map {
      settings[$0].flatMap { Double($0) } ?? 1
    }
    // The first steps warm up memory and caches.
    let seconds = lines.dropFirst(min(1 + lines.count / 4, max(0, lines.count - 1))).compactMap {
      line -> Double? in
      guard let rate = line["images_per_second"] as? Double, rate > 0 else { return nil }
      return images.reduce(1, *) / rate * (1 - (line["data_wait_share"] as? Double ?? 0))
    }.sorted()
    return seconds.isEmpty ? nil : seconds[seconds.count / 2]
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
