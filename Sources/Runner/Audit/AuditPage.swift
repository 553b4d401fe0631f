import CoreTensor
import Foundation
import Imaging

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

  package var text: String {
    let title = "Audit of \(Html.escaped(report.collections[0].name))"
    let parts = [
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">",
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">",
      "<title>\(title)</title>\n<style>\n\(AuditStyle.text)</style>\n</head>\n<body>\n<main>",
      "<h1>\(title)</h1>", summary, numbers, verdicts, leaks, duplicates, suspects, undecodable, sizes,
      labels,
      sampleSheet,
      "<footer>Figures for scripts are in <a href=\"audit.json\">audit.json</a>, a row for each radiograph in "
        + "<a href=\"images.csv\">images.csv</a>.</footer>", "</main>\n</body>\n</html>",
    ]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
  }

  private var summary: String {
    let lines = report.collections.enumerated().flatMap { number, collection in
      [(number == 0 ? "" : "Held against ") + collection.summary] + collection.notes
    }
    return "<p class=\"quiet\">" + lines.map(Html.escaped).joined(separator: "<br>") + "</p>"
  }

  private var numbers: String {
    let own = report.collections[0]
    var cards = [
      ("\(own.radiographs)", "images", false),
      ("\(own.radiographs - own.decoded)", "cannot be decoded", own.decoded < own.radiographs),
    ]
    let patients = Set(findings.own.compactMap(\.record.patient)).count
    if patients > 0 { cards.append(("\(patients)", "patients", false)) }
    let leaks = report.verdicts.filter { $0.weight == .leak }.reduce(0) { $0 + $1.count }
    cards.append(("\(leaks)", "leaks", leaks > 0))
    let copies = report.exactDuplicates.reduce(0) { $0 + $1.count - 1 }
    cards.append(("\(copies)", "exact copies", false))
    cards.append(("\(report.nearDuplicates.count)", "near copies", false))
    let suspects = findings.suspicions.count { !$0.isEmpty }
    cards.append(("\(suspects)", "suspects", false))
    return "<div class=\"cards\">"
      + cards.map {
        "<div class=\"card\($0.2 ? " bad" : "")\"><b>\($0.0)</b><span>\($0.1)</span></div>"
      }.joined() + "</div>"
  }

  private var verdicts: String {
    let sentence =
      "<p class=\"verdict \(report.passed ? "good" : "bad")\">\(Html.escaped(Html.capitalised(report.sentence)))</p>"
    let rows = report.verdicts.map { verdict in
      "<tr><td><span class=\"tag \(verdict.weight.rawValue)\">\(verdict.weight.rawValue)</span></td>"
        + "<td class=\"name\"><a href=\"#\(anchor(verdict.name))\">\(verdict.name)</a></td>"
        + "<td class=\"number\">\(verdict.count)</td>"
        + "<td>\(Html.escaped(Html.capitalised(verdict.meaning))). <b>\(Html.escaped(Html.capitalised(verdict.advice)))</b>.</td></tr>"
    }
    let table =
      rows.isEmpty
      ? "" : Html.table(["", "found", "count", "what it is, and what to do"], rows, numbers: [2])
    return Html.section("verdicts", "Verdicts", sentence + table)
  }

  /// Where a verdict's radiographs are listed.
  private func anchor(_ verdict: String) -> String {
    switch verdict {
    case "without-labels", "findings-that-never-occur": "labels"
    case "exact-duplicates", "near-duplicates": "duplicates"
    default: verdict
    }
  }

  private var leaks: String {
    AuditLeakKind.allCases.compactMap { kind -> String? in
      let leaks = report.leaks.filter { $0.kind == kind }
      guard !leaks.isEmpty else { return nil }
      let hasPatient = leaks.contains { $0.patient != nil }
      let rows = leaks.prefix(Self.mostRows).map { leak in
        let radiographs = leak.radiographs.prefix(6).map { "<code>\(Html.escaped($0))</code>" }.joined(
          separator: "<br>")
        let rest = leak.radiographs.count > 6 ? "<br>and \(leak.radiographs.count - 6) more" : ""
        let sides = leak.sides.map { Html.escaped(Html.side($0)) }.joined(separator: " | ")
        let patient = hasPatient ? "<td>\(Html.escaped(leak.patient ?? ""))</td>" : ""
        return "<tr><td>\(sides)</td>\(patient)<td>\(radiographs)\(rest)</td></tr>"
      }
      let isAllowed = report.verdicts.contains { $0.name == kind.rawValue && $0.weight == .allowed }
      return Html.section(
        kind.rawValue, (isAllowed ? "Allowed: " : "Leak: ") + kind.meaning,
        Html.table(["between"] + (hasPatient ? ["patient"] : []) + ["images"], rows)
          + more(leaks.count, Self.mostRows),
        isBad: !isAllowed)
    }.joined(separator: "\n")
  }

  private func more(_ count: Int, _ shown: Int) -> String {
    count > shown ? "<p class=\"quiet\">and \(count - shown) more, see audit.json</p>" : ""
  }

  private var duplicates: String {
    let (exact, near) = (findings.duplicates.exact, findings.duplicates.near)
    guard !exact.isEmpty || !near.isEmpty else { return "" }
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
    func block(_ title: String, _ pairs: [String], _ count: Int) -> String {
      pairs.isEmpty
        ? ""
        : "<h3>\(title)</h3><div class=\"pairs\">\(pairs.joined())</div>" + more(count, Self.mostPictures)
    }
    return Html.section(
      "duplicates", "Radiographs that are there twice",
      block("Equal pixels", exactPairs, exact.count) + block("Nearly equal pictures", nearPairs, near.count))
  }

  private var suspects: String {
    AuditSuspicion.allCases.compactMap { kind -> String? in
      let radiographs = Self.suspects(findings, kind)
      guard !radiographs.isEmpty else { return nil }
      return Html.section(
        kind.rawValue, "Suspect: \(kind.rawValue) (\(radiographs.count))",
        "<p>\(Html.escaped(Html.capitalised(kind.meaning))).</p>"
          + pictures.sheet(radiographs.prefix(Self.mostPictures))
          + more(radiographs.count, Self.mostPictures))
    }.joined(separator: "\n")
  }

  private var undecodable: String {
    guard !report.undecodable.isEmpty else { return "" }
    let rows = report.undecodable.map { failure in
      let radiographs =
        failure.radiographs.prefix(20).map { "<code>\(Html.escaped($0))</code>" }.joined(separator: "<br>")
        + (failure.radiographs.count > 20 ? "<br>and \(failure.radiographs.count - 20) more" : "")
      return
        "<tr><td>\(Html.escaped(failure.reason))</td><td class=\"number\">\(failure.radiographs.count)</td>"
        + "<td>\(radiographs)</td></tr>"
    }
    return Html.section(
      "undecodable", "Radiographs that cannot be decoded",
      Html.table(["reason", "count", "images"], rows, numbers: [1]))
  }

  private var sizes: String {
    guard let headers = report.headers else { return "" }
    let rows = [("width", headers.width), ("height", headers.height)].map { name, range in
      "<tr><td>\(name)</td><td class=\"number\">\(range.least)</td><td class=\"number\">\(range.median)</td>"
        + "<td class=\"number\">\(range.most)</td></tr>"
    }
    let facts = [
      ("Bits", headers.bitDepths), ("Channels", headers.channels), ("Photometric", headers.photometric),
      ("Manufacturer", headers.manufacturers), ("View", headers.views),
    ].filter { !$0.1.isEmpty }.map { "<div><h3>\($0.0)</h3>\(Html.bars(Array($0.1.prefix(10))))</div>" }
    return Html.section(
      "headers", "Sizes and headers",
      Html.table(["pixels", "least", "median", "most"], rows, numbers: [1, 2, 3])
        + "<div class=\"facts\"><div><h3>Shorter side, pixels</h3>\(Html.bars(headers.shorterSides))</div>"
        + facts.joined() + "</div>")
  }

  private var labels: String {
    let splits = report.splits
    let findings = (splits.first?.findings ?? []).map(\.name).filter { name in
      splits.contains { $0.findings.contains { $0.name == name && $0.present + $0.unknown > 0 } }
    }
    func cells(_ value: (AuditReport.Split) -> String) -> String {
      splits.map { "<td class=\"number\">\(value($0))</td>" }.joined()
    }
    var rows = [
      "<tr><td>radiographs</td>\(cells { "\($0.radiographs)" })</tr>",
      "<tr><td>decoded</td>\(cells { "\($0.decoded)" })</tr>",
      "<tr><td>patients</td>\(cells { "\($0.patients)" })</tr>",
      "<tr><td>without any label</td>\(cells { "\($0.withoutLabels)" })</tr>",
    ]
    for name in findings {
      rows.append(
        "<tr><td>\(Html.escaped(name))</td>"
          + cells { split in
            guard let finding = split.findings.first(where: { $0.name == name }) else { return "" }
            return "\(finding.present)"
              + (finding.unknown > 0 ? "<span class=\"quiet\"> +\(finding.unknown) unknown</span>" : "")
          } + "</tr>")
    }
    let heads = splits.map { ($0.name.isEmpty ? "no split" : $0.name) + ($0.trains ? " (trains)" : "") }
    let never = report.findingsThatNeverOccur
    return Html.section(
      "labels", "Splits and labels",
      Html.table([""] + heads, rows, numbers: Set(1...max(heads.count, 1)))
        + (never.isEmpty ? "" : "<p>Never present: \(never.map(Html.escaped).joined(separator: ", ")).</p>"))
  }

  private var sampleSheet: String {
    sample.isEmpty ? "" : Html.section("sample", "A random sample", pictures.sheet(sample[...]))
  }
}
