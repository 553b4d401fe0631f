import Batches
import CoreTensor
import Films
import Foundation
import Layers
import Runs
import WorldModel

/// Trains a world model in its run folder, from any step to the last.
final class Trainer {
  let setup: RunSetup
  let folder: RunFolder
  /// What the run began with, for its checkpoints.
  private let record: RunRecord
  let optimization: Optimization
  let builder: BatchBuilder
  let schedule: any Schedule
  let monitor: HealthMonitor
  let stepsPerEpoch: Int
  private let store: CheckpointStore
  private let metrics: MetricsLog
  private let log: RunLog
  private let progress: ProgressReporter
  private var lastSaved: Int

  /// - Parameters:
  ///   - start: optimiser steps already done; the model and optimiser hold their state.
  init(
    _ parts: RunParts, folder: RunFolder, record: RunRecord, store: CheckpointStore, metrics: MetricsLog,
    log: RunLog,
    progress: ProgressReporter, start: Int
  ) {
    setup = parts.setup
    self.folder = folder
    self.record = record
    optimization = parts.optimization
    builder = parts.builder
    schedule = parts.schedule
    stepsPerEpoch = parts.stepsPerEpoch
    monitor = parts.monitor()
    self.store = store
    self.metrics = metrics
    self.log = log
    self.progress = progress
    lastSaved = start
  }

  /// - Returns: the last health report, or nil where the run was interrupted.
  func run(from start: Int) throws -> TrainingOutcome {
    let training = setup.configuration.training
    let total = schedule.totalSteps
    let accumulation = training.accumulation
    let loader = BatchLoader(
      builder, steps: start * accumulation..<total * accumulation,
      threads: setup.configuration.run.loaderThreads)
    defer { loader.stop() }
    var lastReport: HealthReport?
    if start == 0 {
      // A first checkpoint, so that a kill at any moment leaves something to resume.
      try save(step: 0)
    }
    for step in start..<total {
      let began = ProgressReporter.systemClock()
      let batches = try (0..<accumulation).map { _ in try loader.next() }
      let waited = ProgressReporter.systemClock() - began
      let report = try perform(step, batches)
      try write(
        report, batches, step: step, seconds: ProgressReporter.systemClock() - began, waited: waited)
      if step == start { try folder.markWorkedIn() }
      let done = step + 1
      if Interruption.isRequested && done < total {
        try save(step: done)
        return .interrupted(step: done)
      }
      let isEpochEnd = done % stepsPerEpoch == 0
      if isDue(done, isEpochEnd: isEpochEnd) || done == total { try save(step: done) }
      let every = setup.configuration.health.everyEpochs
      if done == total || (isEpochEnd && every > 0 && done / stepsPerEpoch % every == 0) {
        lastReport = try look(step: done)
      }
    }
    // Killed between the last step and its report.
    if start == total { lastReport = try look(step: total) }
    progress.finish()
    try noteSkippedFilms()
    return .finished(lastReport)
  }

  private func isDue(_ done: Int, isEpochEnd: Bool) -> Bool {
    let every = setup.configuration.training.checkpointEverySteps
    return every > 0 ? done % every == 0 : isEpochEnd
  }

  private func perform(_ step: Int, _ batches: [LoadedBatch]) throws -> StepReport {
    do {
      return try optimization.step(
        batches.map(\.batch), learningRate: schedule.learningRate(at: step),
        momentum: schedule.momentum(at: step))
    } catch let error as NonFiniteStep {
      progress.finish()
      try folder.markWorkedIn()
      let failure = FailureReport(
        step: step, term: error.term, checkpointStep: lastSaved, films: batches.flatMap(\.films),
        draws: batches.flatMap(\.draws))
      try failure.write(to: folder)
      throw TrainingStopped(failure: failure, folder: folder.path)
    }
  }

