import Metrics
import WorldModel

/// A metric of one cell that can be taken again of resamples of its test patients: mean over trials of the mean over
/// classes.
struct ResampledMetric {
  /// Of each trial, each class.
  private let trials: [[any Metric]]
  let radiographs: [PredictionTable.Radiograph]

  /// - Returns: nil where the predictions do not hold the metric, or trials are of different radiographs.
  /// - Throws: `MetricError` where a score is not finite.
  init?(_ key: MetricKey, _ tables: [PredictionTable]) throws {
    let tables = tables.filter { $0.subject == key.subject }
    guard let first = tables.first, tables.allSatisfy({ $0.radiographs == first.radiographs }) else {
      return nil
    }
    radiographs = first.radiographs
    trials = try tables.map { try Self.metrics(key, $0.columns) }
    guard trials.allSatisfy({ !$0.isEmpty }), let value, value.isFinite else { return nil }
  }

  private static func metrics(_ key: MetricKey, _ columns: [PredictionTable.Column]) throws -> [any Metric] {
    try columns.compactMap { column in
      switch column {
      case .measure(let name, let values):
        return name == key.name && key.className == nil ? MeanMeasure(values) : nil
      case .scores(let name, let truth, let scores):
        guard key.className == nil || key.className == name else { return nil }
        let metric: (any Metric)? =
          switch key.name {
          case "AUROC": try AreaUnderCurve(scores, truth)
          case "AUPRC": try AveragePrecision(scores, truth)
          default: nil
          }
        // A class that the test radiographs do not have counts nowhere.
        return metric?.value == nil ? nil : metric
      }
    }
  }

  /// Of all test radiographs.
  var value: Double? {
    let values = trials.map { trial in trial.compactMap(\.value) }
    guard values.allSatisfy({ !$0.isEmpty }) else { return nil }
    return mean(values.map { mean($0) })
  }

  /// Of each resample, the same patients for every cell that was tested on the same radiographs.
  func resampled(_ bootstrap: Bootstrap) -> [Double?] {
    let all = bootstrap.resampled(trials.flatMap { $0 })
    var rest = all[...]
    let means = trials.map { trial in
      defer { rest = rest.dropFirst(trial.count) }
      return Resampled.mean(Array(rest.prefix(trial.count)))
    }
    return Resampled.mean(means).values
  }
}

func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
