import Batches
import Console
import Foundation
import NeuralNetworks
import Runs
import Trackers
import WorldModel

/// Glances at the features every so many steps, and warns where they collapse, with what to do about it.
final class PretrainingWatch: TrainingHook {
  typealias Report = PretrainingStep

  /// What the watch reports to, and of.
  struct Run {
    let folder: RunFolder
    let configuration: RunConfiguration
    let log: RunLog
    let board: TensorBoardWriter?
  }

  private let run: Run
  private let monitor: DiagnosticsMonitor
  private let encoder: () -> any ImageEncoder
  /// What the diagnostics of this process found last.
  private let diagnostics: () -> DiagnosticsReport?
  /// Nil where nobody looks.
  private let record: CollapseRecord?
  private var watch = CollapseWatch(random: nil)
  /// The newest observation's step; -1 before the first.
  private var lastStep = -1
  /// Sum and count of the prediction errors since then.
  private var errors = (sum: 0.0, count: 0)

  init(
    _ run: Run, _ monitor: DiagnosticsMonitor, encoder: @escaping () -> any ImageEncoder,
    diagnostics: @escaping () -> DiagnosticsReport?
  ) throws {
    (self.run, self.monitor, self.encoder, self.diagnostics) = (run, monitor, encoder, diagnostics)
    record = run.configuration.diagnostics.watchSteps > 0 ? try CollapseRecord(run.folder) : nil
  }

  /// Steps between two glances; 0 = none.
  private var every: Int { run.configuration.diagnostics.watchSteps }

  /// What was seen so far; nil where nobody looks.
  var found: CollapseWatch? { watch.observations > 0 ? watch : nil }

  func willBegin(_ position: TrainingPosition) throws {
    guard let record else { return }
    watch = CollapseWatch(random: monitor.randomGlance)
    try record.truncate(afterStep: position.step)
    for observation in try record.observations() {
      watch.add(observation)
      lastStep = observation.step
    }
    for error in try CollapseRecord.errors(of: run.folder, afterStep: lastStep) { count(error) }
    // Stopped or killed between the step and its glance.
    if isDue(position) { try look(position) }
  }

  func didStep(_ position: TrainingPosition, _ step: PretrainingStep) throws {
    guard every > 0 else { return }
    if let error = CollapseRecord.error(ofTerms: step.report.terms) { count(error) }
  }

  func observe(_ position: TrainingPosition) throws {
    if every > 0, isDue(position) || diagnostics()?.step == position.step { try look(position) }
  }

  private func isDue(_ position: TrainingPosition) -> Bool {
    position.step > lastStep && (position.step % every == 0 || position.isLast)
  }

  private func count(_ error: Double) { errors = (errors.sum + error, errors.count + 1) }

  private func look(_ position: TrainingPosition) throws {
    guard let glance = monitor.glance(encoder()) else { return }
    var observation = CollapseWatch.Observation(
      step: position.step, glance, error: errors.count > 0 ? errors.sum / Double(errors.count) : nil)
    if let report = diagnostics(), report.step == position.step {
      (observation.probe, observation.randomProbe) = (report.probe?.mean, monitor.initial?.probe?.mean)
    }
    (errors, lastStep) = ((0, 0), position.step)
    let before = watch.alarms
    watch.add(observation)
    try record?.append(observation)
    try run.board?.add(CollapseRecord.scalars(observation, random: watch.random), step: position.step)
    if watch.alarms.count > before.count, let alarm = watch.alarms.last {
      try run.log.warn(CollapseMessage(alarm, run.folder, run.configuration).text())
    } else if watch.alarms != before {
      try run.log.note("step \(position.step): features are back; what collapsed has recovered")
    }
  }

  /// A line for the end of the log; nil where nobody looked.
  func conclusion() throws -> String? {
    guard watch.observations > 0 else { return nil }
    guard case .collapsed(let alarm) = watch.verdict else {
      let past = watch.alarms.isEmpty ? "no sign of it" : "\(watch.alarms.count) alarms, recovered from"
      return
        "collapse: \(past) in \(watch.observations) glances at \(watch.random?.radiographs ?? 0) radiographs"
    }
    return "warning: " + (try CollapseMessage(alarm, run.folder, run.configuration).text())
  }
}

extension DiagnosticsMonitor {
  /// A glance at some of the held-out radiographs, always the same; nil where fewer than two can be used.
  func glance(_ encoder: any ImageEncoder) -> FeatureGlance? {
    FeatureGlance(encoder, source, radiographs: heldOut(configuration.diagnostics.watchImages), backend)
  }

  /// The same of the encoder as its seed initialises it.
  var randomGlance: FeatureGlance? { glance(fresh()) }
}
