import CoreTensor
import Foundation
import Metrics
import Testing

/// Scores and labels with what scikit-learn 1.9's `roc_auc_score` and `average_precision_score` make of them.
struct CurveCase: Sendable, CustomTestStringConvertible {
  let name: String
  let scores: [Double]
  let labels: [Bool]
  let area: Double
  let precision: Double
  var testDescription: String { name }

  init(_ name: String, _ scores: [Double], _ labels: [Int], area: Double, precision: Double) {
    (self.name, self.scores, self.area, self.precision) = (name, scores, area, precision)
    self.labels = labels.map { $0 == 1 }
  }

  static let all = [
    CurveCase(
      "ties", [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.1, 0.9], [0, 0, 1, 1, 1, 0, 1, 0], area: 0.40625,
      precision: 0.475),
    CurveCase("all equal", [0.5, 0.5, 0.5, 0.5, 0.5], [1, 0, 0, 1, 0], area: 0.5, precision: 0.4),
    CurveCase("perfect", [1, 2, 3, 4], [0, 0, 1, 1], area: 1, precision: 1),
    CurveCase("reversed", [4, 3, 2, 1], [0, 0, 1, 1], area: 0, precision: 0.41666666666666663),
    CurveCase(
      "huge, tiny, both zeros", [-1e300, 1e300, 0, -0.0, .leastNonzeroMagnitude], [0, 1, 1, 0, 1],
      area: 0.9166666666666666, precision: 0.9166666666666665),
    CurveCase("a positive at the bottom", [0.9, 0.8, 0.7, 0.1], [0, 0, 0, 1], area: 0, precision: 0.25),
    CurveCase(
      "one negative", [0.9, 0.2, 0.7, 0.1], [1, 0, 1, 1], area: 0.6666666666666666,
      precision: 0.9166666666666665),
  ]
}

/// Whether both are there and differ by less than 1e-12.
func near(_ a: Double?, _ b: Double?) -> Bool {
  guard let a, let b else { return false }
  return abs(a - b) < 1e-12
}

@Suite struct CurveTests {
  @Test(arguments: CurveCase.all) func agreesWithScikitLearn(_ item: CurveCase) throws {
    #expect(near(try AreaUnderCurve.value(item.scores, item.labels), item.area))
    #expect(near(try AveragePrecision.value(item.scores, item.labels), item.precision))
  }

  @Test func oneClassIsUndefined() throws {
    for label in [true, false] {
      #expect(try AreaUnderCurve.value([1, 2], [label, label]) == nil)
    }
    #expect(try AreaUnderCurve.value([], []) == nil)
    #expect(try AveragePrecision.value([], []) == nil)
    #expect(try AveragePrecision.value([1, 2], [false, false]) == nil)
    // scikit-learn gives 1 here too.
    #expect(try AveragePrecision.value([1, 2, 2], [true, true, true]) == 1)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity]) func scoresThatAreNoNumbersAreRefused(bad: Double) {
    let refusal = MetricError.notFinite(what: "AUROC: score", row: 2, column: nil, value: "\(bad)")
    #expect(throws: refusal) { try AreaUnderCurve([1, 2, bad, 4], [true, false, true, false]) }
    #expect(refusal.description.contains("row 2") && refusal.description.contains("\(bad)"))
    #expect(throws: MetricError.self) { try AveragePrecision([bad], [true]) }
  }

  @Test func lengthsMustAgree() {
    #expect(throws: MetricError.lengths(what: "AUROC: labels", expected: 2, found: 1)) {
      try AreaUnderCurve([1, 2], [true])
    }
  }

  @Test func unknownRadiographsAreLeftOut() throws {
    let known = try AreaUnderCurve([1, 2, 3, 4], [false, true, false, true]).value
    let all = try AreaUnderCurve([1, .nan, 2, 9, 3, 4], [false, nil, true, nil, false, true]).value
    #expect(known == all && all == 0.75)
    let precision = try AveragePrecision([1, .nan, 2, 9, 3, 4], [false, nil, true, nil, false, true]).value
    #expect(precision == (try AveragePrecision([1, 2, 3, 4], [false, true, false, true]).value))
  }

  /// A weight is a radiograph that is there so many times.
  @Test(arguments: 0..<8) func weightsAreRepeatedRadiographs(seed: Int) throws {
    var random = RandomStream(seed: UInt64(seed), stream: "weights")
    let scores = (0..<40).map { _ in Double(random.integer(in: 0...9)) }
    let labels = (0..<40).map { _ in random.chance(0.4) }
    let weights = (0..<40).map { _ in Int32(random.integer(in: 0...3)) }
    let rows = weights.indices.flatMap { Array(repeating: $0, count: Int(weights[$0])) }
    let repeated = (scores: rows.map { scores[$0] }, labels: rows.map { labels[$0] })
    let areas = (
      try AreaUnderCurve(scores, labels).value(weights: weights),
      try AreaUnderCurve.value(repeated.scores, repeated.labels)
    )
    let precisions = (
      try AveragePrecision(scores, labels).value(weights: weights),
      try AveragePrecision.value(repeated.scores, repeated.labels)
    )
    #expect(near(areas.0, areas.1))
    #expect(near(precisions.0, precisions.1))
  }

  @Test(arguments: 0..<12) func areaAgreesWithCountedPairs(seed: Int) throws {
    var random = RandomStream(seed: UInt64(seed), stream: "area")
    // Few different scores, so that there are many ties.
    let scores = (0..<60).map { _ in Double(random.integer(in: 0...(seed < 6 ? 5 : 10_000))) }
    let labels = [true, false] + (0..<58).map { _ in random.chance(0.3) }
    var (won, pairs) = (0.0, 0.0)
    for (a, isPositive) in zip(scores, labels) where isPositive {
      for (b, other) in zip(scores, labels) where !other {
        won += a > b ? 1 : a == b ? 0.5 : 0
        pairs += 1
      }
    }
    #expect(near(try AreaUnderCurve.value(scores, labels), won / pairs))
  }

  @Test func severalLabels() throws {
    let summary = try MultiLabelSummary(
      AreaUnderCurve.init, names: ["mass", "edema", "hernia"],
      scores: [[1, 2, 3, 4], [1, 1, 1, 1], [1, 2, 3, 4]],
      labels: [[false, false, true, true], [true, nil, false, false], [false, false, nil, false]])
    #expect(summary.classes.map(\.value) == [1, 0.5, nil])
    #expect(
      summary.classes.map(\.radiographs) == [4, 3, 3] && summary.classes.map(\.positives) == [2, 1, 0])
    #expect(summary.mean == 0.75 && summary.undefined == ["hernia"])
    #expect(throws: MetricError.lengths(what: "columns of labels", expected: 1, found: 0)) {
      try MultiLabelSummary(AreaUnderCurve.init, names: ["mass"], scores: [[1]], labels: [])
    }
    let nothing = try MultiLabelSummary(AveragePrecision.init, names: ["a"], scores: [[1]], labels: [[false]])
    #expect(nothing.mean == nil && nothing.undefined == ["a"])
  }
}
