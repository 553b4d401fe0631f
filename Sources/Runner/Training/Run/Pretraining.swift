import Console
import CoreTensor
import Figures
import Foundation
import PluginHost
import Radiographs
import Runs
import Trackers
import WorldModel

/// The course of a run: begin or go on, train, and say what came of it.
package enum Pretraining {
  /// Where a run is, and whether all its steps are done; else the user asked to stop, and it can be resumed.
  package struct Result {
    /// Nil on all processes but the first of a run that has several.
    package var folder: RunFolder?
    package let isFinished: Bool
    /// Whether the last step was done by this call.
    package var hasJustFinished = false
  }

  package static func start(_ setup: RunSetup) throws -> Result {
    let parts = try RunParts(setup)
    if let group = try Worker.group(parts) { return try Worker.run(parts, group) }
    // A run without a usable radiograph leaves no folder behind.
    _ = try parts.builder.sample(step: 0, index: 0, plans: parts.builder.plans(step: 0))
    try Beginning.take(into: parts)
    try Teacher.take(into: parts)
    let path = setup.configuration.run.out.nonEmpty ?? standardPath()
    return try RunFolder.create(at: path) { folder in
      try RunRecord(setup, split: parts.splitRecord()).write(to: folder)
      return try train(parts, folder, start: 0)
    }
  }

  /// Says what makes a run go on to other bits than those it would have ended with.
  static func warn(of changes: [String]) {
    for change in changes { StandardStream.error.show("chex-runner: warning: \(change)\n") }
  }

  package static func resume(_ path: String, pluginsFile: String?) throws -> Result {
    let folder = try RunFolder.open(at: path)
    let isFirst = try ProcessGroup.launch().map { $0.rank == 0 } ?? true
    let lock = isFirst ? try folder.lock() : nil
    defer { withExtendedLifetime(lock) {} }
    let setup = try reopened(folder, pluginsFile: pluginsFile)
    let versions = try RunVersions(of: folder)
    warn(of: versions.changes(to: RunVersions(setup)))
    let parts = try RunParts(setup)
    if let group = try Worker.group(parts) { return try Worker.run(parts, group) }
    if let change = try versions.split?.difference("the run", to: parts.splitRecord()) {
      StandardStream.error.show("chex-runner: warning: \(change)\n")
    }
    let store = try folder.checkpoints(keep: setup.configuration.training.keptCheckpoints)
    let found: CheckpointStore.Found
    do { found = try store.latest() } catch StorageError.noCheckpoint {
      // Killed before its first checkpoint: the run begins again as it began.
      try Beginning.take(into: parts)
      try Teacher.take(into: parts)
      return try train(parts, folder, start: 0)
    }
    for warning in found.warnings {
      StandardStream.error.show("chex-runner: warning: \(warning)\n")
    }
    let state = try ModelCheckpoint.load(found.checkpoint, into: parts.optimization)
    if state.step >= parts.schedule.totalSteps && folder.has(.summary) {
      if let group = setup.communication {
        _ = try SharedState.share(parts.optimization, start: parts.schedule.totalSteps, group)
      }
      Output.print("\(path): the run is finished, \(state.step) steps; nothing to do")
      return Result(folder: folder, isFinished: true)
    }
    return try train(parts, folder, start: state.step)
  }

  /// The setup that a run was begun with.
  package static func reopened(_ folder: RunFolder, pluginsFile: String?) throws -> RunSetup {
    try RunSetup(reopening: folder, pluginsFile: pluginsFile)
  }

  static func train(_ parts: RunParts, _ folder: RunFolder, start: Int) throws -> Result {
    let configuration = parts.setup.configuration
    let group = parts.setup.communication
    if let group { _ = try SharedState.share(parts.optimization, start: start, group) }
    let before = group?.traffic
    let terminal = Terminal.current()
    let progress = ProgressReporter(
      terminal: terminal, totalSteps: parts.schedule.totalSteps,
      totalEpochs: (parts.schedule.totalSteps + parts.stepsPerEpoch - 1) / parts.stepsPerEpoch,
      firstStep: start,
      firstRadiographs: start * configuration.training.imagesPerStep)
    let log = try RunLog(path: folder.path(of: .log), echo: { progress.message($0) })
    let metrics = try MetricsLog(path: folder.path(of: .metrics))
    try metrics.truncate(afterStep: start)
    try describe(parts, folder, start: start, log)
    // A machine without a font is told of now, not at the first checkpoint.
    _ = try Typesetter()
    if start == 0 || !folder.has(.batchSheet) {
      let sheet = try BatchSheetMaker.sheet(
        parts.builder, model: parts.optimization.model, title: "First batch")
      try sheet.write(to: folder.path(of: .batchSheet))
    }
    let board = try tensorBoard(configuration, folder, start: start)
    // Where the run fails, what is on the way is kept.
    defer { try? board?.flush() }
    Interruption.watch()
    PluginCode.reportCrashes(
      remedy:
        "The run's last checkpoint is kept; mend the plugin and go on: chex-runner resume \(folder.path)",
      backtrace: folder.path(of: .backtrace))
    let trainer = try Trainer(
      parts, folder: folder, record: try RunRecord(of: folder),
      store: try folder.checkpoints(keep: configuration.training.keptCheckpoints), metrics: metrics,
      board: board, log: log, progress: progress, start: start)
    switch try trainer.run(parts, from: start) {
    case .interrupted(let step):
      progress.finish()
      try log.note("stopped and saved at step \(step); go on with: chex-runner resume \(folder.path)")
      return Result(folder: folder, isFinished: false)
    case .finished:
      try board?.synchronize()
      try summarize(trainer, folder, log, terminal)
      if let after = group?.traffic, let before {
        try log.note(after.sentence(since: before, steps: parts.schedule.totalSteps - start))
      }
      return Result(folder: folder, isFinished: true, hasJustFinished: true)
    }
  }

  /// Nil where it is not asked for.
  private static func tensorBoard(
    _ configuration: RunConfiguration, _ folder: RunFolder, start: Int
  ) throws -> TensorBoardWriter? {
    guard configuration.run.tensorBoard else { return nil }
    // A run that goes on takes the steps after its checkpoint again; one that begins anew, all of them.
    let board = try TensorBoardWriter(
      folder: folder.path(of: .tensorBoard), from: start == 0 ? 0 : start + 1)
    if start == 0 { try board.addImage("batch/first", file: folder.path(of: .batchSheet), step: 0) }
    return board
  }

  private static func describe(_ parts: RunParts, _ folder: RunFolder, start: Int, _ log: RunLog) throws {
    let configuration = parts.setup.configuration
    try log.note(start == 0 ? "run: \(folder.path)" : "run: \(folder.path), from step \(start)")
    // For reports: what began the run, and on which list of radiographs.
    try log.record("command: \(Machine.commandLine())")
    try log.record("machine: \(Machine.summary); chex-runner \(ProgramVersion.current)")
    try log.record("list of radiographs: \(RadiographList.fingerprint(parts.source.records))")
    try log.note(
      "radiographs: \(parts.source.summary); \(parts.split.pretrain.count) to pre-train on, \(parts.split.heldOut.count) held out"
    )
    for note in parts.source.notes + parts.split.notes { try log.warn(note) }
    let names = parts.tasks.tasks.map(\.name).joined(separator: ", ")
    try log.note(
      "tasks: \(names)\(configuration.run.isNaive ? ", naive sum" : ""); compatibility \(configuration.run.compatibility.rawValue)"
    )
    let count = parts.optimization.optimizer.parameters.reduce(0) { $0 + $1.tensor.count }
    try log.note(
      "model: \(configuration.model.encoder.width) × \(configuration.model.encoder.depth), "
        + "\(count) trained parameters; \(parts.schedule.totalSteps) steps of \(configuration.training.imagesPerStep) radiographs, "
        + "\(Compute.threads) threads" + processes(parts))
    if start == 0, let other = configuration.model.from.nonEmpty {
      let what = configuration.model.takesPredictor ? "encoder and predictor" : "encoder"
      try log.note("begins with the \(what) of \(other)")
    }
    let backend = parts.setup.backend
    let precision =
      backend is CPUBackend ? configuration.run.precision.sentence : backend.activationType.rawValue
    try log.note("device: \(backend.device.name); precision: \(precision)")
  }

  /// How many processes share a step, and of what it is made then.
  private static func processes(_ parts: RunParts) -> String {
    guard let group = parts.setup.communication else { return "" }
    let training = parts.setup.configuration.training
    return
      " each of \(group.size) processes (\(group.name)), which share \(training.accumulation) micro-batches of "
      + "\(training.batchSize)"
  }

  private static func summarize(
    _ trainer: Trainer, _ folder: RunFolder, _ log: RunLog, _ terminal: Terminal
  ) throws {
    let report = trainer.lastReport
    let summary = try RunSummary(
      folder, trained: report, randomEncoder: trainer.monitor.initial, collapses: trainer.watch.found?.alarms)
    try folder.write(JsonText.encoded(summary), to: .summary)
    if let report { StandardStream.output.show("\n" + trainer.monitor.table(report, for: terminal) + "\n") }
    try log.note(
      String(
        format: "loss: %.4f in the first tenth of the run, %.4f in the last", summary.firstLoss,
        summary.lastLoss))
    try log.note(
      String(
        format: "speed: median %.1f images/s; %.1f %% of the time waiting for data", summary.imagesPerSecond,
        100 * summary.dataWaitShare))
    let tasks = (summary.taskSeconds ?? [:]).sorted { $0.value > $1.value }
    try log.note(
      "tasks' own code, ms a step: "
        + tasks.map { "\($0.key) " + String(format: "%.1f", $0.value * 1e3) }.joined(separator: ", "))
    if let probe = report?.probe, let random = trainer.monitor.initial?.probe {
      try log.note(
        String(format: "probe: mean AUROC %.3f; random encoder %.3f", probe.mean, random.mean))
    } else {
      try log.note("probe: no labels with enough cases, so none was made")
    }
    if let conclusion = try trainer.watch.conclusion() { try log.note(conclusion) }
    try log.note("run folder: \(folder.path) (loss.png, loss.svg, batch.png, metrics.jsonl, checkpoints)")
  }

  private static func standardPath() -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd-HHmmss"
    return "runs/" + formatter.string(from: Date())
  }
}
