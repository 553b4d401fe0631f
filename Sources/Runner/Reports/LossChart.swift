import Figures
import Foundation
import Runs

/// Draws `loss.png` from `metrics.jsonl`.
enum LossChart {
  static func draw(_ folder: RunFolder) throws {
    var loss: [Point] = []
    var terms: [String: [Point]] = [:]
    for fields in try MetricsLog.lines(of: folder) {
      guard let step = fields["step"] as? Double else { continue }
      for (name, value) in fields {
        guard let number = value as? Double else { continue }
        if name == "loss" { loss.append(Point(step, number)) }
        if isTerm(name) { terms[name, default: []].append(Point(step, number)) }
      }
    }
    guard loss.count > 1 else { return }
    let parts = terms.sorted { $0.key < $1.key }.map {
      LineChart.Series(name: $0.key, points: $0.value, isSmoothed: true)
    }
    let chart = LineChart(
      title: "Prediction error",
      subtitle: "mean squared error of target features; zij: target j from context i",
      xLabel: "step", yLabel: "loss",
      series: [LineChart.Series(name: "loss", points: loss, isSmoothed: true)] + parts)
    try chart.draw().writePng(to: folder.path(of: .lossChart))
  }

  /// `z12`, or `local.z11` of a naive loss.
  private static func isTerm(_ name: String) -> Bool {
    guard let last = name.split(separator: ".").last, last.count >= 3, last.first == "z" else { return false }
    return last.dropFirst().allSatisfy(\.isNumber)
  }
}
