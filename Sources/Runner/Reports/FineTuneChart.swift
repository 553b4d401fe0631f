import Figures
import Films
import Foundation
import Runs

/// Draws `curves.png`: how each trial of a fine-tuning did on its validation films, epoch by epoch.
struct FineTuneChart {
  let folder: String
  static let name = "curves.png"
  /// What is drawn, the first that the rows have.
  private static let figures = [
    ("validation_accuracy", "accuracy"), ("validation_auroc", "mean AUROC"), ("validation_loss", "loss"),
  ]

  func draw() throws {
    let files = try Folder.names(folder).filter { $0.hasSuffix(".jsonl") }.sorted()
    var trials: [(name: String, rows: [[String: Double]])] = []
    for file in files {
      let rows = String(decoding: try DurableFile.read(folder + "/" + file), as: UTF8.self)
        .split(separator: "\n").compactMap { line in
          try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }
      trials.append((String(file.dropLast(6)), rows.map { $0.compactMapValues { $0 as? Double } }))
    }
    let found = Self.figures.first { figure in
      trials.contains { $0.rows.contains { $0[figure.0] != nil } }
    }
    guard let figure = found else { return }
    let series = trials.map { trial in
      LineChart.Series(
        name: trial.name,
        points: trial.rows.compactMap { row in
          guard let step = row["step"], let value = row[figure.0] else { return nil }
          return Point(step, value)
        })
    }
    let chart = LineChart(
      title: "Fine-tuning", subtitle: "\(figure.1) on the validation films", xLabel: "epoch",
      yLabel: figure.1,
      series: series)
    try chart.draw().writePng(to: folder + "/" + Self.name)
  }
}
