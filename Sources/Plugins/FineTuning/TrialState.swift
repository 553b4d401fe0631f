import CoreTensor
import Foundation
import NeuralNetworks
import WorldModel

/// Weights, moments and progress as one saved state.
package enum TrialState {
  package static let name = "progress"

  static func save<Task>(_ trial: Trial<Task>, to workspace: any EvaluationWorkspace) throws {
    var tensors = trial.network.entries.map { ($0.name, $0.parameter.tensor.detached) }
    for slot in trial.optimizer.slots {
      tensors += [
        ("first." + slot.parameter.name, slot.first), ("second." + slot.parameter.name, slot.second),
      ]
    }
    tensors += zip(trial.network.entries, trial.bestValues).map { ("best." + $0.name, $1) }
    try workspace.save(
      EvaluationState(
        tensors: tensors.map { (name: $0.0, tensor: $0.1) }, text: try encoded(trial.progress)),
      named: name)
  }

  /// - Returns: nil where another trial's state is saved, or none.
  /// - Throws: `FineTuneError` where the state lacks something.
  static func restore<Task>(
    _ trial: Trial<Task>, from workspace: any EvaluationWorkspace
  ) throws -> TrialProgress<Task.Figures>? {
    guard let state = try workspace.restore(name),
      let progress = try? JSONDecoder().decode(
        TrialProgress<Task.Figures>.self, from: Data(state.text.utf8)),
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
    for entry in trial.network.entries {
      entry.parameter.assign(try take(entry.name, entry.parameter.shape))
    }
    for slot in trial.optimizer.slots {
      for (tensor, kind) in [(slot.first, "first."), (slot.second, "second.")] {
        tensor.overwrite(with: try take(kind + slot.parameter.name, tensor.shape))
      }
    }
    if progress.best != nil {
      trial.bestValues = try trial.network.entries.map {
        try take("best." + $0.name, $0.parameter.shape)
      }
    }
    trial.optimizer.updates = progress.step
    return progress
  }

  package static func encoded(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
