import Figures
import Foundation
import Runs

/// Draws `loss.png` and `loss.svg` from `metrics.jsonl`.
enum LossChart {
  static func draw(_ folder: RunFolder) throws {
    let series = series(of: try MetricsLog.lines(of: folder))
    guard series[0].points.count > 1 else { return }
    let chart = LineChart(
      title: "Prediction error",
      subtitle: "mean squared error of target features; zij: target j from context i",
      xLabel: "step", yLabel: "loss",
      series: series)
    for item in [RunFolder.Item.lossChart, .lossOutlines] { try chart.write(to: folder.path(of: item)) }
  }

  /// The loss, and after it the prediction errors that it is made of, by name.
  static func series(of lines: [[String: Any]]) -> [LineChart.Series] {
    var curves: [String: [Point]] = [:]
    for fields in lines {
      guard let step = fields["step"] as? Double else { continue }
      for (name, value) in fields where name == "loss" || isPredictionError(name) {
        if let number = value as? Double { curves[name, default: []].append(Point(step, number)) }
      }
    }
    return (["loss"] + curves.keys.filter { $0 != "loss" }.sorted()).map {
      LineChart.Series(name: $0, points: curves[$0] ?? [], isSmoothed: true)
    }
  }

  /// `z12`, or `TASK.z11` of a naive loss; `patches.z12` is a count.
  static func isPredictionError(_ name: String) -> Bool {
    guard MetricsLog.isLossTerm(name), let last = name.split(separator: ".").last, last.count >= 3,
      last.first == "z"
    else { return false }
    return last.dropFirst().allSatisfy(\.isNumber)
  }
}
