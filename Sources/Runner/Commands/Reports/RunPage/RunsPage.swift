import Audit
import Figures
import Pages

/// Runs as one page for a browser.
struct RunsPage {
  private let report: RunsReport

  init(_ report: RunsReport) { self.report = report }

  /// The file's text.
  var text: String {
    let names = report.runs.map(\.name)
    let title = names.count == 1 ? "Run \(names[0])" : "Runs \(names.joined(separator: ", "))"
    let isOne = report.runs.count == 1
    let parts = report.runs.enumerated().map {
      RunSections(run: $1, prefix: isOne ? "" : "run-\($0 + 1)-", of: isOne ? "" : "\($1.name): ")
    }
    let sections: [Page.Section?] =
      [unread] + (isOne ? [] : RunsComparisonSections(report).sections) + [audit] + parts.flatMap(\.sections)
    return Page(
      title, lead: parts.map { $0.lead(isOne: isOne) }.joined(), sections: sections.compactMap { $0 },
      footer: "Made by chex-runner report from the runs' folders. For scripts: --json.", hasContents: true
    ).text
  }

  /// What could not be read comes first, so that nobody takes the rest for all there is.
  private var unread: Page.Section? {
    guard !report.problems.isEmpty else { return nil }
    let items = report.problems.map { Html.element("li", [:], Html($0)) }
    return Page.Section(
      "unread", "What could not be read", .element("ul", [:], items), isBad: true)
  }

  private var audit: Page.Section? {
    guard let audit = report.audit else { return nil }
    guard let found = audit.report else {
      return .init(
        "audit", "Audit of the radiographs", .verdict("The audit could not be read.", .bad), isBad: true)
    }
    let rows = found.verdicts.map { verdict in
      [
        Html(verdict.name), Html(verdict.weight.rawValue), "\(verdict.count)",
        "\(Html.capitalised(verdict.meaning)).",
      ]
    }
    let columns = [
      PageTable.Column("found"), .init("weight"), .init("count", isNumber: true), .init("what it is"),
    ]
    let names = found.collections.map(\.name).joined(separator: ", held against ")
    let trained = Set(report.runs.flatMap { $0.settings?.sources ?? [] })
    let own = Set((found.collections.first?.name ?? "").components(separatedBy: " + "))
    let isOther = !trained.isEmpty && trained != own
    let warning =
      isOther
      ? Html.verdict(
        "The audit is of other radiographs than the runs name: \(trained.sorted().joined(separator: ", ")).",
        .problem) : .empty
    return .init(
      "audit", "Audit of the radiographs",
      .verdict(Html.capitalised(found.sentence) + ".", found.passed ? .good : .bad) + warning
        + .paragraph("Of \(names); its page is audit.html in \(audit.path).")
        + (rows.isEmpty ? .empty : PageTable("Verdicts of the audit", columns, rows).html),
      isBad: !found.passed)
  }
}
