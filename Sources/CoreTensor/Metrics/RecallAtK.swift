import CoreTensor

/// How often the true candidate is among the k nearest (spec section 8, the domain sensitivity test).
///
/// Candidates equally far are in random order, in expectation: where the true one is among t that share the places
/// from p on, it counts by the share of those places within the first k. A predictor that tells nothing apart thus
/// gets exactly chance, k / candidates.
public struct RecallAtK: Metric {
  public let k: Int
  /// For each list, the probability that its true candidate is among the first k.
  public let hits: [Double]

  /// - Parameters:
  ///   - k: 1 or more.
  ///   - distances: of each list's candidates, smaller for nearer.
  ///   - truth: the true candidate's index in each list.
  /// - Throws: `MetricError` where lengths differ, a distance is not finite, or an index is out of range.
  public init(_ k: Int, distances: [[Double]], truth: [Int]) throws {
    require(k > 0, "RecallAtK: k = \(k)")
    try MetricError.checkLength("recall: true candidates", expected: distances.count, found: truth.count)
    self.k = k
    hits = try zip(distances, truth).enumerated().map { try Self.hit(k, list: $0, $1.0, $1.1) }
  }

  private static func hit(_ k: Int, list: Int, _ distances: [Double], _ truth: Int) throws -> Double {
    if let bad = distances.firstIndex(where: { !$0.isFinite }) {
      throw MetricError.notFinite(
        what: "recall: distance", row: list, column: bad, value: "\(distances[bad])")
    }
    guard distances.indices.contains(truth) else {
      throw MetricError.outOfRange(
        what: "recall: true candidate", row: list, value: truth, range: 0..<distances.count)
    }
    let nearer = distances.count { $0 < distances[truth] }
    let level = distances.count { $0 == distances[truth] }
    return Double(min(max(k - nearer, 0), level)) / Double(level)
  }

  /// Of a random order.
  public static func chance(_ k: Int, candidates: Int) -> Double {
    candidates > 0 ? min(1, Double(k) / Double(candidates)) : 0
  }

  public var count: Int { hits.count }

  /// Nil without lists.
  public func value(weights: [Int32]) -> Double? {
    require(weights.count == count, "RecallAtK: \(weights.count) weights for \(count) lists")
    let total = weights.reduce(0.0) { $0 + Double($1) }
    return total > 0 ? zip(hits, weights).reduce(0) { $0 + $1.0 * Double($1.1) } / total : nil
  }
}
