/// Area under the receiver operating characteristic (AUROC): the chance that a positive scores above a negative, ties
/// counting half. scikit-learn's `roc_auc_score`.
public struct AreaUnderCurve: Metric {
  private let order: ScoreOrder

  /// - Parameters:
  ///   - scores: any finite numbers, higher for positives.
  ///   - labels: one for each score; nil for a radiograph that is left out.
  /// - Throws: `MetricError` where lengths differ or a score is not finite, with its row.
  public init(_ scores: [Double], _ labels: [Bool?]) throws {
    order = try ScoreOrder("AUROC", scores, labels)
  }

  public var count: Int { order.count }

  /// Nil without a positive or without a negative.
  public func value(weights: [Int32]) -> Double? {
    var (below, positives, area) = (0.0, 0.0, 0.0)
    order.runs(weights) { ofRun, negatives in
      area += ofRun * (below + negatives / 2)
      positives += ofRun
      below += negatives
    }
    return positives > 0 && below > 0 ? area / (positives * below) : nil
  }

  /// The area of some scores; nil without one of each kind.
  /// - Throws: `MetricError`.
  public static func value(_ scores: [Double], _ labels: [Bool]) throws -> Double? {
    try AreaUnderCurve(scores, labels).value
  }
}
