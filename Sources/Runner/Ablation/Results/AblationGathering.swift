import Console
import Foundation
import Metrics
import Runs
import Training
import WorldModel

extension AblationResults {
  /// Reads what lies in an ablation's folder.
  /// - Parameters:
  ///   - failures: of the jobs.
  ///   - resamples: of the bootstrap over patients and seeds.
  /// - Throws: `StorageError` where a file is damaged, `AblationError` where a table's metric does not exist.
  package init(
    _ plan: AblationPlan, failures: [AblationScheduler.Failure], resamples: Int = 1000,
    confidence: Double = 0.95
  ) throws {
    let table = plan.table
    let comparison = try RowComparison(plan)
    rows = try table.rows.enumerated().map { index, row in
      try Row(
        name: row.name, settings: row.assignments.map { "\($0.key) = \($0.value)" },
        refusal: comparison.refusals[index],
        reported: row.reported.map { .init(metric: $0.metric, mean: $0.mean, deviation: $0.deviation) },
        costs: plan.costs(row: index))
    }
    (title, source, seeds) = (table.title, table.source, plan.seeds)
    (self.confidence, self.resamples, self.failures) = (confidence, resamples, failures)
    var gathering = Gathering(plan, rows, resamples: resamples, confidence: confidence)
    columns = try table.evaluations.flatMap { try gathering.columns($0) }
    notes = comparison.notes + gathering.notes
  }
}

/// Reads evaluations into columns.
private struct Gathering {
  let plan: AblationPlan
  let rows: [AblationResults.Row]
  let resamples: Int
  let confidence: Double
  private(set) var notes: [String] = []

  init(_ plan: AblationPlan, _ rows: [AblationResults.Row], resamples: Int, confidence: Double) {
    (self.plan, self.rows, self.resamples, self.confidence) = (plan, rows, resamples, confidence)
  }

  private typealias Value = (value: Double, resampled: [Double?]?)

  /// The columns of an evaluation: one for each metric that is shown; none where no cell was evaluated.
  mutating func columns(_ evaluation: AblationTable.Evaluation) throws -> [AblationResults.Column] {
    // By row and seed.
    let records = try rows.indices.map { row in
      try plan.seeds.map { seed -> EvaluationRecord? in
        guard let cell = plan.cells.first(where: { $0.row == row && $0.seed == seed }) else { return nil }
        let folder = plan.folder(cell, evaluation)
        guard access(folder + "/metrics.json", F_OK) == 0 else { return nil }
        return try EvaluationRecord(folder)
      }
    }
    let missing = records.joined().count { $0 == nil }
    if missing > 0 {
      notes.append("\(evaluation.command): \(missing) of \(plan.cells.count) cells are missing")
    }
    guard let first = records.joined().compactMap({ $0 }).first else { return [] }
    return try first.shown(evaluation.metrics).map { try column(evaluation, $0, records) }
  }

  private mutating func column(
    _ evaluation: AblationTable.Evaluation, _ key: MetricKey, _ records: [[EvaluationRecord?]]
  ) throws -> AblationResults.Column {
    var values: [[Value?]] = []
    var tested: ResampledMetric?
    for own in records {
      values.append(
        try own.enumerated().map { seed, record in
          guard let record, let value = record.value(key) else { return nil }
          let metric = try metric(key, record, value, evaluation)
          if tested == nil { tested = metric }
          return (value, metric.map { $0.resampled(bootstrap($0)) })
        })
    }
    if values.joined().contains(where: { $0 != nil && $0?.resampled == nil }) {
      notes.append(
        "\(evaluation.command): \(key): no predictions of test radiographs are kept for this metric, so that "
          + "differences have no interval")
    }
    let paired = PairedResamples(values: values, confidence: confidence)
    let compared = rows.indices.filter { rows[$0].refusal == nil }
    let pairs = compared.flatMap { a in
      compared.filter { $0 > a }.compactMap { b in
        paired.difference(a, b).map { AblationResults.Pair(first: a, second: b, difference: $0) }
      }
    }
    return AblationResults.Column(
      evaluation: evaluation.command, metric: "\(key)",
      unit: records.joined().compactMap { $0?.metrics.first { $0.key == key }?.unit }.first ?? "",
      cells: rows.indices.map { cell(values[$0].map { $0?.value }, pairs, $0) }, pairs: pairs,
      radiographs: tested?.radiographs.count,
      patients: tested.map { Set($0.radiographs.map(\.patientKey)).count })
  }

  private func cell(_ values: [Double?], _ pairs: [AblationResults.Pair], _ row: Int) -> AblationResults.Cell
  {
    let known = values.compactMap { $0 }
    let middle = known.isEmpty ? nil : mean(known)
    let deviation = middle.flatMap { middle -> Double? in
      guard known.count > 1 else { return nil }
      return (known.reduce(0) { $0 + ($1 - middle) * ($1 - middle) } / Double(known.count - 1)).squareRoot()
    }
    return AblationResults.Cell(
      values: values, mean: middle, deviation: deviation,
      difference: pairs.first { $0.first == 0 && $0.second == row }?.difference)
  }

  /// - Throws: `AblationError` where the predictions give another value than the metrics.
  private func metric(
    _ key: MetricKey, _ record: EvaluationRecord, _ value: Double, _ evaluation: AblationTable.Evaluation
  ) throws -> ResampledMetric? {
    guard let metric = try ResampledMetric(key, record.predictions), let own = metric.value else {
      return nil
    }
    guard abs(own - value) <= 1e-6 * max(1, abs(value)) else {
      throw AblationError(
        "\(evaluation.command): \(key): predictions.csv gives \(own), metrics.json \(value); one of them is of "
          + "another evaluation: remove the folder of the evaluation, and it is made again")
    }
    return metric
  }

  private func bootstrap(_ metric: ResampledMetric) -> Bootstrap {
    Bootstrap(
      groups: metric.radiographs.map(\.patientKey), resamples: resamples, confidence: confidence, seed: 0)
  }
}
