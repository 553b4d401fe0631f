import Figures
import Runs

/// The curves of a run's metrics.
struct ReportedCurves {
  private let lines: [[String: Any]]

  init(_ lines: [[String: Any]]) { self.lines = lines }

  func series(_ field: String, name: String? = nil, isSmoothed: Bool = false) -> LineChart.Series {
    LineChart.Series(
      name: name ?? field,
      points: lines.compactMap { line in
        guard let step = line["step"] as? Double, let value = line[field] as? Double else { return nil }
        return Point(step, value)
      }, isSmoothed: isSmoothed)
  }

  /// Terms that the loss is made of, by name.
  var terms: [String] {
    Set(lines.flatMap { $0.keys }).filter { MetricsLog.isLossTerm($0) && lines.first?[$0] is Double }.sorted()
  }

  /// The charts that everybody looks at, and those for who asks.
  var charts: (first: [(anchor: String, chart: LineChart)], more: [(anchor: String, chart: LineChart)]) {
    guard !lines.isEmpty else { return ([], []) }
    let note = "faint: each step; strong: running mean"
    let loss = LineChart(
      title: "Loss and its terms",
      subtitle: "prediction error of target features; zij: target j from context i; " + note,
      xLabel: "step", yLabel: "loss",
      series: [series("loss", isSmoothed: true)] + terms.map { series($0, isSmoothed: true) })
    func single(_ title: String, _ field: String, _ unit: String, isLogarithmic: Bool = false) -> LineChart {
      LineChart(
        title: title, subtitle: note, xLabel: "step", yLabel: unit, isLogarithmic: isLogarithmic,
        series: [series(field, name: unit, isSmoothed: true)])
    }
    return (
      [
        ("loss", loss),
        (
          "gradient",
          single("Norm of the gradient", "gradient_norm", "norm, logarithmic", isLogarithmic: true)
        ),
      ],
      [
        ("rate", exact("Learning rate", "learning_rate", "learning rate")),
        ("decay", exact("EMA decay", "ema_decay", "EMA decay")),
        ("speed", single("Speed", "images_per_second", "images/s")),
        ("waiting", single("Time spent waiting for data", "data_wait_share", "share of the step")),
      ]
    )
  }

  /// A curve without noise.
  private func exact(_ title: String, _ field: String, _ unit: String) -> LineChart {
    LineChart(title: title, xLabel: "step", yLabel: unit, series: [series(field, name: unit)])
  }

  /// What a curve comes to, for scripts.
  struct Outline: Encodable {
    let name: String
    let points: Int
    let first: Double
    let last: Double
    let least: Double
    let most: Double
  }

  var outlines: [Outline] {
    let names = ["loss"] + terms + ["gradient_norm", "learning_rate", "ema_decay", "images_per_second"]
    return names.compactMap { name in
      let values = series(name).points.map(\.y)
      guard let first = values.first, let last = values.last else { return nil }
      return Outline(
        name: name, points: values.count, first: first, last: last, least: values.min()!, most: values.max()!)
    }
  }
}
