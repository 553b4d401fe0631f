import Evaluations
import Pages

/// Metrics of any evaluation as tables, without knowing whose they are: where encoders were compared a column for each
/// encoder, else a column for each metric and a row for what it was measured on.
struct MetricTables {
  private let metrics: [ReportedEvaluation.Metric]
  private let caption: String

  init(_ metrics: [ReportedEvaluation.Metric], caption: String) {
    (self.metrics, self.caption) = (metrics, caption)
  }

  var html: Html {
    guard !metrics.isEmpty else { return .quiet("It gave no metrics.") }
    if metrics.contains(where: { $0.random != nil || $0.pixels != nil }) { return encoders }
    let (whole, single) = (metrics.filter { $0.className == nil }, metrics.filter { $0.className != nil })
    return pivot(whole, "Metrics of \(caption)") { $0.subject ?? "all" }
      + pivot(single, "Metrics of \(caption), by class") {
        [$0.className, $0.subject].compactMap { $0 }.joined(separator: ", ")
      }
  }

  private var encoders: Html {
    typealias Value = EvaluationReport.Value
    let all: [(title: String, value: (ReportedEvaluation.Metric) -> Value?)] = [
      ("trained", { $0.trained }), ("random encoder", { $0.random }), ("plain pixels", { $0.pixels }),
      ("trained − random", { $0.difference }),
    ]
    let columns = all.filter { column in metrics.contains { column.value($0) != nil } }
    let rows = metrics.map { metric in
      [Html(metric.key)]
        + columns.map { column in column.value(metric).map { Html($0.text(unit: metric.unit)) } ?? .empty }
    }
    return PageTable(
      "Metrics of \(caption)", [.init("metric")] + columns.map { .init($0.title, isNumber: true) }, rows
    ).html
  }

  private func pivot(
    _ metrics: [ReportedEvaluation.Metric], _ caption: String, row: (ReportedEvaluation.Metric) -> String
  ) -> Html {
    guard !metrics.isEmpty else { return .empty }
    var (rows, names): ([String], [String]) = ([], [])
    for metric in metrics {
      if !rows.contains(row(metric)) { rows.append(row(metric)) }
      if !names.contains(metric.name) { names.append(metric.name) }
    }
    let cells = rows.map { own -> [Html] in
      [Html(own)]
        + names.map { name in
          metrics.first { $0.name == name && row($0) == own }.map { Html($0.trained.text(unit: $0.unit)) }
            ?? .empty
        }
    }
    return PageTable(
      caption, [.init("measured on")] + names.map { .init($0, isNumber: true) }, cells
    ).html
  }
}
