/// Area under the precision-recall curve (AUPRC) as scikit-learn's `average_precision_score` takes it: the sum over
/// thresholds, from the highest, of precision times the recall gained there. Equal scores are one threshold.
public struct AveragePrecision: Metric {
  private let order: ScoreOrder

  /// - Parameters:
  ///   - scores: any finite numbers, higher for positives.
  ///   - labels: one for each score; nil for a radiograph that is left out.
  /// - Throws: `MetricError` where lengths differ or a score is not finite, with its row.
  public init(_ scores: [Double], _ labels: [Bool?]) throws {
    order = try ScoreOrder("AUPRC", scores, labels)
  }

  public var count: Int { order.count }

  /// Nil without a positive, where scikit-learn warns and gives 0. Without a negative it is 1.
  public func value(weights: [Int32]) -> Double? {
    var (positives, taken, sum) = (0.0, 0.0, 0.0)
    order.runs(weights, descending: true) { ofRun, negatives in
      positives += ofRun
      taken += ofRun + negatives
      if ofRun > 0 { sum += ofRun * positives / taken }
    }
    return positives > 0 ? sum / positives : nil
  }

  /// The area of some scores; nil without a positive.
  /// - Throws: `MetricError`.
  public static func value(_ scores: [Double], _ labels: [Bool]) throws -> Double? {
    try AveragePrecision(scores, labels).value
  }
}
