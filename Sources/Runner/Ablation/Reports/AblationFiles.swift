import Console
import Foundation
import Runs

/// An ablation's results as files: for spreadsheets, papers and scripts.
package struct AblationFiles {
  let results: AblationResults

  package init(_ results: AblationResults) { self.results = results }

  /// Writes `results.txt`, `.csv`, `.tex`, `.json` and `.html` into a folder.
  package func write(to folder: String) throws {
    let plain = Terminal(isInteractive: false, width: 400)
    try DurableFile.write(AblationText(results).text(for: plain), to: folder + "/results.txt")
    try DurableFile.write(csv, to: folder + "/results.csv")
    try DurableFile.write(latex, to: folder + "/results.tex")
    try DurableFile.write(JsonText.encoded(results), to: folder + "/results.json")
    try DurableFile.write(AblationPage(results).text, to: folder + "/results.html")
  }

  /// A line for each row, metric and seed; steps and radiographs seen as metrics of the evaluation "training".
  var csv: String {
    var lines = ["row,evaluation,metric,seed,value"]
    for column in results.columns {
      for (row, cell) in zip(results.rows, column.cells) {
        for (seed, value) in zip(results.seeds, cell.values) {
          let words = [row.name, column.evaluation, column.metric, "\(seed)", value.map { "\($0)" } ?? ""]
          lines.append(words.map(DelimitedText.cell).joined(separator: ","))
        }
      }
    }
    for row in results.rows {
      for cost in row.costs {
        let costs = [("steps", "\(cost.steps)"), ("radiographs", "\(cost.radiographs)")]
        lines += costs.map { metric, value in
          [row.name, "training", metric, "\(cost.seed)", value].map(DelimitedText.cell).joined(separator: ",")
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A table for the package booktabs: mean ± standard deviation, the best of each column bold, a star where the
  /// difference from the first row is beyond the noise.
  var latex: String {
    let metrics = AblationWords.reportedMetrics(results)
    let head =
      ["row", "steps", "minutes"] + results.telling.map { AblationWords.title($0, results) }
      + metrics.map { "reported: \($0)" }
    var lines = [
      "% \(results.title); \(results.seeds.count) seeds; mean and standard deviation over seeds.",
      "% A star: the difference from the first row is beyond the noise.",
      "\\begin{tabular}{l\(String(repeating: "r", count: head.count - 1))}", "\\toprule",
      head.map(Self.escaped).joined(separator: " & ") + " \\\\", "\\midrule",
    ]
    for (index, row) in results.rows.enumerated() {
      let cells = results.telling.map { latexCell($0, index) }
      let reported = metrics.map { metric in
        row.reported.first { $0.metric == metric }.map { own in
          String(format: "$%g", own.mean) + (own.deviation.map { String(format: " \\pm %g", $0) } ?? "") + "$"
        } ?? ""
      }
      let costs = [row.steps.map { "$\($0)$" }, row.minutes.map { String(format: "$%.1f$", $0) }].map {
        $0 ?? "--"
      }
      lines.append(([Self.escaped(row.name)] + costs + cells + reported).joined(separator: " & ") + " \\\\")
    }
    return (lines + ["\\bottomrule", "\\end{tabular}"]).joined(separator: "\n") + "\n"
  }

  private func latexCell(_ column: AblationResults.Column, _ row: Int) -> String {
    let cell = column.cells[row]
    guard let mean = cell.mean else { return "--" }
    let isBest = column.cells.compactMap(\.mean).max() == mean
    let number = AblationWords.number(mean)
    let deviation = cell.deviation.map { " \\pm " + AblationWords.number($0) } ?? ""
    let star = cell.difference?.isBeyondNoise == true ? "^{*}" : ""
    return "$" + (isBest ? "\\mathbf{\(number)}" : number) + deviation + star + "$"
  }

  /// Text as LaTeX prints it.
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\textbackslash{}"
      case "~": result += "\\textasciitilde{}"
      case "^": result += "\\textasciicircum{}"
      case "Δ": result += "$\\Delta$"
      case "&", "%", "$", "#", "_", "{", "}": result += "\\" + String(character)
      default: result.append(character)
      }
    }
    return result
  }
}
