import Evaluations
import Figures
import Foundation
import Pages

/// Sections that put several runs side by side.
struct RunsComparisonSections {
  private let report: RunsReport

  init(_ report: RunsReport) { self.report = report }

  var sections: [Page.Section?] {
    [
      .init("side-by-side", "Side by side", outcomes + lossNote + chart), differences, evaluations,
    ]
  }

  private var outcomes: Html {
    let columns =
      [PageTable.Column("run"), .init("status"), .init("tasks")]
      + ["steps", "loss", "mean AUROC", "of the random encoder", "effective rank", "images/s"].map {
        .init($0, isNumber: true)
      }
    let rows = report.runs.enumerated().map { number, run -> [Html] in
      func value(_ value: Double?, _ format: String) -> Html {
        Html(value.map { String(format: format, $0) } ?? "–")
      }
      return [
        .element("a", ["href": "#run-\(number + 1)-what"], Html(run.name)), RunSections.tag(run.status),
        Html(run.settings?.tasks.joined(separator: ", ") ?? "not readable"), "\(run.steps)",
        value(run.summary?.lastLoss, "%.4f"), value(run.summary?.trained?.probe?.mean, "%.3f"),
        value(run.summary?.randomEncoder?.probe?.mean, "%.3f"),
        value(run.summary?.trained?.diagnostics.rank, "%.1f"), value(run.summary?.imagesPerSecond, "%.1f"),
      ]
    }
    return PageTable("Runs side by side", columns, rows).html
  }

  private var lossNote: Html {
    guard let text = report.losses?.text, !text.isEmpty else { return .empty }
    let lines = text.split(separator: "\n").map { Html($0.trimmingCharacters(in: .whitespaces)) }
    return .element("p", ["class": "verdict problem"], lines.joined(.lineBreak))
  }

  private var chart: Html { report.lossChart.map { PageChart("side-by-side-loss", $0).html } ?? .empty }

  private var differences: Page.Section? {
    let readable = report.runs.filter { $0.settings != nil }
    guard readable.count > 1 else { return nil }
    let rows = report.differences.map { key -> [Html] in
      let values = readable.map { $0.settings?[key] ?? "–" }
      // The value that most runs have is the rule; what differs from it stands out.
      let counts = Dictionary(grouping: values, by: { $0 }).mapValues(\.count)
      let most = counts.values.max() ?? 0
      let rule = counts.count { $0.value == most } == 1 ? counts.first { $0.value == most }?.key : nil
      return [.code(key)]
        + values.map { $0 == rule ? .code($0) : .marked(.code($0)) }
    }
    let body =
      rows.isEmpty
      ? Html.paragraph("All settings of these runs are the same.")
      : PageTable(
        "Settings that differ", [.init("setting")] + readable.map { .init($0.name) }, rows
      ).html
    return .init("differences", "Settings that differ", body)
  }

  /// Metrics of evaluations that more than one run has, by the folder that they lie in.
  private var evaluations: Page.Section? {
    let folders = report.runs.flatMap { $0.evaluations.filter { $0.record != nil }.map(\.folder) }
    let shared = Dictionary(grouping: folders, by: { $0 }).filter { $0.value.count > 1 }.keys.sorted()
    guard !shared.isEmpty else { return nil }
    let tables = shared.map { folder -> Html in
      let records = report.runs.map { run in run.evaluations.first { $0.folder == folder }?.record }
      var keys: [String] = []
      for record in records {
        for key in record?.metrics.map(\.key) ?? [] where !keys.contains(key) { keys.append(key) }
      }
      let rows = keys.map { key in
        [Html(key)]
          + records.map { record in
            guard let metric = record?.metrics.first(where: { $0.key == key }) else { return "–" }
            return Html(metric.trained.text(unit: metric.unit))
          }
      }
      return PageTable(
        folder, showsCaption: true, [.init("metric")] + report.runs.map { .init($0.name, isNumber: true) },
        rows
      ).html
    }
    return .init("evaluations", "Evaluations side by side", tables.joined())
  }
}
