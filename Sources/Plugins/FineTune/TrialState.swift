import CoreTensor
import Foundation
import NeuralNetworks
import WorldModel

/// How far a trial is; saved beside the weights.
struct TrialProgress: Codable, Equatable {
  /// The best epoch so far.
  struct Best: Codable, Equatable {
    let epoch: Int
    let metrics: SplitMetrics
  }
  let trial: String
  /// Optimiser steps done.
  var step = 0
  /// Of the epoch that is going on: sum of its steps' losses, and radiographs gone through.
  var lossSum = 0.0
  var radiographs = 0
  var best: Best?
  /// Whether a trial that stops early has stopped.
  var isFinished = false
}

/// What a trial came to.
struct TrialResult: Codable, Equatable {
  let trial: String
  let trainRadiographs: Int
  let validationRadiographs: Int
  /// Epochs gone through, and the one whose weights were tested, from 1.
  let epochs: Int
  let bestEpoch: Int
  /// On the validation radiographs at that epoch; nil where there are none.
  let validation: SplitMetrics?
  let test: SplitMetrics
}

/// A trial that has been tested.
struct FinishedTrial: Codable, Equatable {
  let result: TrialResult
  /// Test radiographs that could be used, and what the classifier says of each: a score for each class.
  let radiographs: [Int]
  let scores: [[Double]]
}

/// One trial among all.
struct TrialPlan {
  let regime: Regime
  /// Of the seed or draw, from 0.
  let number: Int
  let split: LabelledSplit
  let schedule: TrialSchedule
  /// Begins the names of what it leaves: `fraction-0.01-seed-0`.
  var name: String {
    switch regime {
    case .fraction: "\(regime.key)-seed-\(number)"
    case .shots: "\(regime.key)-draw-\(number)"
    }
  }
  /// Which of the regime's: `seed 0`.
  var trial: String {
    switch regime {
    case .fraction: "seed \(number)"
    case .shots: "draw \(number)"
    }
  }
  /// As notes call it.
  var title: String { "\(regime.name), \(trial)" }
}

/// Steps of a trial, and the learning rate of each: linear to its peak, then a cosine to a hundredth of it.
struct TrialSchedule: Equatable {
  /// Steps of a pass over the radiographs, and of an epoch, which of few radiographs takes several passes.
  let stepsPerPass: Int
  let stepsPerEpoch: Int
  let epochs: Int
  private let warmupSteps: Int
  private let peak: Double
  private static let finalShare = 0.01

  init(radiographs: Int, _ settings: FineTuneSettings) {
    stepsPerPass = max(1, (radiographs + settings.batchSize - 1) / settings.batchSize)
    epochs = settings.epochs
    stepsPerEpoch = max(stepsPerPass, (settings.minimumSteps + epochs - 1) / epochs)
    let warmup = Int((settings.warmupEpochs * Double(stepsPerEpoch)).rounded())
    warmupSteps = min(warmup, stepsPerEpoch * epochs / 2)
    peak = settings.learningRate
  }

  var steps: Int { stepsPerEpoch * epochs }

  /// - Parameter step: from 0.
  func learningRate(at step: Int) -> Double {
    if step < warmupSteps { return peak * Double(step + 1) / Double(warmupSteps + 1) }
    let progress = Double(step - warmupSteps) / Double(max(steps - 1 - warmupSteps, 1))
    return peak * (Self.finalShare + (1 - Self.finalShare) * 0.5 * (1 + cos(.pi * progress)))
  }

  /// The places of a step's radiographs in the order of its pass; batches of a pass differ by one radiograph at most.
  func places(at step: Int, radiographs: Int) -> Range<Int> {
    let place = step % stepsPerPass
    return radiographs * place / stepsPerPass..<radiographs * (place + 1) / stepsPerPass
  }
}

/// Weights, moments and progress as one saved state.
enum TrialState {
  static let name = "progress"

  static func save(_ trial: Trial, to workspace: any EvaluationWorkspace) throws {
    var tensors = trial.classifier.entries.map { ($0.name, $0.parameter.tensor.detached) }
    for slot in trial.optimizer.slots {
      tensors += [
        ("first." + slot.parameter.name, slot.first), ("second." + slot.parameter.name, slot.second),
      ]
    }
    tensors += zip(trial.classifier.entries, trial.bestValues).map { ("best." + $0.name, $1) }
    try workspace.save(
      EvaluationState(
        tensors: tensors.map { (name: $0.0, tensor: $0.1) }, text: try encoded(trial.progress)),
      named: name)
  }

  /// - Returns: nil where another trial's state is saved, or none.
  /// - Throws: `FineTuneError` where the state lacks something.
  static func restore(_ trial: Trial, from workspace: any EvaluationWorkspace) throws -> TrialProgress? {
    guard let state = try workspace.restore(name),
      let progress = try? JSONDecoder().decode(TrialProgress.self, from: Data(state.text.utf8)),
      progress.trial == trial.plan.name
    else { return nil }
    let tensors = Dictionary(state.tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
    func take(_ key: String, _ shape: [Int]) throws -> Tensor {
      guard let tensor = tensors[key], tensor.shape == shape else {
        throw FineTuneError(
          "saved state \"\(name)\": expected \(key) of shape \(shape), found "
            + (tensors[key].map { "\($0.shape)" } ?? "none")
            + "; remove the evaluation's folder and begin again")
      }
      return tensor
    }
    for entry in trial.classifier.entries {
      entry.parameter.assign(try take(entry.name, entry.parameter.shape))
    }
    for slot in trial.optimizer.slots {
      for (tensor, kind) in [(slot.first, "first."), (slot.second, "second.")] {
        tensor.overwrite(with: try take(kind + slot.parameter.name, tensor.shape))
      }
    }
    if progress.best != nil {
      trial.bestValues = try trial.classifier.entries.map {
        try take("best." + $0.name, $0.parameter.shape)
      }
    }
    trial.optimizer.updates = progress.step
    return progress
  }

  static func encoded(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
