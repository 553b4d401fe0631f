import CoreTensor
import Foundation
import WorldModel

/// What is known of one radiograph of the test, besides distances.
struct RadiographFacts: Codable, Equatable {
  let identifier: String
  /// Whose radiographs are drawn together in resamples.
  let patient: String
  let candidates: [Appearance]
  /// What was told of each candidate's context; nothing where the model is told nothing.
  let actions: [[Float]]
  /// Whether each context differs from its target at all.
  let changed: [Bool]
}

/// A radiograph, tested.
struct EvaluatedRadiograph {
  let facts: RadiographFacts
  /// For each prediction n rows of n: of the prediction for candidate i from candidate j.
  let distances: [[Float]]

  private var count: Int { facts.candidates.count }

  /// Distances of prediction `prediction`, a list for each candidate.
  func lists(_ prediction: Int) -> [[Double]] {
    (0..<count).map { row in
      distances[prediction][row * count..<(row + 1) * count].map { Double($0) }
    }
  }

  /// Candidates from the nearest to the farthest of the prediction for `query`; equally far ones in their order.
  func ranking(_ prediction: Int, of query: Int) -> [Int] {
    let own = lists(prediction)[query]
    return own.indices.sorted { (own[$0], $0) < (own[$1], $1) }
  }

  /// The true candidate's place, 1 for the nearest; the best of places that it shares.
  func place(_ prediction: Int, of query: Int) -> Int {
    let own = lists(prediction)[query]
    return 1 + own.count { $0 < own[query] }
  }

  /// Mean distance of predictions from their true candidates.
  func error(_ prediction: Int) -> Double {
    (0..<count).reduce(0) { $0 + Double(distances[prediction][$1 * count + $1]) } / Double(count)
  }
}

/// The test so far, which may be saved and gone on with.
struct SensitivityWork {
  let predictions: [Prediction]
  var radiographs: [EvaluatedRadiograph] = []
  /// Radiographs gone through, with those that could not be used.
  var seen = 0
  private static let stateName = "images"

  private struct Facts: Codable {
    let seen: Int
    let radiographs: [RadiographFacts]
  }

  init(predictions: [Prediction]) { self.predictions = predictions }

  /// What the workspace has saved, else nothing yet.
  /// - Throws: `SensitivityError` where it is of another test.
  init(_ workspace: any EvaluationWorkspace, candidates: Int, _ predictions: [Prediction]) throws {
    self.predictions = predictions
    guard let state = try workspace.restore(Self.stateName) else { return }
    let facts = try JSONDecoder().decode(Facts.self, from: Data(state.text.utf8))
    let tensors = Dictionary(uniqueKeysWithValues: state.tensors.map { ($0.name, $0.tensor) })
    let size = candidates * candidates
    let values = try predictions.map { prediction -> [Float] in
      let found = facts.radiographs.isEmpty ? [] : tensors[prediction.rawValue]?.values ?? []
      guard found.count == facts.radiographs.count * size else {
        throw SensitivityError(
          "the saved work has \(found.count) distances \(prediction.label), expected \(facts.radiographs.count * size); give "
            + "--out another folder")
      }
      return found
    }
    seen = facts.seen
    radiographs = facts.radiographs.enumerated().map { index, facts in
      EvaluatedRadiograph(
        facts: facts, distances: values.map { Array($0[index * size..<(index + 1) * size]) })
    }
  }

  func save(_ workspace: any EvaluationWorkspace) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = try encoder.encode(Facts(seen: seen, radiographs: radiographs.map(\.facts)))
    let tensors = predictions.enumerated().compactMap {
      index, prediction -> (name: String, tensor: Tensor)? in
      guard let count = radiographs.first?.facts.candidates.count else { return nil }
      return (
        prediction.rawValue,
        Tensor(radiographs.flatMap { $0.distances[index] }, shape: [radiographs.count, count, count])
      )
    }
    try workspace.save(
      EvaluationState(tensors: tensors, text: String(decoding: text, as: UTF8.self)), named: Self.stateName)
  }

  /// Mean squared errors of predictions made by the predictor.
  var errors: [EvaluationMetric] {
    predictions.enumerated().map { index, prediction in
      EvaluationMetric(
        Self.error(prediction.label),
        radiographs.reduce(0) { $0 + $1.error(index) } / Double(radiographs.count))
    }
  }

  static func error(_ subject: String) -> MetricKey { MetricKey("mean squared error", subject: subject) }

  /// A line for each candidate: how it looks, what was told of its context, and its place in each ranking.
  var table: String {
    func number(_ value: Double) -> String { String(format: "%.4f", value) }
    let header =
      ["image", "candidate", "brightness", "contrast", "gamma", "blur", "changed", "told"]
      + predictions.map { "place " + $0.label }
    let rows = radiographs.flatMap { radiograph in
      radiograph.facts.candidates.indices.map { index in
        let facts = radiograph.facts
        let name = "\"" + facts.identifier.replacing("\"", with: "\"\"") + "\""
        return [name, "\(index)"] + facts.candidates[index].numbers.map(number)
          + [
            facts.changed[index] ? "1" : "0",
            facts.actions[index].map { number(Double($0)) }.joined(separator: " "),
          ] + predictions.indices.map { "\(radiograph.place($0, of: index))" }
      }
    }
    return ([header] + rows).map { $0.joined(separator: ",") + "\n" }.joined()
  }
}
