import Figures
import Foundation

/// Axes, lines and marks of a chart as SVG. Colours are classes, so that the page's style has them for light and dark.
struct ChartLines {
  /// Classes of colours that the style sheet has.
  static let colorCount = 8
  /// Of more values, single ones get no mark and no bar of their own.
  private static let mostMarks = 40
  private static let spreadMarks = 7
  /// Of a column of the drawing that keeps four points; a line then has about a thousand at most.
  private static let columnWidth = 2.64

  private let page: PageChart
  private var chart: LineChart { page.chart }

  init(_ page: PageChart) { self.page = page }

  var axes: Html {
    let plot = page.plot
    let grid = page.y.ticks.compactMap { tick -> Html? in
      guard let position = page.y.position(of: tick) else { return nil }
      let row = PageChart.number(plot.bottom - position * plot.height)
      return .element("path", ["class": "grid", "d": "M\(PageChart.number(plot.x)) \(row)h\(plot.width)"])
        + .element(
          "text", ["class": "tick-y", "x": PageChart.number(plot.x - 8), "y": row],
          Html(page.y.label(of: tick)))
    }
    let columns = page.x.ticks.compactMap { tick -> Html? in
      guard let position = page.x.position(of: tick) else { return nil }
      let column = PageChart.number(plot.x + position * plot.width)
      return .element("path", ["class": "stroke", "d": "M\(column) \(PageChart.number(plot.bottom))v5"])
        + .element(
          "text", ["class": "tick-x", "x": column, "y": PageChart.number(plot.bottom + 21)],
          Html(page.x.label(of: tick)))
    }
    let base = Html.element(
      "path",
      ["class": "stroke", "d": "M\(PageChart.number(plot.x)) \(PageChart.number(plot.bottom))h\(plot.width)"])
    return .element("g", ["class": "ticks"], grid + columns) + base
      + .element(
        "text", ["class": "name-y", "x": "4", "y": "14"], Html(chart.yLabel))
      + .element(
        "text",
        ["class": "name-x", "x": PageChart.number(plot.right), "y": PageChart.number(plot.bottom + 42)],
        Html(chart.xLabel))
  }

  var lines: Html {
    let shades = chart.series.indices.map { group($0, "under", intervals($0) + values($0)) }
    return shades.joined() + chart.series.indices.map { group($0, "over", line($0)) }.joined()
  }

  private func group(_ index: Int, _ kind: String, _ content: Html) -> Html {
    content.isEmpty
      ? .empty
      : .element(
        "g",
        [
          "class": "\(kind) s\(index % Self.colorCount)",
          "data-name": kind == "over" ? chart.series[index].name : nil,
        ],
        content)
  }

  /// The values beneath a running mean, faint.
  private func values(_ index: Int) -> Html {
    let series = chart.series[index]
    guard series.isSmoothed else { return .empty }
    return .element(
      "path", ["class": "faint", "d": path(thinned(series.points.map(page.place)))])
  }

  private func line(_ index: Int) -> Html {
    let places = chart.series[index].line.map(page.place)
    return .element(
      "path",
      ["class": "line", "d": path(thinned(places)), "stroke-dasharray": Self.dashes(index)])
      + marked(places, index).map { Self.mark(index, at: $0) }.joined()
  }

  private func thinned(_ places: [Point]) -> [Point] {
    Smoothing.thinned(places, columnWidth: Self.columnWidth)
  }

  /// Where a line has its mark: at every value, or at a few places where it has many.
  private func marked(_ line: [Point], _ index: Int) -> [Point] {
    let finite = line.filter(\.isFinite)
    guard finite.count > Self.mostMarks else { return finite }
    // Each line has its marks elsewhere, so that lines which lie upon one another show.
    let shift = (Double(index) * 0.382).truncatingRemainder(dividingBy: 1)
    return (0..<Self.spreadMarks).map { number in
      finite[Int((Double(number) + 0.1 + 0.8 * shift) / Double(Self.spreadMarks) * Double(finite.count))]
    }
  }

  /// Bars at few values, a band along many.
  private func intervals(_ index: Int) -> Html {
    let series = chart.series[index]
    guard !series.low.isEmpty else { return .empty }
    let bounds = series.points.indices.map { at in
      (
        low: page.place(Point(series.points[at].x, series.low[at])),
        high: page.place(Point(series.points[at].x, series.high[at]))
      )
    }
    guard bounds.count > Self.mostMarks else {
      let bars = bounds.filter { $0.low.isFinite && $0.high.isFinite }
      return .element("path", ["class": "bars", "d": bars.map { path([$0.low, $0.high]) }.joined()])
    }
    return bounds.split { !($0.low.isFinite && $0.high.isFinite) }.map { piece in
      let outline = thinned(piece.map(\.low)) + thinned(piece.map(\.high)).reversed()
      return .element("path", ["class": "band", "d": path(outline) + "Z"])
    }.joined()
  }

  /// A broken line where places are not finite.
  private func path(_ places: [Point]) -> String {
    var (text, isBegun) = ("", false)
    for place in places {
      guard place.isFinite else {
        isBegun = false
        continue
      }
      text += "\(isBegun ? "L" : "M")\(PageChart.number(place.x)) \(PageChart.number(place.y))"
      isBegun = true
    }
    return text
  }

  static func dashes(_ index: Int) -> String? {
    let dash = LineStyle(index).dash
    return dash.isEmpty ? nil : dash.map(PageChart.number).joined(separator: " ")
  }

  static func mark(_ index: Int, at place: Point) -> Html {
    let outline =
      switch LineStyle(index).mark {
      case .circle: "M-3.8 0a3.8 3.8 0 1 0 7.6 0a3.8 3.8 0 1 0 -7.6 0Z"
      case .square: "M-3.5 -3.5h7v7h-7Z"
      case .triangle: "M0 -5L4.6 3.5H-4.6Z"
      case .diamond: "M0 -5L5 0L0 5L-5 0Z"
      case .cross: "M-4 -2.4L-2.4 -4L0 -1.6L2.4 -4L4 -2.4L1.6 0L4 2.4L2.4 4L0 1.6L-2.4 4L-4 2.4L-1.6 0Z"
      }
    return .element(
      "path",
      [
        "class": "mark", "d": outline,
        "transform": "translate(\(PageChart.number(place.x)) \(PageChart.number(place.y)))",
      ])
  }
}
