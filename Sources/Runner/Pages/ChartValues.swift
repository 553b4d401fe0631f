import Figures
import Foundation

/// The values of a chart as a table: of many steps a hundred, evenly chosen, with the first and the last.
struct ChartValues {
  private let chart: LineChart

  init(_ chart: LineChart) { self.chart = chart }

  var html: Html {
    let all = Set(chart.series.flatMap { $0.points.map(\.x) }.filter(\.isFinite)).sorted()
    let most = PageChart.mostRows
    let shown = all.count > most ? (0..<most).map { all[$0 * (all.count - 1) / (most - 1)] } : all
    let values = chart.series.map { series in
      Dictionary(zip(series.points.map(\.x), series.points.indices)) { first, _ in first }
    }
    let rows = shown.map { x in
      [Html(Self.text(x))]
        + chart.series.indices.map { number in
          values[number][x].map { Html(text(chart.series[number], $0)) } ?? .empty
        }
    }
    let note =
      all.count > most
      ? Html.quiet("\(most) of \(all.count) rows, evenly chosen, as they were recorded.") : .empty
    return note
      + PageTable(
        "Values of \(chart.title)",
        [.init(chart.xLabel, isNumber: true)] + chart.series.map { .init($0.name, isNumber: true) }, rows
      ).html
  }

  private func text(_ series: LineChart.Series, _ at: Int) -> String {
    let value = Self.text(series.points[at].y)
    guard !series.low.isEmpty, series.low[at].isFinite, series.high[at].isFinite else { return value }
    return value + " [\(Self.text(series.low[at])), \(Self.text(series.high[at]))]"
  }

  /// A number in about five digits.
  static func text(_ value: Double) -> String {
    if value.isNaN { return "not a number" }
    if value.isInfinite { return value > 0 ? "infinity" : "−infinity" }
    return value == value.rounded() && abs(value) < 1e9
      ? String(format: "%.0f", value) : String(format: "%.5g", value)
  }
}
