import Console
import Foundation

/// An ablation's results for a terminal.
package struct AblationText {
  let results: AblationResults

  package init(_ results: AblationResults) { self.results = results }

  package func text(for terminal: Terminal) -> String {
    let parts = [
      results.title + "\n" + heading + "\n", table(for: terminal), same, costs(for: terminal), orderings,
      agreements(for: terminal),
      refusals,
      notes, failures,
    ]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private var heading: String {
    let seeds = results.seeds.count == 1 ? "1 seed" : "\(results.seeds.count) seeds"
    return "\(seeds): mean ± standard deviation; in brackets the difference from the first row, with its "
      + String(format: "%g%% interval over patients and seeds", results.confidence * 100)
  }

  /// Where the evaluations' names make it wider than the terminal they stand above it, and their numbers in it.
  private func table(for terminal: Terminal) -> String {
    let titles = results.telling.map { AblationWords.title($0, results) }
    let whole = table(titles, for: terminal)
    guard whole.split(separator: "\n").contains(where: { $0.count > terminal.width }) else { return whole }
    let numbers = titles.indices.map { "(\($0 + 1))" }
    return zip(numbers, titles).map { "\($0) \($1)\n" }.joined() + "\n" + table(numbers, for: terminal)
  }

  private func table(_ titles: [String], for terminal: Terminal) -> String {
    let metrics = reportedMetrics
    var table = TextTable(
      columns: [.init("row")] + titles.map { .init($0, .right) }
        + metrics.map { .init("reported: \($0)", .right) })
    for (index, row) in results.rows.enumerated() {
      table.add(
        [row.name + (row.refusal == nil ? "" : " (not compared)")]
          + results.telling.map { AblationWords.cell($0.cells[index]) }
          + metrics.map { metric in
            row.reported.first { $0.metric == metric }.map(AblationWords.reported) ?? ""
          })
    }
    let source = results.source.isEmpty || metrics.isEmpty ? "" : "reported: \(results.source)\n"
    return table.text(for: terminal) + source
  }

  private var same: String { AblationWords.same(results).map { $0 + "\n" }.joined() }

  /// What a run of each row cost; empty where none is finished.
  private func costs(for terminal: Terminal) -> String {
    guard results.rows.contains(where: { !$0.costs.isEmpty }) else { return "" }
    var table = TextTable(
      columns: [.init("a run of")] + AblationWords.costTitles.map { .init($0, .right) })
    for row in results.rows { table.add([row.name] + AblationWords.costs(row)) }
    return table.text(for: terminal)
  }

  private var reportedMetrics: [String] { AblationWords.reportedMetrics(results) }

  private var orderings: String {
    results.telling.filter { !$0.pairs.isEmpty }.map { column in
      let found = results.orderings(column)
      let head =
        "\(AblationWords.title(column, results)): \(found.count) of \(column.pairs.count) orderings are beyond the noise"
      return head + (found.isEmpty ? "" : ":") + "\n"
        + found.map { "  \($0.more) > \($0.less)  \(AblationWords.difference($0.difference))\n" }.joined()
    }.joined()
  }

  private func agreements(for terminal: Terminal) -> String {
    let found = results.agreements
    guard !found.isEmpty else { return "" }
    var table = TextTable(
      columns: [.init("orderings of"), .init("here"), .init("pairs", .right)]
        + ["hold beyond noise", "same way within it", "other way within it", "contradicted"].map {
          .init($0, .right)
        })
    for own in found {
      table.add(
        [own.reported, "\(own.evaluation): \(own.metric)"]
          + [own.pairs, own.holds, own.agrees, own.differs, own.contradicts].map(String.init))
    }
    return table.text(for: terminal)
  }

  private var refusals: String {
    results.rows.compactMap { row in row.refusal.map { "not compared: \(row.name): \($0)\n" } }.joined()
  }

  private var notes: String { results.notes.map { $0 + "\n" }.joined() }

  private var failures: String {
    results.failures.map { "failed: \($0.name): \($0.reason) (\($0.log))\n" }.joined()
  }
}

/// How the parts of an ablation are put in words.
enum AblationWords {
  static func number(_ value: Double) -> String { String(format: "%.4f", value) }

  /// `+0.0210 [0.0041, 0.0383]`, with a star where it is beyond the noise.
  static func difference(_ own: AblationResults.Difference) -> String {
    var text = String(format: "%+.4f", own.mean)
    if let low = own.low, let high = own.high { text += String(format: " [%.4f, %.4f]", low, high) }
    return text + (own.isBeyondNoise ? " *" : "")
  }

  static func value(_ cell: AblationResults.Cell) -> String {
    guard let mean = cell.mean else { return "–" }
    return number(mean) + (cell.deviation.map { " ± " + number($0) } ?? "")
  }

  static func cell(_ cell: AblationResults.Cell) -> String {
    value(cell) + (cell.difference.map { "\n(\(difference($0)))" } ?? "")
  }

  static func reported(_ own: AblationResults.Reported) -> String {
    String(format: "%g", own.mean) + (own.deviation.map { String(format: " ± %g", $0) } ?? "")
  }

  /// The metric, led by the evaluation where several have one of its name.
  static func title(_ column: AblationResults.Column, _ results: AblationResults) -> String {
    let isShared = results.columns.count { $0.metric == column.metric } > 1
    return isShared ? "\(column.evaluation): \(column.metric)" : column.metric
  }

  /// What is the same in every row, a sentence each.
  static func same(_ results: AblationResults) -> [String] {
    results.same.map { column in
      let cell = column.cells.first { $0.mean != nil }
      return "the same in every row: \(title(column, results)) \(cell.map(value) ?? "–")"
    }
  }

  static let costTitles = ["steps", "radiographs seen", "minutes of training"]

  /// Steps, radiographs seen and minutes of training of a row's run.
  static func costs(_ row: AblationResults.Row) -> [String] {
    [
      row.steps.map { "\($0)" } ?? "–", row.radiographs.map { "\($0)" } ?? "–",
      row.minutes.map { String(format: "%.2f", $0) } ?? "–",
    ]
  }

  static func reportedMetrics(_ results: AblationResults) -> [String] {
    var names: [String] = []
    for name in results.rows.flatMap(\.reported).map(\.metric) where !names.contains(name) {
      names.append(name)
    }
    return names
  }
}
