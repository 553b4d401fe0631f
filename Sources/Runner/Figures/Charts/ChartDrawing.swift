import Foundation

/// A line chart on a canvas: where its parts go, and how they are drawn.
struct ChartDrawing {
  private static let margin = 18.0
  private static let titleStyle = TextStyle(17, LineChart.ink, isBold: true)
  private static let textStyle = TextStyle(13, LineChart.ink)
  private static let tickStyle = TextStyle(12, LineChart.quiet)
  private static let noteStyle = TextStyle(11.5, LineChart.quiet)
  /// Of more values, single ones get no mark and no bar of their own.
  private static let mostMarks = 40
  /// Marks along a line of more values.
  private static let spreadMarks = 7

  private let chart: LineChart
  private let canvas: Canvas
  /// Where values are drawn.
  let plot: Box
  private let x: Axis
  private let y: Axis
  /// Each series' line, at values.
  private let lines: [[Point]]
  private let endings: [String]

  init(_ chart: LineChart, on canvas: Canvas) {
    (self.chart, self.canvas) = (chart, canvas)
    let lines = chart.series.map(\.line)
    let endings = lines.map(Self.ending)
    let axis = chart.yAxis
    let room = canvas.typesetter
    let labels = axis.ticks.map { room.width(of: axis.label(of: $0), Self.tickStyle) }.max() ?? 0
    let names =
      zip(chart.series, endings).map {
        max(room.width(of: $0.name, Self.textStyle), room.width(of: $1, Self.noteStyle))
      }.max() ?? 0
    let (width, height) = (Double(chart.size.width), Double(chart.size.height))
    let legend = min(names + 46, 0.3 * width)
    let left = Self.margin + 24 + labels.rounded(.up) + 10
    let top = chart.subtitle.isEmpty ? 52.0 : 72
    plot = Box(
      x: left, y: top, width: (width - left - legend - 16 - Self.margin).rounded(.down),
      height: height - top - 60)
    (y, x) = (axis, chart.xAxis(width: plot.width))
    (self.lines, self.endings) = (lines, endings)
  }

  /// What a line comes to, in words.
  private static func ending(_ line: [Point]) -> String {
    guard let last = line.last(where: { $0.y.isFinite })?.y else { return "no values" }
    let format = last != 0 && abs(last) < 1e-3 ? "%.2e" : abs(last) < 1000 ? "%.4f" : "%.5g"
    return "at the end " + String(format: format, last)
  }

  func draw() {
    let width = Double(chart.size.width) - plot.x - Self.margin
    canvas.text(chart.title, at: Point(plot.x, 16), Self.titleStyle, width: width)
    canvas.text(chart.subtitle, at: Point(plot.x, 42), Self.tickStyle, width: width)
    drawAxes()
    let clip = Box(x: plot.x - 5, y: plot.y - 5, width: plot.width + 10, height: plot.height + 10)
    canvas.clip(to: [clip]) {
      for index in chart.series.indices {
        drawInterval(index)
        drawValues(index)
      }
      for index in chart.series.indices { drawLine(index) }
    }
    if !lines.joined().contains(where: { place($0).isFinite }) {
      canvas.text(
        "no values yet", at: plot.middle, TextStyle(15, LineChart.quiet), alignment: .center, anchor: .middle)
    }
    drawLegend()
  }

