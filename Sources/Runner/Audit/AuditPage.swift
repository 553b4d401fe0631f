import CoreTensor
import Foundation
import Imaging
import Pages

/// An audit as one page for a browser: its own style, pictures within, no scripts.
package struct AuditPage {
  private let findings: AuditFindings
  private let report: AuditReport
  private let pictures: AuditPictures
  private let sample: [Int]

  /// Rows of a table and pictures of a kind that are shown; the rest is counted.
  private static let mostRows = 200
  private static let mostPictures = 12
  private static let sampleSize = 24

  /// - Parameters:
  ///   - seed: of the random sample.
  ///   - png: makes a file of a picture.
  package init(
    _ findings: AuditFindings, _ report: AuditReport, seed: UInt64,
    png: @Sendable (GrayImage) throws -> [UInt8]
  ) {
    (self.findings, self.report) = (findings, report)
    let usable = findings.radiographs.indices.filter {
      findings.radiographs[$0].collection == 0 && findings.radiographs[$0].look != nil
    }
    var random = RandomStream(seed: seed, stream: "audit")
    sample = random.permutation(usable.count).prefix(Self.sampleSize).map { usable[$0] }
    var shown = Set(sample)
    for kind in AuditSuspicion.allCases {
      shown.formUnion(Self.suspects(findings, kind).prefix(Self.mostPictures))
    }
    for group in findings.duplicates.exact.prefix(Self.mostPictures) { shown.formUnion(group.prefix(2)) }
    for pair in findings.duplicates.near.prefix(Self.mostPictures) {
      shown.formUnion([pair.first, pair.second])
    }
    pictures = AuditPictures(findings, shown.sorted(), png: png)
  }

  private static func suspects(_ findings: AuditFindings, _ kind: AuditSuspicion) -> [Int] {
    findings.radiographs.indices.filter { findings.suspicions[$0].contains(kind) }
  }

  /// The file's text.
  package var text: String {
    let problems: [Page.Section?] = [verdicts] + leaks + [duplicates] + suspects
    let parts: [Page.Section?] = problems + [undecodable, sizes, labels, sampleSheet]
    return Page(
      "Audit of \(report.collections[0].name)", lead: summary + numbers,
      sections: parts.compactMap { $0 }, footer: footer
    ).text
  }

  private var footer: Html {
    let figures = Html.element("a", ["href": "audit.json"], "audit.json")
    let table = Html.element("a", ["href": "images.csv"], "images.csv")
    return "Figures for scripts are in " + figures + ", a row for each radiograph in " + table + "."
  }

  private var summary: Html {
    let lines = report.collections.enumerated().flatMap { number, collection in
      [(number == 0 ? "" : "Held against ") + collection.summary] + collection.notes
    }
    return .quiet(lines.map { Html($0) }.joined(.lineBreak))
  }

  private var numbers: Html {
    let own = report.collections[0]
    let undecoded = own.radiographs - own.decoded
    var cards = [
      Html.card("\(own.radiographs)", "images"),
      Html.card("\(undecoded)", "cannot be decoded", isBad: undecoded > 0),
    ]
    let patients = Set(findings.own.compactMap(\.record.patient)).count
    if patients > 0 { cards.append(.card("\(patients)", "patients")) }
    let leaks = report.verdicts.filter { $0.weight == .leak }.reduce(0) { $0 + $1.count }
    cards.append(.card("\(leaks)", "leaks", isBad: leaks > 0))
    let copies = report.exactDuplicates.reduce(0) { $0 + $1.count - 1 }
    cards.append(.card("\(copies)", "exact copies"))
    cards.append(.card("\(report.nearDuplicates.count)", "near copies"))
    cards.append(.card("\(findings.suspicions.count { !$0.isEmpty })", "suspects"))
    return .cards(cards)
  }

  private var verdicts: Page.Section {
    let sentence = Html.verdict(Html.capitalised(report.sentence), report.passed ? .good : .bad)
    let rows = report.verdicts.map { verdict in
      [
        Html.tag(verdict.weight.rawValue, verdict.weight.tag),
        .element("a", ["href": "#\(anchor(verdict.name))"], Html(verdict.name)), "\(verdict.count)",
        "\(Html.capitalised(verdict.meaning)). "
          + .element("b", [:], Html(Html.capitalised(verdict.advice))) + ".",
      ]
    }
    let columns = [
      PageTable.Column("weight"), .init("found"), .init("count", isNumber: true),
      .init("what it is, and what to do"),
    ]
    let table = rows.isEmpty ? Html.empty : PageTable("Verdicts", columns, rowHead: 1, rows).html
    return .init("verdicts", "Verdicts", sentence + table)
  }

  /// Where a verdict's radiographs are listed.
  private func anchor(_ verdict: String) -> String {
    switch verdict {
    case "without-labels", "findings-that-never-occur": "labels"
    case "exact-duplicates", "near-duplicates": "duplicates"
    default: verdict
    }
  }

  private var leaks: [Page.Section] {
    AuditLeakKind.allCases.compactMap { kind in
      let leaks = report.leaks.filter { $0.kind == kind }
      guard !leaks.isEmpty else { return nil }
      let hasPatient = leaks.contains { $0.patient != nil }
      let rows = leaks.prefix(Self.mostRows).map { leak in
        [Html(leak.sides.map(AuditReport.side).joined(separator: " | "))]
          + (hasPatient ? [Html(leak.patient ?? "")] : []) + [Self.names(leak.radiographs, most: 6)]
      }
      let columns = ["between"] + (hasPatient ? ["patient"] : []) + ["images"]
      let isAllowed = report.verdicts.contains { $0.name == kind.rawValue && $0.weight == .allowed }
      return .init(
        kind.rawValue, (isAllowed ? "Allowed: " : "Leak: ") + kind.meaning,
        PageTable(Html.capitalised(kind.meaning), columns.map { .init($0) }, rows).html
          + more(leaks.count, Self.mostRows),
        isBad: !isAllowed)
    }
  }

  private static func names(_ radiographs: [String], most: Int) -> Html {
    let rest = radiographs.count > most ? [Html("and \(radiographs.count - most) more")] : []
    return (radiographs.prefix(most).map { Html.code($0) } + rest).joined(.lineBreak)
  }

  private func more(_ count: Int, _ shown: Int) -> Html {
    count > shown ? .quiet("and \(count - shown) more, see audit.json") : .empty
  }

  private var duplicates: Page.Section? {
    let (exact, near) = (findings.duplicates.exact, findings.duplicates.near)
    guard !exact.isEmpty || !near.isEmpty else { return nil }
    let exactPairs = exact.prefix(Self.mostPictures).map { group in
      pictures.pair(
        group[0], group[1],
        caption: "equal pixels" + (group.count > 2 ? ", \(group.count) radiographs in all" : "")
      )
    }
    let nearPairs = near.prefix(Self.mostPictures).map { pair in
      pictures.pair(
        pair.first, pair.second,
        caption: String(format: "correlation %.4f", pair.correlation)
          + (pair.isNegative ? ", one is the negative" : ""))
    }
    func block(_ title: String, _ pairs: [Html], _ count: Int) -> Html {
      guard !pairs.isEmpty else { return .empty }
      return .element("h3", [:], Html(title)) + .element("div", ["class": "pairs"], pairs)
        + more(count, Self.mostPictures)
    }
    return .init(
      "duplicates", "Radiographs that are there twice",
      block("Equal pixels", exactPairs, exact.count) + block("Nearly equal pictures", nearPairs, near.count))
  }

  private var suspects: [Page.Section] {
    AuditSuspicion.allCases.compactMap { kind in
      let radiographs = Self.suspects(findings, kind)
      guard !radiographs.isEmpty else { return nil }
      return .init(
        kind.rawValue, "Suspect: \(kind.rawValue) (\(radiographs.count))",
        .paragraph("\(Html.capitalised(kind.meaning)).")
          + pictures.sheet(radiographs.prefix(Self.mostPictures))
          + more(radiographs.count, Self.mostPictures))
    }
  }

  private var undecodable: Page.Section? {
    guard !report.undecodable.isEmpty else { return nil }
    let rows = report.undecodable.map { failure in
      [Html(failure.reason), "\(failure.radiographs.count)", Self.names(failure.radiographs, most: 20)]
    }
    let columns = [PageTable.Column("reason"), .init("count", isNumber: true), .init("images")]
    let title = "Radiographs that cannot be decoded"
    return .init("undecodable", title, PageTable(title, columns, rows).html)
  }

  private var sizes: Page.Section? {
    guard let headers = report.headers else { return nil }
    let rows = [("width", headers.width), ("height", headers.height)].map { name, range in
      [Html(name), "\(range.least)", "\(range.median)", "\(range.most)"]
    }
    let facts = [
      ("Shorter side, pixels", headers.shorterSides), ("Bits", headers.bitDepths),
      ("Channels", headers.channels), ("Photometric", headers.photometric),
      ("Manufacturer", headers.manufacturers), ("View", headers.views),
    ].filter { !$0.1.isEmpty }.map { title, counts in
      let bars = counts.prefix(title == "Shorter side, pixels" ? counts.count : 10)
      return Html.element(
        "div", [:], .element("h3", [:], Html(title)),
        .bars(bars.map { ($0.name, $0.radiographs) }, caption: "Radiographs by \(title)"))
    }
    let columns =
      [PageTable.Column("pixels")] + ["least", "median", "most"].map { .init($0, isNumber: true) }
    return .init(
      "headers", "Sizes and headers",
      PageTable("Sizes of radiographs", columns, rows).html + .element("div", ["class": "facts"], facts))
  }

  private var labels: Page.Section {
    let splits = report.splits
    let findings = (splits.first?.findings ?? []).map(\.name).filter { name in
      splits.contains { $0.findings.contains { $0.name == name && $0.present + $0.unknown > 0 } }
    }
    func row(_ name: String, _ value: (AuditReport.Split) -> Html) -> [Html] {
      [Html(name)] + splits.map(value)
    }
    let rows =
      [
        row("radiographs") { "\($0.radiographs)" }, row("decoded") { "\($0.decoded)" },
        row("patients") { "\($0.patients)" }, row("without any label") { "\($0.withoutLabels)" },
      ]
      + findings.map { name in
        row(name) { split in
          guard let finding = split.findings.first(where: { $0.name == name }) else { return .empty }
          let unknown = Html.element("span", ["class": "quiet"], " +\(finding.unknown) unknown")
          return "\(finding.present)" + (finding.unknown > 0 ? unknown : .empty)
        }
      }
    let heads = splits.map { ($0.name.isEmpty ? "no split" : $0.name) + ($0.trains ? " (trains)" : "") }
    let never = report.findingsThatNeverOccur
    return .init(
      "labels", "Splits and labels",
      PageTable("Splits and labels", [.init("")] + heads.map { .init($0, isNumber: true) }, rows).html
        + (never.isEmpty ? .empty : .paragraph("Never present: \(never.joined(separator: ", ")).")))
  }

  private var sampleSheet: Page.Section? {
    sample.isEmpty ? nil : .init("sample", "A random sample", pictures.sheet(sample[...]))
  }
}

extension AuditReport.Verdict.Weight {
  fileprivate var tag: Html.Weight {
    switch self {
    case .leak, .unchecked: .bad
    case .problem: .problem
    case .allowed, .suspect: .quiet
    }
  }
}
