import Batches
import Foundation

/// One quantity beside what it is compared with.
package struct CollapseSign: Sendable, Equatable, Codable {
  package enum Quantity: String, Sendable, Codable, CaseIterable {
    case patchRank, rank, deviation, targetVariance, probe

    /// In words, for a message.
    package var name: String {
      switch self {
      case .patchRank: "effective rank of patch features"
      case .rank: "effective rank of pooled features"
      case .deviation: "feature deviation"
      case .targetVariance: "variance of target features over radiographs"
      case .probe: "linear probe's mean AUROC"
      }
    }

    func value(_ glance: FeatureGlance) -> Double? {
      switch self {
      case .patchRank: glance.patchRank
      case .rank: glance.rank
      case .deviation: glance.deviation
      case .targetVariance: glance.targetVariance
      case .probe: nil
      }
    }

    func value(_ observation: CollapseWatch.Observation) -> Double? {
      self == .probe ? observation.probe : value(observation.glance)
    }

    /// Below which a quantity counts as falling, and as collapsed; docs/watching.md has the runs that they are from.
    fileprivate var limits: (falling: Limit, alarm: Limit) {
      switch self {
      // Prediction leaves a quarter of the random encoder's in small models that are well; once they have settled, they
      // do not fall below six tenths of what they had, pooled ones not below seven tenths.
      case .patchRank: (.shares(ofRandom: 0.25, ofBest: 0.6), .shares(ofRandom: 0.2, ofBest: 0.5))
      case .rank: (.shares(ofRandom: 0.33, ofBest: 0.68), .shares(ofRandom: 0.2, ofBest: 0.62))
      case .deviation: (.shares(ofRandom: 0.2, ofBest: 0.15), .shares(ofRandom: 0.1, ofBest: 0.05))
      // In the first hundred steps of every run features are nearly the same everywhere.
      case .targetVariance: (.shares(ofRandom: 0.12, ofBest: 0.1), .shares(ofRandom: 0.08, ofBest: 0.04))
      case .probe: (.under(random: 0.03, best: 0.05), .under(random: 0.05, best: 0.08))
      }
    }
  }

  package enum Severity: Sendable { case none, falling, alarm }

  fileprivate enum Limit {
    /// Below a share of either reference.
    case shares(ofRandom: Double, ofBest: Double)
    /// By so much under both references.
    case under(random: Double, best: Double)
  }

  package let quantity: Quantity
  package let value: Double
  /// The random encoder's; nil where it is not known.
  package let random: Double?
  /// The best of the run before, in two observations in a row; nil where there were none.
  package let best: Double?

  package init(_ quantity: Quantity, value: Double, random: Double?, best: Double?) {
    (self.quantity, self.value, self.random, self.best) = (quantity, value, random, best)
  }

  package var severity: Severity {
    let limits = quantity.limits
    return isBelow(limits.alarm) ? .alarm : isBelow(limits.falling) ? .falling : .none
  }

  /// A value that is no number is below everything.
  private func isBelow(_ limit: Limit) -> Bool {
    func isUnder(_ bound: (Double) -> Double, _ reference: Double?) -> Bool? {
      reference.map { !(value >= bound($0)) }
    }
    switch limit {
    case .shares(let ofRandom, let ofBest):
      return isUnder({ ofRandom * $0 }, random) ?? false || isUnder({ ofBest * $0 }, best) ?? false
    case .under(let underRandom, let underBest):
      return isUnder({ $0 - underRandom }, random) ?? false && isUnder({ $0 - underBest }, best) ?? false
    }
  }

  /// `effective rank of patch features 7.8 (random encoder 36.1, best of this run 34.0)`
  package var text: String {
    func text(_ value: Double) -> String { String(format: value < 2 ? "%.4f" : "%.1f", value) }
    let references = [
      random.map { "random encoder \(text($0))" }, best.map { "best of this run \(text($0))" },
    ]
    let known = references.compactMap { $0 }
    return "\(quantity.name) \(text(value))" + (known.isEmpty ? "" : " (\(known.joined(separator: ", ")))")
  }
}
