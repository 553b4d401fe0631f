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
    return Self.measured(run)
  }

  /// A run's steps and times by its settings and metrics; nil where no step was done.
  static func measured(_ run: RunFolder) -> (training: AblationPace.Training, computing: Double)? {
    guard let lines = try? MetricsLog.lines(of: run), let settings = try? RunSettings(of: run),
      let last = lines.last, let step = last["step"] as? Double, let epoch = last["epoch"] as? Double
    else { return nil }
    func whole(_ key: String) -> Int { settings[key].flatMap { Int($0) } ?? 0 }
    let stepsPerEpoch = (step / epoch).rounded()
    let steps = whole("training.steps")
    let images = Double(settings.imagesPerStep)
    // The first steps warm up memory, caches and loaders; of one step alone it is all that is known.
    let times = lines.dropFirst(min(1 + lines.count / 4, lines.count - 1))
      .compactMap { line -> (whole: Double, computing: Double)? in
        guard let rate = line["images_per_second"] as? Double, rate > 0 else { return nil }
        return (images / rate, images / rate * (1 - (line["data_wait_share"] as? Double ?? 0)))
      }
    guard !times.isEmpty, stepsPerEpoch.isFinite else { return nil }
    func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    let training = AblationPace.Training(
      steps: steps > 0 ? steps : whole("training.epochs") * Int(stepsPerEpoch),
      secondsPerStep: median(times.map(\.whole)))
    return (training, median(times.map(\.computing)))
  }
}

extension RunSettings {
  /// Radiographs that an optimiser step sees.
  var imagesPerStep: Int {
    ["training.batch_size", "training.accumulation"].map { self[$0].flatMap { Int($0) } ?? 1 }.reduce(1, *)
  }
}
