import Batches
import Foundation
import Runs

/// `diagnostics.jsonl`: a line for each observation of the collapse watch, from which a resumed run goes on.
struct CollapseRecord {
  private let log: MetricsLog

  init(_ folder: RunFolder) throws { log = try MetricsLog(path: folder.path(of: .diagnostics)) }

  func truncate(afterStep step: Int) throws { try log.truncate(afterStep: step) }

  func append(_ observation: CollapseWatch.Observation) throws {
    let glance = observation.glance
    let fields: [(name: String, value: Double?)] = [
      ("patch_rank", glance.patchRank), ("rank", glance.rank), ("deviation", glance.deviation),
      ("target_variance", glance.targetVariance), ("radiographs", Double(glance.radiographs)),
      ("error", observation.error), ("probe_auroc", observation.probe),
      ("random_probe_auroc", observation.randomProbe),
    ]
    try log.append(
      step: observation.step,
      fields.compactMap { field in field.value.map { (field.name, MetricValue.number($0)) } })
  }

  /// What the file holds, in order.
  /// - Throws: `StorageError.damaged` where a line lacks a number.
  func observations() throws -> [CollapseWatch.Observation] {
    try MetricsLog.lines(ofFile: log.path).map { line in
      func number(_ name: String) throws -> Double {
        guard let value = line[name] as? Double else {
          throw StorageError.damaged(
            file: log.path, expected: "a number \(name) on every line",
            found: "none; remove the file to go on")
        }
        return value
      }
      let glance = FeatureGlance(
        deviation: try number("deviation"), rank: try number("rank"),
        targetVariance: try number("target_variance"), patchRank: try number("patch_rank"),
        radiographs: Int(try number("radiographs")))
      return CollapseWatch.Observation(
        step: Int(try number("step")), glance, error: line["error"] as? Double,
        probe: line["probe_auroc"] as? Double, randomProbe: line["random_probe_auroc"] as? Double)
    }
  }

  /// Mean prediction error of a step; nil where nothing is predicted.
  static func error(ofTerms terms: [(name: String, value: Double)]) -> Double? {
    let errors = terms.filter { LossChart.isPredictionError($0.name) }.map(\.value)
    return errors.isEmpty ? nil : errors.reduce(0, +) / Double(errors.count)
  }

  /// Prediction errors of the steps after one, as a run's metrics have them.
  static func errors(of folder: RunFolder, afterStep step: Int) throws -> [Double] {
    try MetricsLog.lines(of: folder).compactMap { line in
      guard let own = line["step"] as? Double, Int(own) > step else { return nil }
      return error(ofTerms: line.compactMap { name, value in (value as? Double).map { (name, $0) } })
    }
  }

  /// An observation under tags of TensorBoard.
  static func scalars(
    _ observation: CollapseWatch.Observation, random: FeatureGlance?
  ) -> [(tag: String, value: Double)] {
    func scalars(_ group: String, _ glance: FeatureGlance) -> [(tag: String, value: Double)] {
      [
        ("\(group)/patch_rank", glance.patchRank), ("\(group)/rank", glance.rank),
        ("\(group)/deviation", glance.deviation), ("\(group)/target_variance", glance.targetVariance),
      ]
    }
    return scalars("glance", observation.glance) + (random.map { scalars("glance_random", $0) } ?? [])
  }
}
