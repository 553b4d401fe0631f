import CoreTensor
import Foundation
import Imaging
import NeuralNetworks
import WorldModel

/// The network of a trial, kept for use on other radiographs.
package enum KeptModel {
  /// What weights do not say.
  package struct Description: Codable, Equatable {
    package let classes: [String]
    /// The probability from which each class is said to be there.
    package let thresholds: [Double]

    package init(classes: [String], thresholds: [Double]) {
      (self.classes, self.thresholds) = (classes, thresholds)
    }
  }

  static func save(
    _ network: some FineTunedNetwork, _ description: Description, for plan: TrialPlan,
    to workspace: any EvaluationWorkspace
  ) throws {
    try workspace.save(
      EvaluationState(
        tensors: network.entries.map { (name: $0.name, tensor: $0.parameter.tensor.detached) },
        text: try TrialState.encoded(description)),
      named: EvaluationDefinition.keptModel + plan.regime.key)
  }

  /// - Throws: `FineTuneError` where the state is none of a kept model.
  package static func description(_ state: EvaluationState) throws -> Description {
    do { return try JSONDecoder().decode(Description.self, from: Data(state.text.utf8)) } catch {
      throw FineTuneError("the kept model: expected its classes and thresholds, found other text (\(error))")
    }
  }

  /// Gives a network the kept weights.
  /// - Throws: `FineTuneError` where one is missing or of another shape.
  package static func restore(_ state: EvaluationState, into network: some FineTunedNetwork) throws {
    let tensors = Dictionary(state.tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
    for entry in network.entries {
      guard let tensor = tensors[entry.name], tensor.shape == entry.parameter.shape else {
        throw FineTuneError(
          "the kept model: expected \(entry.name) of shape \(entry.parameter.shape), found "
            + (tensors[entry.name].map { "\($0.shape)" } ?? "none")
            + "; it was trained from a run of another model")
      }
      entry.parameter.assign(tensor)
    }
  }

  /// Radiographs of any sizes as an encoder takes them (B, 3, S, S).
  package static func input(_ radiographs: [GrayImage], side: Int) -> Tensor {
    InputNormalization.tensor(
      Compute.map(radiographs.count) { radiographs[$0].resized(to: (side, side)) })
  }

  /// The threshold at which the share of positives found and of negatives left alone is largest together (Youden's J); 0.5
  /// where there are not both.
  package static func threshold(_ scores: [Double], _ truth: [Bool?]) -> Double {
    let known = zip(scores, truth).compactMap { score, truth in truth.map { (score: score, truth: $0) } }
      .sorted { $0.score > $1.score }
    let (positives, negatives) = (Double(known.count { $0.truth }), Double(known.count { !$0.truth }))
    guard positives > 0, negatives > 0 else { return 0.5 }
    var (found, alarms, best) = (0.0, 0.0, (gain: 0.0, threshold: 0.5))
    for (place, one) in known.enumerated() {
      if one.truth { found += 1 } else { alarms += 1 }
      // Equal scores fall on one side together.
      if place + 1 < known.count, known[place + 1].score == one.score { continue }
      let gain = found / positives - alarms / negatives
      if gain > best.gain {
        let next = place + 1 < known.count ? known[place + 1].score : 0
        best = (gain, (one.score + next) / 2)
      }
    }
    return best.threshold
  }
}
