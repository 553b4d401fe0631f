import Metrics
import WorldModel

/// Mean and spread of a figure over trials.
package struct Spread: Codable, Equatable {
  package let mean: Double
  /// Standard deviation of a sample; nil of one trial.
  package let deviation: Double?

  /// - Parameter values: one of each trial; nil where there is none.
  package init?(_ values: [Double?]) {
    let known = values.compactMap { $0 }
    guard known.count == values.count, !known.isEmpty else { return nil }
    let mean = known.reduce(0, +) / Double(known.count)
    self.mean = mean
    let squares = known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    deviation = known.count > 1 ? (squares / Double(known.count - 1)).squareRoot() : nil
  }

  /// - Parameter interval: of the mean, over other test images; nil for none.
  package func metric(_ key: MetricKey, interval: ClosedRange<Double>? = nil) -> EvaluationMetric {
    let uncertainty: EvaluationMetric.Uncertainty? =
      switch (deviation, interval) {
      case (let deviation?, let interval?): .spread(deviation: deviation, interval: interval)
      case (let deviation?, nil): .deviation(deviation)
      case (nil, let interval?): .interval(interval)
      case (nil, nil): nil
      }
    return EvaluationMetric(key, mean, uncertainty: uncertainty)
  }
}