  private func write(
    _ report: StepReport, _ batches: [LoadedBatch], step: Int, seconds: Double, waited: Double
  ) throws {
    let films = setup.configuration.training.filmsPerStep
    try metrics.append(
      step: step + 1,
      [
        ("epoch", .number(Double(step + 1) / Double(stepsPerEpoch))), ("loss", .number(report.loss)),
      ] + report.terms.map { ($0.name, .number($0.value)) } + patches(batches) + [
        ("gradient_norm", .number(report.gradientNorm)),
        ("learning_rate", .number(schedule.learningRate(at: step))),
        ("momentum", .number(schedule.momentum(at: step))),
        ("images_per_second", .number(Double(films) / max(seconds, 1e-9))),
        ("data_wait_share", .number(waited / max(seconds, 1e-9))),
      ] + taskSeconds(report, batches))
    progress.update(
      .init(
        step: step + 1, epoch: step / stepsPerEpoch + 1, films: (step + 1) * films, loss: report.loss))
  }

  /// How many patches of a target each prediction is compared on; means where a step is of several batches.
  private func patches(_ batches: [LoadedBatch]) -> [(name: String, value: MetricValue)] {
    batches[0].batch.predictions.enumerated().map { index, prediction in
      let counts = batches.map { $0.batch.predictions[index].patches.first?.count ?? 0 }
      return ("patches.\(prediction.name)", .number(Double(counts.reduce(0, +)) / Double(counts.count)))
    }
  }

  /// Seconds a step that each task took: of processors in draws and edits, of the clock in its objective.
  private func taskSeconds(
    _ report: StepReport, _ batches: [LoadedBatch]
  ) -> [(name: String, value: MetricValue)] {
    batches[0].seconds.enumerated().flatMap { index, own -> [(name: String, value: MetricValue)] in
      func sum(_ part: KeyPath<TaskSeconds, Double>) -> MetricValue {
        .number(batches.map { $0.seconds[index][keyPath: part] }.reduce(0, +))
      }
      let objective = report.objectiveSeconds[own.task].map { MetricValue.number($0) }
      return [("seconds.\(own.task).draw", sum(\.draw)), ("seconds.\(own.task).edit", sum(\.edit))]
        + (objective.map { [("seconds.\(own.task).loss", $0)] } ?? [])
    }
  }

  private func save(step: Int) throws {
    try metrics.synchronize()
    try ModelCheckpoint.save(
      optimization, step: step, seed: setup.configuration.run.seed, record: record, to: store)
    lastSaved = step
    if step > 0 { try LossChart.draw(folder) }
  }

  private func look(step: Int) throws -> HealthReport? {
    guard let report = try monitor.report(optimization.model.transferredEncoder, step: step) else {
      try log.note("health at step \(step): fewer than two held-out films; raise data.holdout_fraction")
      return nil
    }
    for line in monitor.lines(report) { try log.note(line) }
    return report
  }

  private func noteSkippedFilms() throws {
    let skipped = builder.source.skipped
    guard !skipped.isEmpty else { return }
    try folder.write(skipped.map { "\($0)\n" }.joined(), to: .skippedFilms)
    try log.warn(
      "\(skipped.count) films could not be used and were skipped; \(folder.path(of: .skippedFilms)) lists them"
    )
    for film in skipped { try log.record("skipped \(film)") }
  }
}

enum TrainingOutcome {
  case finished(HealthReport?)
  case interrupted(step: Int)
}

/// A step whose loss or gradient was no number: what it was made of.
struct FailureReport: Codable, Equatable {
  /// Optimiser steps that had been done.
  var step: Int
  var term: String
  /// The last good checkpoint's.
  var checkpointStep: Int
  var films: [String]
  var draws: [[String: [Double]]]

  func write(to folder: RunFolder) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    try folder.write(String(decoding: try encoder.encode(self), as: UTF8.self) + "\n", to: .failure)
  }
}

struct TrainingStopped: Error, CustomStringConvertible {
  let failure: FailureReport
  let folder: String
  var description: String {
    "step \(failure.step + 1): \(failure.term) is not finite; the run stops, its checkpoint of step "
      + "\(failure.checkpointStep) is kept. Films and draws of the batch: \(folder)/failure.json. "
      + "Find the module that broke first: chex-runner replay \(folder)"
  }
}
