import Batches
import Console
import CoreTensor
import NeuralNetworks
import WorldModel

/// Takes the steps of a run on this process, together with the others where a run has several: each makes its part of
/// every step's batches.
final class StepTaker {
  private let optimization: Optimization
  private let schedule: any Schedule
  private let loader: BatchLoader
  private let share: BatchShare
  private let communication: CommunicationQueue?
  /// Whether the run is to stop after this step: on no process sooner than on all.
  private(set) var isStopRequested = false

  /// - Parameter start: optimiser steps that are done.
  init(_ parts: RunParts, start: Int) {
    let configuration = parts.setup.configuration
    (optimization, schedule) = (parts.optimization, parts.schedule)
    communication = parts.setup.communication
    share = BatchShare(
      accumulation: configuration.training.accumulation, rank: communication?.rank ?? 0,
      size: communication?.size ?? 1)
    loader = BatchLoader(
      parts.builder, steps: start * share.perStep..<schedule.totalSteps * share.perStep, share: share,
      device: parts.optimization.backend.device, threads: configuration.run.loaderThreads)
  }

  /// Ends the loader's threads.
  func stop() { loader.stop() }

  /// - Throws: `BrokenStep` on every process where the step's numbers are none.
  func take(_ step: Int) throws -> PretrainingStep {
    let began = ProgressReporter.systemClock()
    let batches = try (0..<share.perStep).map { _ in try loader.next() }
    let waited = ProgressReporter.systemClock() - began
    var notes = StepNotes(batches, wantsStop: Interruption.isRequested)
    if let communication { notes = try notes.joined(communication) }
    isStopRequested = notes.wantsStop
    do {
      let report = try optimization.step(
        batches.map(\.batch), learningRate: schedule.learningRate(at: step),
        emaDecay: schedule.emaDecay(at: step))
      return PretrainingStep(
        report: report, notes: notes, seconds: ProgressReporter.systemClock() - began, waited: waited)
    } catch let error as NonFiniteStep {
      throw BrokenStep(step: step, term: error.term, contents: try StepNotes.contents(batches, communication))
    }
  }
}

/// A step whose loss or gradient was no number, as all processes know it.
struct BrokenStep: Error {
  let step: Int
  let term: String
  let contents: StepNotes.Contents
}
