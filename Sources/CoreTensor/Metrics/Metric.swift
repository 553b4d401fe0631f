import CoreTensor

/// A figure of scored radiographs that can be taken again of a resample of them.
public protocol Metric: Sendable {
  /// Radiographs scored, with those that are left out.
  var count: Int { get }
  /// The figure where radiograph i counts `weights[i]` times; nil where it is undefined.
  /// - Precondition: `weights.count == count`.
  func value(weights: [Int32]) -> Double?
}

extension Metric {
  /// The figure of all radiographs; nil where it is undefined.
  public var value: Double? { value(weights: [Int32](repeating: 1, count: count)) }
}

/// Labelled radiographs in ascending order of their scores, in runs of equal ones.
struct ScoreOrder: Sendable {
  let count: Int
  private let rows: [Int32]
  private let isPositive: [Bool]
  /// Where each run ends, in `rows`.
  private let ends: [Int32]

  /// - Parameter labels: nil for a radiograph that is left out, whatever its score.
  /// - Throws: `MetricError` where lengths differ or a score is not finite.
  init(_ metric: String, _ scores: [Double], _ labels: [Bool?]) throws {
    try MetricError.checkLength("\(metric): labels", expected: scores.count, found: labels.count)
    for (row, score) in scores.enumerated() where labels[row] != nil && !score.isFinite {
      throw MetricError.notFinite(what: "\(metric): score", row: row, column: nil, value: "\(score)")
    }
    count = scores.count
    let order = scores.indices.filter { labels[$0] != nil }.sorted { scores[$0] < scores[$1] }
    rows = order.map { Int32($0) }
    isPositive = order.map { labels[$0]! }
    ends = order.indices
      .filter { $0 + 1 == order.count || scores[order[$0]] != scores[order[$0 + 1]] }.map { Int32($0 + 1) }
  }

  /// Weights of the positives and negatives of each run, from the lowest score up, or from the highest down.
  func runs(
    _ weights: [Int32], descending: Bool = false, _ body: (_ positives: Double, _ negatives: Double) -> Void
  ) {
    require(weights.count == count, "Metric: \(weights.count) weights for \(count) radiographs")
    for position in ends.indices {
      let run = descending ? ends.count - 1 - position : position
      var (positives, negatives) = (0.0, 0.0)
      for place in (run == 0 ? 0 : Int(ends[run - 1]))..<Int(ends[run]) {
        let weight = Double(weights[Int(rows[place])])
        if isPositive[place] { positives += weight } else { negatives += weight }
      }
      body(positives, negatives)
    }
  }
}
