import Audit
import Console
import Foundation
import Pages

/// An audit for a terminal.
struct AuditText {
  private let report: AuditReport
  private let terminal: Terminal
  /// Lines of a list; more are counted.
  private static let mostLines = 8

  init(_ report: AuditReport, terminal: Terminal) { (self.report, self.terminal) = (report, terminal) }

  var text: String {
    let blocks = [
      heading, verdicts, leaks, failures, headers, splits, duplicates, suspects,
      terminal.styled("verdict: ", .bold) + report.sentence,
    ]
    return blocks.filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  private var heading: String {
    report.collections.enumerated().flatMap { number, collection in
      [
        (number == 0 ? "radiographs: " : "against: ")
          + "\(Html.clean(collection.summary)); \(collection.decoded) of \(collection.radiographs) decoded"
      ] + collection.notes.map { "note: " + Html.clean($0) }
    }.joined(separator: "\n") + String(format: "\nread in %.1f s", report.seconds)
  }

  private var verdicts: String {
    guard !report.verdicts.isEmpty else { return "" }
    var table = TextTable(columns: [
      .init("found"), .init(""), .init("count", .right), .init("what it is, and what to do"),
    ])
    for verdict in report.verdicts {
      table.add([
        verdict.name, verdict.weight.rawValue, "\(verdict.count)",
        Html.capitalised(verdict.meaning) + ". " + Html.capitalised(verdict.advice) + ".",
      ])
    }
    return trimmed(table)
  }

  private var leaks: String {
    AuditLeakKind.allCases.compactMap { kind -> String? in
      let leaks = report.leaks.filter { $0.kind == kind }
      guard !leaks.isEmpty else { return nil }
      let lines = leaks.map { leak in
        let radiographs = leak.radiographs.prefix(3).map(Html.clean)
          .joined(separator: leak.patient == nil ? "  =  " : ", ")
        let more = leak.radiographs.count > 3 ? " and \(leak.radiographs.count - 3) more" : ""
        let patient = leak.patient.map { "patient \(Html.clean($0)): " } ?? ""
        return patient + radiographs + more + "  ("
          + leak.sides.map { Html.clean(AuditReport.side($0)) }.joined(separator: " | ") + ")"
      }
      return list(terminal.styled(kind.rawValue, .red), lines)
    }.joined(separator: "\n\n")
  }

  private var failures: String {
    report.undecodable.map { list("not decoded, " + Html.clean($0.reason), $0.radiographs.map(Html.clean)) }
      .joined(separator: "\n")
  }

  private var headers: String {
    guard let headers = report.headers else { return "" }
    var table = TextTable(columns: [
      .init("pixels"), .init("least", .right), .init("median", .right), .init("most", .right),
    ])
    for (name, range) in [("width", headers.width), ("height", headers.height)] {
      table.add([name, "\(range.least)", "\(range.median)", "\(range.most)"])
    }
    let most = headers.shorterSides.map(\.radiographs).max() ?? 1
    let wide = headers.shorterSides.map(\.name.count).max() ?? 0
    let bars = headers.shorterSides.map { bar in
      HelpLayout.padded(bar.name, to: wide + 2)
        + String(repeating: "█", count: max(bar.radiographs > 0 ? 1 : 0, bar.radiographs * 30 / most))
        + " \(bar.radiographs)"
    }
    let facts = [
      ("bits", headers.bitDepths), ("channels", headers.channels), ("photometric", headers.photometric),
      ("manufacturer", headers.manufacturers), ("view", headers.views),
    ].compactMap { name, counts -> String? in
      guard !counts.isEmpty else { return nil }
      return name + ": "
        + counts.prefix(6).map { "\(Html.clean($0.name)) \($0.radiographs)" }.joined(separator: ", ")
        + (counts.count > 6 ? " and \(counts.count - 6) more" : "")
    }
    return trimmed(table) + "\n\nshorter side\n" + bars.joined(separator: "\n") + "\n\n"
      + facts.joined(separator: "\n")
  }

  private var splits: String {
    var table = TextTable(columns: [
      .init("split"), .init("images", .right), .init("decoded", .right), .init("patients", .right),
      .init("no label", .right), .init("findings, and of how many nothing is known"),
    ])
    for split in report.splits {
      let findings = split.findings.filter { $0.present + $0.unknown > 0 }
        .sorted { ($1.present, $0.name) < ($0.present, $1.name) }
      let shown = findings.prefix(8).map {
        "\(Html.clean($0.name)) \($0.present)" + ($0.unknown > 0 ? " (\($0.unknown) unknown)" : "")
      }
      table.add([
        (split.name.isEmpty ? "(none)" : Html.clean(split.name)) + (split.trains ? ", trains" : ""),
        "\(split.radiographs)", "\(split.decoded)", "\(split.patients)", "\(split.withoutLabels)",
        shown.joined(separator: ", ") + (findings.count > 8 ? ", \(findings.count - 8) more" : ""),
      ])
    }
    let never = report.findingsThatNeverOccur
    return trimmed(table)
      + (never.isEmpty ? "" : "\nnever present: " + never.map(Html.clean).joined(separator: ", "))
  }

  private var duplicates: String {
    let exact = list(
      "equal pixels", report.exactDuplicates.map { $0.map(Html.clean).joined(separator: "  =  ") })
    let near = list(
      "nearly equal pictures",
      report.nearDuplicates.map {
        $0.radiographs.map(Html.clean).joined(separator: "  ~  ") + String(format: "  (%.4f", $0.correlation)
          + ($0.isNegative ? ", one is the negative)" : ")")
      })
    return [exact, near].filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  private var suspects: String {
    report.suspects.map { list("suspect: \($0.kind.rawValue)", $0.radiographs.map(Html.clean)) }
      .joined(separator: "\n\n")
  }

  private func list(_ title: String, _ lines: [String]) -> String {
    guard !lines.isEmpty else { return "" }
    let shown = lines.prefix(Self.mostLines).map { "  " + $0 }
    let rest = lines.count > Self.mostLines ? ["  … \(lines.count - Self.mostLines) more"] : []
    return (["\(title): \(lines.count)"] + shown + rest).joined(separator: "\n")
  }

  private func trimmed(_ table: TextTable) -> String {
    var text = table.text(for: terminal)
    while text.hasSuffix("\n") { text.removeLast() }
    return text
  }
}
