import Foundation
import Runs
import Training

extension AblationResults {
  /// What a run of a row cost.
  package struct Cost: Codable, Equatable, Sendable {
    package let seed: Int
    /// Optimiser steps.
    package let steps: Int
    /// Radiographs seen, each as often as it was.
    package let radiographs: Int
    /// Seconds of all steps by the median of its steps, on the machine and with the threads that it had; without
    /// evaluations and diagnostics. Nil where none was timed.
    package let seconds: Double?
  }
}

extension AblationResults.Row {
  /// Steps of its runs, where all have the same.
  package var steps: Int? {
    let all = Set(costs.map(\.steps))
    return all.count == 1 ? all.first : nil
  }

  /// Radiographs that a run saw, where all saw the same number.
  package var radiographs: Int? {
    let all = Set(costs.map(\.radiographs))
    return all.count == 1 ? all.first : nil
  }

  /// Minutes of training, the mean over seeds; nil where none was timed.
  package var minutes: Double? {
    let seconds = costs.compactMap(\.seconds)
    return seconds.isEmpty ? nil : seconds.reduce(0, +) / Double(seconds.count) / 60
  }
}

extension AblationPlan {
  /// What the finished runs of a row cost, by seed.
  /// - Throws: `StorageError` where a run's files are damaged.
  func costs(row: Int) throws -> [AblationResults.Cost] {
    try cells.filter { $0.row == row }.compactMap { cell in
      let folder = RunFolder(path: cell.run)
      guard folder.has(.summary) else { return nil }
      let (steps, settings) = (try RunSummary(of: folder).steps, try RunSettings(of: folder))
      return AblationResults.Cost(
        seed: cell.seed, steps: steps, radiographs: steps * settings.imagesPerStep,
        seconds: StepTrial.measured(folder).map { $0.training.secondsPerStep * Double(steps) })
    }
  }
}
