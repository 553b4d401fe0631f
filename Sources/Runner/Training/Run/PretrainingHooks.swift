import Console
import CoreTensor
import NeuralNetworks
import Runs
import Trackers
import WorldModel

/// What a step of pre-training leaves behind.
struct PretrainingStep {
  let report: StepReport
  /// Of the batches of all processes.
  let notes: StepNotes
  /// Of the clock: the whole step, and of it the time that was spent waiting for batches.
  let seconds: Double
  let waited: Double
}

/// A line of metrics and of progress for each step.
struct PretrainingRecord: TrainingHook {
  let folder: RunFolder
  let schedule: any Schedule
  let imagesPerStep: Int
  let start: Int
  let metrics: MetricsLog
  /// Nil where TensorBoard is not asked for.
  let board: TensorBoardWriter?
  let progress: ProgressReporter

  func didStep(_ position: TrainingPosition, _ step: PretrainingStep) throws {
    let (done, report) = (position.step, step.report)
    let fields =
      [
        (name: "epoch", value: MetricValue.number(Double(done) / Double(position.stepsPerEpoch))),
        ("loss", .number(report.loss)),
      ] + report.terms.map { ($0.name, .number($0.value)) }
      + step.notes.meanPatches.map { ("patches.\($0.name)", .number($0.value)) } + [
        ("gradient_norm", .number(report.gradientNorm)),
        ("learning_rate", .number(schedule.learningRate(at: done - 1))),
        ("ema_decay", .number(schedule.emaDecay(at: done - 1))),
        ("images_per_second", .number(Double(imagesPerStep) / max(step.seconds, 1e-9))),
        ("data_wait_share", .number(step.waited / max(step.seconds, 1e-9))),
      ] + taskSeconds(report, step.notes)
    try metrics.append(step: done, fields)
    try board?.add(MetricTags.scalars(fields), step: done)
    progress.update(
      .init(
        step: done, epoch: (done - 1) / position.stepsPerEpoch + 1, radiographs: done * imagesPerStep,
        loss: report.loss))
    if done == start + 1 { try folder.markWorkedIn() }
  }

  /// Seconds a step that each task took: of processors in draws and edits, of the clock in its objective.
  private func taskSeconds(
    _ report: StepReport, _ notes: StepNotes
  ) -> [(name: String, value: MetricValue)] {
    notes.seconds.flatMap { own -> [(name: String, value: MetricValue)] in
      let objective = report.objectiveSeconds[own.task].map { MetricValue.number($0) }
      return [
        ("seconds.\(own.task).draw", .number(own.draw)), ("seconds.\(own.task).edit", .number(own.edit)),
      ] + (objective.map { [("seconds.\(own.task).loss", $0)] } ?? [])
    }
  }
}

/// Checkpoints, and the picture of the loss beside them.
final class PretrainingCheckpoints: TrainingHook {
  typealias Report = PretrainingStep
  private let folder: RunFolder
  private let optimization: Optimization
  private let seed: Int
  private let record: RunRecord
  private let store: CheckpointStore
  private let metrics: MetricsLog
  private let board: TensorBoardWriter?
  /// The last step at which features were well; nil where nobody looks.
  var healthyStep: () -> Int? = { nil }
  /// Step of the newest checkpoint.
  private(set) var lastSaved: Int
  private var reports: PacedReports

  init(
    folder: RunFolder, optimization: Optimization, seed: Int, record: RunRecord, store: CheckpointStore,
    metrics: MetricsLog, board: TensorBoardWriter?, start: Int
  ) {
    self.board = board
    reports = PacedReports { try RunReport.writeAll(folder) }
    (self.folder, self.optimization, self.seed) = (folder, optimization, seed)
    (self.record, self.store, self.metrics, lastSaved) = (record, store, metrics, start)
  }

  func willBegin(_ position: TrainingPosition) throws {
    // So that a kill at any moment leaves something to resume.
    if position.step == 0 { try save(position) }
  }

  func save(_ position: TrainingPosition) throws {
    try metrics.synchronize()
    try board?.synchronize()
    store.keptStep = healthyStep()
    try ModelCheckpoint.save(optimization, step: position.step, seed: seed, record: record, to: store)
    lastSaved = position.step
    if position.step > 0 { try reports.write() }
  }

  /// Brings the reports up to date where the run ends or stops.
  func finishReports() throws { try reports.finish() }
}

/// Looks at the features every few epochs, and at the end.
final class PretrainingDiagnostics: TrainingHook {
  typealias Report = PretrainingStep
  private let monitor: DiagnosticsMonitor
  private let encoder: () -> any ImageEncoder
  private let everyEpochs: Int
  private let log: RunLog
  private let board: TensorBoardWriter?
  /// What was seen last.
  private(set) var last: DiagnosticsReport?

  /// - Parameter everyEpochs: 0 = at the end only.
  init(
    _ monitor: DiagnosticsMonitor, encoder: @escaping () -> any ImageEncoder, everyEpochs: Int, log: RunLog,
    board: TensorBoardWriter?
  ) {
    self.board = board
    (self.monitor, self.encoder, self.everyEpochs, self.log) = (monitor, encoder, everyEpochs, log)
  }

  func willBegin(_ position: TrainingPosition) throws {
    // Killed between the last step and its report.
    if position.isLast { try look(position.step) }
  }

  func observe(_ position: TrainingPosition) throws {
    let isDue = position.isEpochEnd && everyEpochs > 0 && position.epoch % everyEpochs == 0
    if position.isLast || isDue { try look(position.step) }
  }

  private func look(_ step: Int) throws {
    last = try monitor.report(encoder(), step: step)
    guard let last else {
      try log.note(
        "diagnostics at step \(step): fewer than two held-out radiographs; raise data.holdout_fraction")
      return
    }
    for line in monitor.lines(last) { try log.note(line) }
    try board?.add(last.scalars() + (monitor.initial?.scalars(suffix: "_random") ?? []), step: step)
  }
}
