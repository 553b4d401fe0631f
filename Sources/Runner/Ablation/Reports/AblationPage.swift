import Foundation
import Pages

/// An ablation's results as one page for a browser, which needs no network.
struct AblationPage {
  private let results: AblationResults

  init(_ results: AblationResults) { self.results = results }

  /// The file's text.
  var text: String {
    let sections: [Page.Section?] = [failures, refusals] + columns + [orderings, agreements, rows, reading]
    return Page(
      results.title, lead: lead, sections: sections.compactMap { $0 },
      footer: "Made by chex-runner ablate. For scripts: results.json and results.csv beside this page.",
      hasContents: true
    ).text
  }

  private var lead: Html {
    let (rows, seeds) = (results.rows.count, results.seeds.count)
    let all = rows * seeds
    let sentence =
      results.failures.isEmpty
      ? "\(all) runs: \(rows) rows, \(seeds) seed\(seeds == 1 ? "" : "s")."
      : "\(results.failures.count) of the runs and evaluations failed."
    return .verdict(sentence, results.failures.isEmpty ? .good : .bad)
      + AblationWords.same(results).map { Html.quiet(Html("\(Html.capitalised($0)).")) }.joined()
      + results.notes.map { Html.quiet(Html("\(Html.capitalised($0)).")) }.joined()
  }

  private var failures: Page.Section? {
    guard !results.failures.isEmpty else { return nil }
    let table = PageTable(
      "What failed", [.init("run or evaluation"), .init("reason"), .init("log")],
      results.failures.map { [Html($0.name), Html($0.reason), .code($0.log)] })
    return Page.Section("failures", "What failed", table.html, isBad: true)
  }

  private var refusals: Page.Section? {
    let refused = results.rows.filter { $0.refusal != nil }
    guard !refused.isEmpty else { return nil }
    let table = PageTable(
      "Rows that are not compared", [.init("row"), .init("reason")],
      refused.map { [Html($0.name), Html($0.refusal ?? "")] })
    return Page.Section("refusals", "Rows that are not compared", table.html, isBad: true)
  }

  private var columns: [Page.Section?] {
    let metrics = AblationWords.reportedMetrics(results)
    return results.telling.enumerated().map { number, column in
      let title = AblationWords.title(column, results)
      let table = PageTable(
        title,
        [
          .init("row"), .init("mean ± std", isNumber: true),
          .init("difference from the first row", isNumber: true),
        ]
          + results.seeds.map { .init("seed \($0)", isNumber: true) }
          + metrics.map { .init("reported: \($0)", isNumber: true) },
        results.rows.enumerated().map { row, own in
          let cell = column.cells[row]
          let difference = cell.difference.map { Html(AblationWords.difference($0)) } ?? "–"
          return [Html(own.name), Html(AblationWords.value(cell))]
            + [cell.difference?.isBeyondNoise == true ? .marked(difference) : difference]
            + cell.values.map { Html($0.map(AblationWords.number) ?? "–") }
            + metrics.map { metric in
              Html(own.reported.first { $0.metric == metric }.map(AblationWords.reported) ?? "")
            }
        })
      let tested =
        column.radiographs.map { "Tested on \($0) radiographs of \(column.patients ?? 0) patients." } ?? ""
      return Page.Section(
        "metric-\(number)", title,
        Html.quiet(Html("\(column.evaluation). \(tested)"))
          + IntervalPlot(results, column, anchor: "plot-\(number)").html + table.html)
    }
  }

  private var orderings: Page.Section? {
    let parts = results.telling.filter { !$0.pairs.isEmpty }.map { column -> Html in
      let found = results.orderings(column)
      let title = AblationWords.title(column, results)
      let head = Html.paragraph(
        "\(title): \(found.count) of \(column.pairs.count) orderings are beyond the noise.")
      guard !found.isEmpty else { return head }
      return head
        + PageTable(
          "Orderings by \(title)", [.init("more"), .init("less"), .init("difference", isNumber: true)],
          found.map { [Html($0.more), Html($0.less), Html(AblationWords.difference($0.difference))] }
        ).html
    }
    return parts.isEmpty
      ? nil : Page.Section("orderings", "Which orderings hold beyond the noise", parts.joined())
  }

  private var agreements: Page.Section? {
    let found = results.agreements
    guard !found.isEmpty else { return nil }
    let table = PageTable(
      "Reported orderings",
      [.init("orderings of"), .init("here")]
        + ["pairs", "hold beyond noise", "same way within it", "other way within it", "contradicted"].map {
          .init($0, isNumber: true)
        },
      found.map { own in
        [Html(own.reported), Html("\(own.evaluation): \(own.metric)")]
          + [own.pairs, own.holds, own.agrees, own.differs, own.contradicts].map { Html("\($0)") }
      })
    return Page.Section(
      "reported", "Orderings that others reported", .quiet(Html(results.source)) + table.html)
  }

  private var rows: Page.Section? {
    let table = PageTable(
      "Rows",
      [.init("row"), .init("what it sets")] + AblationWords.costTitles.map { .init($0, isNumber: true) },
      results.rows.map { row in
        [Html(row.name), row.settings.map(Html.code).joined(.lineBreak)]
          + AblationWords.costs(row).map { Html($0) }
      })
    return Page.Section("rows", "What the rows set, and what a run cost", table.html)
  }

  private var reading: Page.Section? {
    Page.Section(
      "reading", "How to read this",
      .paragraph(
        Html(
          "Differences are from the first row. Their interval (\(Int(results.confidence * 100)) %, \(results.resamples) "
            + "resamples) draws test patients, the same for every run, and seeds, the same for both rows, with "
            + "replacement. A star, or a marked cell, says that it leaves zero out. Of few seeds it is somewhat narrow, "
            + "and it is meant for one comparison: of 20 that are nothing one will have a star.")))
  }
}