  private func drawAxes() {
    for tick in y.ticks {
      guard let position = y.position(of: tick) else { continue }
      let row = (plot.bottom - position * plot.height).rounded()
      canvas.fill(Box(x: plot.x, y: row, width: plot.width, height: 1), LineChart.grid)
      canvas.text(
        y.label(of: tick), at: Point(plot.x - 9, row), Self.tickStyle, alignment: .right, anchor: .middle)
    }
    for tick in x.ticks {
      guard let position = x.position(of: tick) else { continue }
      let column = (plot.x + position * plot.width).rounded()
      canvas.fill(Box(x: column, y: plot.bottom, width: 1, height: 5), LineChart.quiet)
      canvas.text(x.label(of: tick), at: Point(column, plot.bottom + 8), Self.tickStyle, alignment: .center)
    }
    canvas.fill(Box(x: plot.x, y: plot.bottom.rounded(), width: plot.width, height: 1), LineChart.quiet)
    canvas.text(
      chart.xLabel, at: Point(plot.middle.x, plot.bottom + 30), Self.textStyle, alignment: .center,
      width: plot.width)
    canvas.text(
      chart.yLabel, at: Point(Self.margin + 7, plot.middle.y), Self.textStyle, alignment: .center,
      anchor: .middle, width: plot.height, isUpward: true)
  }

  /// Where a value is drawn; not finite where the axes have no place for it.
  private func place(_ value: Point) -> Point {
    guard let across = x.position(of: value.x), let up = y.position(of: value.y) else {
      return Point(.nan, .nan)
    }
    return Point(plot.x + across * plot.width, plot.bottom - up * plot.height)
  }

  /// The values beneath a running mean, faint.
  private func drawValues(_ index: Int) {
    let series = chart.series[index]
    guard series.isSmoothed else { return }
    canvas.stroke(Smoothing.thinned(series.points.map(place)), LineStyle(index).color, share: 0.22)
  }

  private func drawLine(_ index: Int) {
    let style = LineStyle(index)
    let line = lines[index].map(place)
    canvas.stroke(Smoothing.thinned(line), style.color, thickness: 2, dash: style.dash)
    for point in marked(line, index) { canvas.draw(style.mark, at: point, style.color) }
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
  private func drawInterval(_ index: Int) {
    let (series, color) = (chart.series[index], LineStyle(index).color)
    guard !series.low.isEmpty else { return }
    let bounds = series.points.indices.map { at in
      (place(Point(series.points[at].x, series.low[at])), place(Point(series.points[at].x, series.high[at])))
    }
    guard bounds.count > Self.mostMarks else {
      for (low, high) in bounds where low.isFinite && high.isFinite {
        let caps = [low, high].map { [Point($0.x - 4, $0.y), Point($0.x + 4, $0.y)] }
        canvas.stroke(pieces: [[low, high]] + caps, color, thickness: 1.2, share: 0.75)
      }
      return
    }
    for piece in bounds.split(whereSeparator: { !($0.0.isFinite && $0.1.isFinite) }) {
      let lows = Smoothing.thinned(piece.map(\.0))
      canvas.fill(polygon: lows + Smoothing.thinned(piece.map(\.1)).reversed(), color, share: 0.16)
    }
  }

  /// Names at the right, each with its line's last value; the names alone where there is little room.
  private func drawLegend() {
    let left = plot.right + 16
    let room = plot.height + 20
    let isShort = Double(chart.series.count) * 40 > room
    let step = isShort ? 21.0 : 40
    let fitting = max(1, Int(room / step))
    let shown = chart.series.count > fitting ? fitting - 1 : chart.series.count
    let width = Double(chart.size.width) - left - 36 - Self.margin / 2
    for (index, series) in chart.series.prefix(shown).enumerated() {
      let style = LineStyle(index)
      let middle = plot.y + 4 + Double(index) * step
      canvas.stroke(
        [Point(left, middle), Point(left + 28, middle)], style.color, thickness: 2, dash: style.dash)
      canvas.draw(style.mark, at: Point(left + 14, middle), style.color)
      canvas.text(
        series.name, at: Point(left + 36, middle), Self.textStyle, anchor: .middle, width: width,
        ellipsis: .atStart)
      if !isShort {
        canvas.text(endings[index], at: Point(left + 36, middle + 9), Self.noteStyle, width: width)
      }
    }
    if shown < chart.series.count {
      canvas.text(
        "and \(chart.series.count - shown) more", at: Point(left + 36, plot.y + 4 + Double(shown) * step),
        Self.noteStyle, anchor: .middle, width: width)
    }
  }
}
