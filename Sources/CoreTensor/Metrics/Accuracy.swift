import CoreTensor

/// Share of radiographs whose class is the one with the highest score.
public struct Accuracy: Metric {
  private let predicted: [Int]
  private let truth: [Int]
  private let isBalanced: Bool

  /// - Parameters:
  ///   - scores: rows of `classes`, row-major. Of equal highest scores the first class is taken.
  ///   - classes: how many there are.
  ///   - truth: each radiograph's class, from 0.
  ///   - balanced: mean over the classes that occur of the share found of each (scikit-learn's
  ///     `balanced_accuracy_score`), so that a frequent class counts no more than a rare one. Default false.
  /// - Throws: `MetricError` where lengths differ, a score is not finite, or a class is out of range.
  public init(scores: [Double], classes: Int, truth: [Int], balanced: Bool = false) throws {
    require(classes > 0, "Accuracy: \(classes) classes")
    try MetricError.checkLength("accuracy: scores", expected: truth.count * classes, found: scores.count)
    if let bad = scores.firstIndex(where: { !$0.isFinite }) {
      throw MetricError.notFinite(
        what: "accuracy: score", row: bad / classes, column: bad % classes, value: "\(scores[bad])")
    }
    if let row = truth.firstIndex(where: { !(0..<classes).contains($0) }) {
      throw MetricError.outOfRange(
        what: "accuracy: class", row: row, value: truth[row], range: 0..<classes)
    }
    predicted = truth.indices.map { row in
      (1..<max(classes, 1)).reduce(0) {
        scores[row * classes + $1] > scores[row * classes + $0] ? $1 : $0
      }
    }
    self.truth = truth
    isBalanced = balanced
  }

  public var count: Int { truth.count }

  /// Nil without radiographs.
  public func value(weights: [Int32]) -> Double? {
    require(weights.count == count, "Accuracy: \(weights.count) weights for \(count) radiographs")
    let classes = isBalanced ? (truth.max() ?? 0) + 1 : 1
    var (hits, radiographs) = ([Double](repeating: 0, count: classes), [Double](repeating: 0, count: classes))
    for (row, own) in truth.enumerated() {
      let place = isBalanced ? own : 0
      radiographs[place] += Double(weights[row])
      if predicted[row] == own { hits[place] += Double(weights[row]) }
    }
    let shares = zip(hits, radiographs).filter { $0.1 > 0 }.map { $0.0 / $0.1 }
    return shares.isEmpty ? nil : shares.reduce(0, +) / Double(shares.count)
  }
}
