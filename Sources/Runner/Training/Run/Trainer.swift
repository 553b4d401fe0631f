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
  let stepsPerEpoch: Int
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
    stepsPerEpoch = parts.stepsPerEpoch
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

  func run(from start: Int) throws -> TrainingLoop.Outcome {
    let training = setup.configuration.training
    let total = schedule.totalSteps
    let loader = BatchLoader(
      builder, steps: start * training.accumulation..<total * training.accumulation,
      threads: setup.configuration.run.loaderThreads)
    defer { loader.stop() }
    let every = training.checkpointEverySteps
    let loop = TrainingLoop(
      steps: total, stepsPerEpoch: stepsPerEpoch, saving: every > 0 ? .everySteps(every) : .everyEpoch,
      isStopRequested: { Interruption.isRequested })
    let outcome = try loop.run(from: start, hooks: [record, checkpoints, diagnostics, watch]) { step in
      let began = ProgressReporter.systemClock()
      let batches = try (0..<training.accumulation).map { _ in try loader.next() }
      let waited = ProgressReporter.systemClock() - began
      let report = try perform(step, batches)
      return PretrainingStep(
        report: report, batches: batches, seconds: ProgressReporter.systemClock() - began, waited: waited)
    }
    if case .finished = outcome {
      progress.finish()
      try noteSkippedRadiographs()
    }
    return outcome
  }

  private func perform(_ step: Int, _ batches: [LoadedBatch]) throws -> StepReport {
    do {
      return try optimization.step(
        batches.map(\.batch), learningRate: schedule.learningRate(at: step),
        emaDecay: schedule.emaDecay(at: step))
    } catch let error as NonFiniteStep {
      progress.finish()
      try folder.markWorkedIn()
      let failure = FailureReport(
        step: step, term: error.term, checkpointStep: checkpoints.lastSaved,
        radiographs: batches.flatMap(\.radiographs),
        draws: batches.flatMap(\.draws))
      try failure.write(to: folder)
      throw TrainingStopped(failure: failure, folder: folder.path)
    }
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

/// A step whose loss or gradient was no number: what it was made of.
package struct FailureReport: Codable, Equatable {
  /// Optimiser steps that had been done.
  package var step: Int
  package var term: String
  /// The last good checkpoint's.
  var checkpointStep: Int
  package var radiographs: [String]
  package var draws: [[String: [Double]]]

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
