import Batches
import Console
import CoreTensor
import Foundation
import NeuralNetworks
import Radiographs
import Runs
import Trackers
import WorldModel

/// Trains a world model in its run folder, from any step to the last.
final class Trainer {
  let setup: RunSetup
  let folder: RunFolder
  let optimization: Optimization
  let builder: BatchBuilder
  let schedule: any Schedule
  let monitor: DiagnosticsMonitor
  private let log: RunLog
  private let progress: ProgressReporter
  private let record: PretrainingRecord
  private let checkpoints: PretrainingCheckpoints
  private let diagnostics: PretrainingDiagnostics
  /// Sees collapse come.
  let watch: PretrainingWatch

  /// - Parameters:
  ///   - record: what the run began with, for its checkpoints.
  ///   - start: optimiser steps already done; the model and optimiser hold their state.
  init(
    _ parts: RunParts, folder: RunFolder, record: RunRecord, store: CheckpointStore, metrics: MetricsLog,
    board: TensorBoardWriter?, log: RunLog, progress: ProgressReporter, start: Int
  ) throws {
    setup = parts.setup
    self.folder = folder
    optimization = parts.optimization
    builder = parts.builder
    schedule = parts.schedule
    monitor = parts.monitor()
    self.log = log
    self.progress = progress
    self.record = PretrainingRecord(
      folder: folder, schedule: schedule, imagesPerStep: setup.configuration.training.imagesPerStep,
      start: start, metrics: metrics, board: board, progress: progress)
    checkpoints = PretrainingCheckpoints(
      folder: folder, optimization: optimization, seed: setup.configuration.run.seed, record: record,
      store: store, metrics: metrics, board: board, start: start)
    let encoder = { [optimization] in optimization.model.transferredEncoder }
    diagnostics = PretrainingDiagnostics(
      monitor, encoder: encoder, everyEpochs: setup.configuration.diagnostics.everyEpochs, log: log,
      board: board)
    watch = try PretrainingWatch(
      .init(folder: folder, configuration: setup.configuration, log: log, board: board), monitor,
      encoder: encoder, diagnostics: { [diagnostics] in diagnostics.last })
    checkpoints.healthyStep = { [watch] in watch.found?.lastHealthyStep }
  }

  /// What the features looked like last; nil where nobody has looked yet.
  var lastReport: DiagnosticsReport? { diagnostics.last }

  func run(_ parts: RunParts, from start: Int) throws -> TrainingLoop.Outcome {
    let taker = StepTaker(parts, start: start)
    defer { taker.stop() }
    var hooks: [any TrainingHook<PretrainingStep>] = [record, checkpoints, diagnostics, watch]
    if let agreement = AgreementCheck(parts, start: start) { hooks.insert(agreement, at: 0) }
    let outcome = try TrainingLoop(parts, taker).run(from: start, hooks: hooks) { step in
      do { return try taker.take(step) } catch let broken as BrokenStep {
        progress.finish()
        try folder.markWorkedIn()
        let failure = FailureReport(broken, checkpointStep: checkpoints.lastSaved)
        try failure.write(to: folder)
        try checkpoints.finishReports()
        throw TrainingStopped(failure: failure, folder: folder.path)
      }
    }
    try checkpoints.finishReports()
    if case .finished = outcome {
      progress.finish()
      try noteSkippedRadiographs()
    }
    return outcome
  }

  private func noteSkippedRadiographs() throws {
    let skipped = builder.source.skipped
    guard !skipped.isEmpty else { return }
    try folder.write(skipped.map { "\($0)\n" }.joined(), to: .skippedRadiographs)
    try log.warn(
      "\(skipped.count) radiographs could not be used and were skipped; \(folder.path(of: .skippedRadiographs)) lists them"
    )
    for radiograph in skipped { try log.record("skipped \(radiograph)") }
  }
}

extension TrainingLoop {
  /// The loop of a run, which ends where `taker` says so.
  init(_ parts: RunParts, _ taker: StepTaker) {
    let every = parts.setup.configuration.training.checkpointEverySteps
    self.init(
      steps: parts.schedule.totalSteps, stepsPerEpoch: parts.stepsPerEpoch,
      saving: every > 0 ? .everySteps(every) : .everyEpoch, isStopRequested: { taker.isStopRequested })
  }
}

/// A step whose loss or gradient was no number: what it was made of.
package struct FailureReport: Codable, Equatable {
  /// Optimiser steps that had been done.
  package var step: Int
  package var term: String
  /// The last good checkpoint's.
  var checkpointStep: Int
  package var radiographs: [String]
  package var draws: [[String: [Double]]]

  /// - Parameter checkpointStep: of the last good checkpoint.
  init(_ broken: BrokenStep, checkpointStep: Int) {
    (step, term, self.checkpointStep) = (broken.step, broken.term, checkpointStep)
    (radiographs, draws) = (broken.contents.radiographs, broken.contents.draws)
  }

  package func write(to folder: RunFolder) throws {
    try folder.write(JsonText.encoded(self), to: .failure)
  }
}

struct TrainingStopped: Error, CustomStringConvertible {
  let failure: FailureReport
  let folder: String
  var description: String {
    "step \(failure.step + 1): \(failure.term) is not finite; the run stops, its checkpoint of step "
      + "\(failure.checkpointStep) is kept. Radiographs and draws of the batch: \(folder)/failure.json. "
      + "Find the module that broke first: chex-runner replay \(folder)"
  }
}
