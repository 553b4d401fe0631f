import Foundation
import WorldModel

/// What a cross-validation found, laid out: metrics over all folds, those of each fold, and their means.
enum FoldResult {
  /// - Parameters:
  ///   - metrics: over the predictions of all folds.
  ///   - folds: what the evaluation gave in each.
  ///   - predictions: of all folds.
  static func result(
    pooled metrics: [EvaluationMetric], _ folds: [EvaluationResult], predictions: [PredictionTable],
    notes: [String]
  ) -> EvaluationResult {
    // Pure numbers that every fold gives; counts of images say nothing as a mean.
    let common = folds[0].metrics.filter { metric in
      metric.unit.isEmpty && folds.allSatisfy { $0[metric.key] != nil }
    }.map(\.key)
    let means = common.map { key in
      let values = folds.compactMap { $0[key]?.value }
      return EvaluationMetric(
        mean(of: key), PooledMetrics.mean(values), uncertainty: deviation(values).map { .deviation($0) })
    }
    let totals = common.filter { $0.className == nil }
    let each = folds.enumerated().flatMap { index, fold in
      totals.compactMap { key in
        fold[key].map {
          EvaluationMetric(self.key(key, fold: index + 1), $0.value, uncertainty: $0.uncertainty)
        }
      }
    }
    let summary = folds[0].summary
    return EvaluationResult(
      metrics + means + each, summary: metrics.contains { $0.key == summary } ? summary : nil,
      tables: tables(metrics) + foldTables(totals, count: folds.count),
      notes: notes + notesOf(folds), predictions: predictions)
  }

  private static func mean(of key: MetricKey) -> MetricKey {
    MetricKey(key.name + ", mean over folds", of: key.className, subject: key.subject)
  }

  private static func key(_ key: MetricKey, fold: Int) -> MetricKey {
    MetricKey("\(key.name), fold \(fold)", of: key.className, subject: key.subject)
  }

  /// Sample standard deviation; nil of fewer than two values.
  private static func deviation(_ values: [Double]) -> Double? {
    guard values.count > 1 else { return nil }
    let mean = PooledMetrics.mean(values)
    return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
  }

  /// A table for each subject and name: a row for each class, then all together.
  private static func tables(_ metrics: [EvaluationMetric]) -> [MetricTable] {
    var groups: [(name: String, subject: String?, keys: [MetricKey])] = []
    for metric in metrics {
      if let index = groups.firstIndex(where: {
        ($0.name, $0.subject) == (metric.key.name, metric.key.subject)
      }) {
        groups[index].keys.append(metric.key)
      } else {
        groups.append((metric.key.name, metric.key.subject, [metric.key]))
      }
    }
    return groups.map { name, subject, keys in
      MetricTable(
        ([subject].compactMap { $0 } + ["\(name) over the images of all folds"]).joined(separator: ", "),
        rows: keys.map { $0.className ?? (keys.count > 1 ? "mean" : "all") },
        columns: [.init(name, keys, comparesEncoders: true)])
    }
  }

  /// A table for each metric that folds give of all classes together: a row for each fold.
  private static func foldTables(_ totals: [MetricKey], count: Int) -> [MetricTable] {
    totals.map { key in
      MetricTable(
        "\(key) in each fold", rows: (1...count).map { "fold \($0)" } + ["mean"],
        columns: [
          .init(
            key.name, (1...count).map { self.key(key, fold: $0) } + [mean(of: key)], comparesEncoders: true)
        ])
    }
  }

  /// What the evaluation remarks: once where all folds do, else by fold.
  private static func notesOf(_ folds: [EvaluationResult]) -> [String] {
    let shared = folds[0].notes.filter { note in folds.allSatisfy { $0.notes.contains(note) } }
    return shared
      + folds.enumerated().flatMap { index, fold in
        fold.notes.filter { !shared.contains($0) }.map { "fold \(index + 1): \($0)" }
      }
  }
}
