/// The mean over radiographs of a number that some of them have.
public struct MeanMeasure: Metric {
  /// One for each radiograph; nil for one that does not count.
  public let values: [Double?]

  public init(_ values: [Double?]) { self.values = values }

  public var count: Int { values.count }

  /// Nil where no radiograph that is drawn has the number.
  public func value(weights: [Int32]) -> Double? {
    var (sum, total) = (0.0, 0.0)
    for (value, weight) in zip(values, weights) {
      guard let value else { continue }
      sum += value * Double(weight)
      total += Double(weight)
    }
    return total > 0 ? sum / total : nil
  }
}
