import Figures
import Foundation

/// A chart within a page: the same `LineChart` that figures are drawn from, as SVG that takes its colours from the
/// page, with a description, a legend in words, and its values as a table. The page's script adds a cursor and zooming.
package struct PageChart {
  /// How every chart begins; nothing that comes from a file can look like it.
  static let opening = "<figure class=\"chart\""
  /// Rows of the table of values.
  static let mostRows = 100

  let chart: LineChart
  /// Of the drawing, in units of its own; the page scales it.
  let plot = Box(x: 84, y: 40, width: 660, height: 270)
  let size = Size(760, 356)
  private let anchor: String
  let x: Axis
  let y: Axis

  /// - Parameters:
  ///   - anchor: unique within the page; letters, digits and dashes.
  ///   - chart: its size does not matter.
  package init(_ anchor: String, _ chart: LineChart) {
    (self.anchor, self.chart) = (anchor, chart)
    (x, y) = (chart.xAxis(width: plot.width), chart.yAxis)
  }

  package var html: Html {
    let drawing = ChartLines(self)
    let heading = Html.element("p", ["class": "chart-title"], Html(chart.title))
    let caption = chart.subtitle.isEmpty ? .empty : Html.element("figcaption", [:], Html(chart.subtitle))
    return .element(
      "figure", ["class": "chart", "id": anchor], heading, caption, svg(drawing), legend,
      .details("Values of \"\(chart.title)\" as a table", ChartValues(chart).html))
  }

  private func svg(_ drawing: ChartLines) -> Html {
    let ends = [plot.x, plot.y, plot.right, plot.bottom].map(Self.number).joined(separator: " ")
    let values = [x.low, x.high, y.low, y.high].map { "\($0)" }.joined(separator: " ")
    return .element(
      "svg",
      [
        "class": "drawing", "viewBox": "0 0 \(size.width) \(size.height)", "role": "img",
        "aria-labelledby": "\(anchor)-title \(anchor)-description", "data-plot": ends, "data-values": values,
        "data-logarithmic": y.isLogarithmic ? "true" : nil, "data-x": chart.xLabel,
      ],
      .element("title", ["id": "\(anchor)-title"], Html(chart.title)),
      .element("desc", ["id": "\(anchor)-description"], Html(description)),
      .element(
        "clipPath", ["id": "\(anchor)-clip"],
        .element(
          "rect",
          [
            "x": Self.number(plot.x - 5), "y": Self.number(plot.y - 5), "width": Self.number(plot.width + 10),
            "height": Self.number(plot.height + 10),
          ])),
      .element("g", ["class": "axes", "aria-hidden": "true"], drawing.axes),
      .element("g", ["clip-path": "url(#\(anchor)-clip)", "class": "plot"], drawing.lines))
  }

  /// What the lines come to, for those who do not see them.
  private var description: String {
    let lines = chart.series.map { series -> String in
      let values = series.line.filter(\.isFinite)
      guard let first = values.first, let last = values.last else { return "\(series.name) has no values" }
      return "\(series.name) goes from \(ChartValues.text(first.y)) to \(ChartValues.text(last.y))"
        + ", between \(ChartValues.text(values.map(\.y).min()!)) and \(ChartValues.text(values.map(\.y).max()!))"
    }
    return "Lines of \(chart.yLabel) over \(chart.xLabel). " + lines.joined(separator: "; ") + "."
  }

  private var legend: Html {
    let items = chart.series.enumerated().map { number, series -> Html in
      let sample = Html.element(
        "svg",
        [
          "viewBox": "0 0 34 12", "class": "sample s\(number % ChartLines.colorCount)", "aria-hidden": "true",
        ],
        .element(
          "path", ["class": "line", "d": "M0 6H34", "stroke-dasharray": ChartLines.dashes(number)]),
        ChartLines.mark(number, at: Point(17, 6)))
      let last = series.line.last(where: \.isFinite).map { "at the end " + ChartValues.text($0.y) }
      return .element(
        "li", [:], sample, .element("span", [:], Html(series.name)),
        .element("span", ["class": "quiet"], Html(last ?? "no values yet")))
    }
    return .element("ul", ["class": "legend"], items)
  }

  /// Where a value is drawn; not finite where the axes have no place for it.
  func place(_ value: Point) -> Point {
    guard let across = x.position(of: value.x), let up = y.position(of: value.y) else {
      return Point(.nan, .nan)
    }
    return Point(plot.x + across * plot.width, plot.bottom - up * plot.height)
  }

  /// A coordinate in as few digits as a reader can see.
  static func number(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() ? String(format: "%.0f", rounded) : String(format: "%g", rounded)
  }
}
