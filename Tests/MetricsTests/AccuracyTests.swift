import Metrics
import Testing

@Suite struct AccuracyTests {
  /// scikit-learn's `accuracy_score` and `balanced_accuracy_score` of truth and prediction.
  @Test func agreesWithScikitLearn() throws {
    let truth = [0, 0, 0, 0, 1, 1, 2, 2, 2, 0]
    let predicted = [0, 0, 1, 0, 1, 2, 2, 0, 2, 0]
    let scores = predicted.flatMap { own in (0..<3).map { $0 == own ? 1.0 : -1.0 } }
    #expect(try Accuracy(scores: scores, classes: 3, truth: truth).value == 0.7)
    let balanced = try Accuracy(scores: scores, classes: 3, truth: truth, balanced: true).value
    #expect(near(balanced, 0.6555555555555556))
  }

  @Test func equalScoresAreTheFirstClass() throws {
    #expect(try Accuracy(scores: [1, 1, 0, 0], classes: 2, truth: [0, 0]).value == 1)
    #expect(try Accuracy(scores: [1, 1, 0, 0], classes: 2, truth: [1, 1]).value == 0)
  }

  @Test func nothingIsUndefinedAndBadInputIsRefused() throws {
    #expect(try Accuracy(scores: [], classes: 3, truth: []).value == nil)
    #expect(try Accuracy(scores: [], classes: 3, truth: [], balanced: true).value == nil)
    #expect(
      throws: MetricError.notFinite(what: "accuracy: score", row: 1, column: 0, value: "nan")
    ) { try Accuracy(scores: [0, 1, .nan, 1], classes: 2, truth: [0, 1]) }
    #expect(throws: MetricError.outOfRange(what: "accuracy: class", row: 0, value: 2, range: 0..<2)) {
      try Accuracy(scores: [0, 1], classes: 2, truth: [2])
    }
    #expect(throws: MetricError.lengths(what: "accuracy: scores", expected: 4, found: 3)) {
      try Accuracy(scores: [0, 1, 2], classes: 2, truth: [0, 0])
    }
  }

  @Test func recall() throws {
    let lists: [[Double]] = [[5, 1, 2, 3], [1, 1, 1, 1], [0, 3, 3, 9]]
    func recall(_ k: Int) throws -> RecallAtK { try RecallAtK(k, distances: lists, truth: [2, 0, 1]) }
    // Second nearest; anywhere among four; one of two that share places 2 and 3.
    #expect(try recall(1).hits == [0, 0.25, 0])
    #expect(try recall(2).hits == [1, 0.5, 0.5])
    #expect(try recall(3).hits == [1, 0.75, 1])
    #expect(try recall(9).hits == [1, 1, 1])
    #expect(near(try recall(2).value, 2.0 / 3))
    #expect(try recall(2).value(weights: [0, 2, 2]) == 0.5)
  }

  @Test func aPredictorThatTellsNothingApartHasChance() throws {
    let level = [[Double]](repeating: [Double](repeating: 2, count: 64), count: 3)
    for k in [1, 3, 5] {
      let found = try RecallAtK(k, distances: level, truth: [0, 17, 63]).value
      #expect(near(found, RecallAtK.chance(k, candidates: 64)))
    }
    #expect(RecallAtK.chance(1, candidates: 64) == 1.0 / 64 && RecallAtK.chance(9, candidates: 4) == 1)
  }

  @Test func badListsAreRefused() throws {
    #expect(try RecallAtK(1, distances: [], truth: []).value == nil)
    #expect(
      throws: MetricError.notFinite(what: "recall: distance", row: 1, column: 0, value: "nan")
    ) { try RecallAtK(1, distances: [[1], [.nan]], truth: [0, 0]) }
    #expect(
      throws: MetricError.outOfRange(what: "recall: true candidate", row: 0, value: 1, range: 0..<1)
    ) { try RecallAtK(1, distances: [[1]], truth: [1]) }
    #expect(throws: MetricError.outOfRange(what: "recall: true candidate", row: 0, value: 0, range: 0..<0)) {
      try RecallAtK(1, distances: [[]], truth: [0])
    }
  }
}
