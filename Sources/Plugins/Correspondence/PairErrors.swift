import CoreTensor
import Metrics

/// How far from the truth each landmark was found, for each ordered pair of radiographs.
struct PairErrors: Sendable {
  /// A landmark of a reference, looked for in another radiograph.
  struct Pair: Sendable, Equatable {
    let landmark: String
    /// Positions in a list of radiographs.
    let reference: Int
    let test: Int
    /// As a share of the test radiograph's width.
    let error: Double
  }

  /// Radiographs of the list.
  let count: Int
  /// In ascending order of their errors.
  let pairs: [Pair]

  init(count: Int, _ pairs: [Pair]) {
    self.count = count
    self.pairs = pairs.enumerated().sorted { ($0.element.error, $0.offset) < ($1.element.error, $1.offset) }
      .map(\.element)
  }

  /// Those of one landmark.
  func of(_ landmark: String) -> PairErrors {
    PairErrors(count: count, pairs.filter { $0.landmark == landmark })
  }

  /// The mean over references and landmarks for each test radiograph; nil where nothing was looked for in it.
  func perTest(_ measure: (Double) -> Double) -> [Double?] {
    var (sums, counts) = ([Double](repeating: 0, count: count), [Int](repeating: 0, count: count))
    for pair in pairs {
      sums[pair.test] += measure(pair.error)
      counts[pair.test] += 1
    }
    return zip(sums, counts).map { $1 > 0 ? $0 / Double($1) : nil }
  }
}

/// A figure of the errors of all pairs. A radiograph that is drawn several times counts so as reference and as test: a pair
/// counts as often as the product says.
struct PairMetric: Metric {
  enum Kind: Sendable, Equatable, CaseIterable { case mean, median, withinFivePercent }

  /// Share of the width within which a landmark counts as found (PCK@5%).
  static let near = 0.05

  let kind: Kind
  let errors: PairErrors

  var count: Int { errors.count }

  func value(weights: [Int32]) -> Double? {
    let drawn = errors.pairs.map { Double(weights[$0.reference]) * Double(weights[$0.test]) }
    let total = drawn.reduce(0, +)
    guard total > 0 else { return nil }
    switch kind {
    case .mean: return 100 * zip(errors.pairs, drawn).reduce(0) { $0 + $1.0.error * $1.1 } / total
    case .withinFivePercent:
      return zip(errors.pairs, drawn).reduce(0) { $0 + ($1.0.error <= Self.near ? $1.1 : 0) } / total
    case .median:
      var passed = 0.0
      for (pair, weight) in zip(errors.pairs, drawn) {
        passed += weight
        if 2 * passed >= total { return 100 * pair.error }
      }
      return nil
    }
  }
}
