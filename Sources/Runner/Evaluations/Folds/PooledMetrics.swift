import Metrics
import WorldModel

/// Metrics over the predictions of all folds together, with intervals of a bootstrap over patients.
enum PooledMetrics {
  static let names = ["AUROC", "AUPRC"]

  /// AUROC and AUPRC of each class and their means over classes, and the mean of each measure; of several trials the
  /// mean.
  /// - Throws: `MetricError` where a score is not finite, `EvaluationError` where trials are of different images.
  static func metrics(_ tables: [PredictionTable], seed: UInt64) throws -> [EvaluationMetric] {
    var subjects: [String?] = []
    for table in tables where !subjects.contains(table.subject) { subjects.append(table.subject) }
    return try subjects.flatMap { subject in
      try metrics(of: subject, tables.filter { $0.subject == subject }, seed)
    }
  }

  private static func metrics(
    of subject: String?, _ trials: [PredictionTable], _ seed: UInt64
  ) throws -> [EvaluationMetric] {
    let radiographs = trials[0].radiographs
    guard trials.allSatisfy({ $0.radiographs == radiographs }) else {
      throw EvaluationError(
        "\(subject ?? "predictions"): expected the same images in each trial, found others; they cannot be pooled"
      )
    }
    // A class, or a measure, with the metric of each trial; those that are undefined somewhere are left out.
    var found: [(key: MetricKey, trials: [any Metric])] = []
    for name in names {
      for className in classes(trials) {
        let own = try trials.compactMap { try metric(name, className, $0) }
        if own.count == trials.count, own.allSatisfy({ $0.value != nil }) {
          found.append((MetricKey(name, of: className, subject: subject), own))
        }
      }
    }
    for measure in measures(trials) {
      let own = trials.compactMap { table in
        table.columns.compactMap { column in
          if case .measure(measure, let values) = column { MeanMeasure(values) } else { nil }
        }.first
      }
      if own.count == trials.count, own.allSatisfy({ $0.value != nil }) {
        found.append((MetricKey(measure, subject: subject), own))
      }
    }
    let bootstrap = Bootstrap(groups: radiographs.map(\.patientKey), seed: seed)
    var resampled = bootstrap.resampled(found.flatMap(\.trials))[...]
    let each = found.map { key, metrics in
      let own = Array(resampled.prefix(metrics.count))
      resampled = resampled.dropFirst(metrics.count)
      return EvaluationMetric(key, mean(metrics.map { $0.value! }), resampled: Resampled.mean(own))
    }
    let means = names.compactMap { name -> EvaluationMetric? in
      let own = each.filter { $0.key.name == name && $0.key.className != nil }
      guard !own.isEmpty else { return nil }
      return EvaluationMetric(
        MetricKey(name, subject: subject), mean(own.map(\.value)),
        resampled: Resampled.mean(own.compactMap(\.resampled)))
    }
    return names.flatMap { name in (each + means).filter { $0.key.name == name } }
      + each.filter { !names.contains($0.key.name) }
  }

  private static func classes(_ trials: [PredictionTable]) -> [String] {
    trials[0].columns.compactMap { if case .scores(let name, _, _) = $0 { name } else { nil } }
  }

  private static func measures(_ trials: [PredictionTable]) -> [String] {
    trials[0].columns.compactMap { if case .measure(let name, _) = $0 { name } else { nil } }
  }

  private static func metric(_ name: String, _ className: String, _ table: PredictionTable) throws -> (
    any Metric
  )? {
    for case .scores(className, let truth, let scores) in table.columns {
      return name == "AUROC" ? try AreaUnderCurve(scores, truth) : try AveragePrecision(scores, truth)
    }
    return nil
  }

  static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}
