import CoreTensor
import Foundation

/// Lines over a common axis, as a picture.
public struct LineChart: Sendable {
  /// One line.
  public struct Series: Sendable {
    public let name: String
    /// (x, y), ascending in x. What is not finite leaves a gap.
    public let points: [Point]
    /// Draws the values faint and their running mean strong over them.
    public let isSmoothed: Bool
    public let isDashed: Bool
    /// Nil takes the next of `Color.distinct`.
    public let color: Color?

    public init(
      name: String, points: [Point], isSmoothed: Bool = false, isDashed: Bool = false, color: Color? = nil
    ) {
      self.name = name
      self.points = points
      self.isSmoothed = isSmoothed
      self.isDashed = isDashed
      self.color = color
    }

    /// Values at steps 0, 1, 2 ….
    public init(
      name: String, values: [Double], isSmoothed: Bool = false, isDashed: Bool = false, color: Color? = nil
    ) {
      self.init(
        name: name, points: values.enumerated().map { Point(Double($0.offset), $0.element) },
        isSmoothed: isSmoothed, isDashed: isDashed, color: color)
    }
  }

  public var title: String
  /// A smaller line below the title.
  public var subtitle: String
  public var xLabel: String
  public var yLabel: String
  public var isLogarithmic: Bool
  public var series: [Series]

  public init(
    title: String, subtitle: String = "", xLabel: String, yLabel: String, isLogarithmic: Bool = false,
    series: [Series]
  ) {
    self.title = title
    self.subtitle = subtitle
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.isLogarithmic = isLogarithmic
    self.series = series
  }

  private static let ink = Color(40, 44, 52)
  private static let quiet = Color(110, 116, 126)
  private static let grid = Color(228, 231, 236)

  /// Axis of the steps.
  public var xAxis: Axis { Axis(showing: series.flatMap { $0.points.map(\.x) }, tickCount: 8, isTight: true) }
  /// Axis of the values. Lone outliers of a smoothed series are cut off rather than flatten the rest.
  public var yAxis: Axis {
    Axis(showing: series.flatMap { Self.shown($0) }, isLogarithmic: isLogarithmic)
  }

  /// Where the axes lie within a picture of the given size.
  public func plotBox(width: Int, height: Int) -> Box {
    Box(x: 78, y: 66, width: Double(width) - 78 - 190, height: Double(height) - 66 - 58)
  }

  /// Draws the chart.
  /// - Parameters: width, height: of the picture, in pixels, at least 400 × 240.
  public func draw(width: Int = 1000, height: Int = 560) -> Canvas {
    require(width >= 400 && height >= 240, "LineChart: \(width) × \(height) is below 400 × 240")
    var canvas = Canvas(width: width, height: height)
    let box = plotBox(width: width, height: height)
    let (x, y) = (xAxis, yAxis)
    canvas.text(title, at: Point(box.x, 20), height: 12, Self.ink, isBold: true)
    canvas.text(subtitle, at: Point(box.x, 43), height: 9, Self.quiet)
    drawAxes(x, y, in: box, on: &canvas)
    for (index, line) in series.enumerated() { draw(line, index, x, y, in: box, on: &canvas) }
    if !series.contains(where: { $0.points.contains { x.position(of: $0.x) != nil && $0.y.isFinite } }) {
      canvas.text(
        "no values yet", at: Point(box.x + box.width / 2, box.y + box.height / 2), height: 12, Self.quiet,
        alignment: .center)
    }
    drawLegend(y, in: box, on: &canvas)
    return canvas
  }

  private func drawAxes(_ x: Axis, _ y: Axis, in box: Box, on canvas: inout Canvas) {
    for tick in y.ticks {
      guard let position = y.position(of: tick) else { continue }
      let row = (box.bottom - position * box.height).rounded()
      canvas.fill(Box(x: box.x, y: row, width: box.width, height: 1), Self.grid)
      canvas.text(y.label(of: tick), at: Point(box.x - 9, row - 4), Self.quiet, alignment: .right)
    }
    for tick in x.ticks {
      guard let position = x.position(of: tick) else { continue }
      let column = (box.x + position * box.width).rounded()
      canvas.fill(Box(x: column, y: box.bottom, width: 1, height: 5), Self.quiet)
      canvas.text(x.label(of: tick), at: Point(column, box.bottom + 11), Self.quiet, alignment: .center)
    }
    canvas.fill(Box(x: box.x, y: box.bottom.rounded(), width: box.width, height: 1), Self.quiet)
    canvas.text(
      xLabel, at: Point(box.x + box.width / 2, box.bottom + 34), height: 9, Self.ink, alignment: .center)
    canvas.text(
      yLabel, at: Point(18, box.y + box.height / 2), height: 9, Self.ink, alignment: .center, isUpward: true)
  }

  private func color(_ index: Int) -> Color {
    series[index].color ?? Color.distinct[index % Color.distinct.count]
  }

  private func draw(_ line: Series, _ index: Int, _ x: Axis, _ y: Axis, in box: Box, on canvas: inout Canvas)
  {
    func place(_ points: [Point]) -> [Point] {
      points.map { point in
        guard let across = x.position(of: point.x), let up = y.position(of: point.y) else {
          return Point(.nan, .nan)
        }
        return Point(box.x + across * box.width, box.bottom - up * box.height)
      }
    }
    let clip = Box(x: box.x, y: box.y - 3, width: box.width + 3, height: box.height + 4)
    let dash: [Double] = line.isDashed ? [7, 5] : []
    if line.isSmoothed {
      canvas.stroke(place(line.points), color(index), thickness: 1, share: 0.22, clip: clip)
      canvas.stroke(place(Self.smoothed(line.points)), color(index), thickness: 2, dash: dash, clip: clip)
    } else {
      canvas.stroke(place(line.points), color(index), thickness: 1.8, dash: dash, clip: clip)
    }
  }

  /// Names at the right, each beside the line's last value.
  private func drawLegend(_ y: Axis, in box: Box, on canvas: inout Canvas) {
    let left = box.right + 18
    for (index, line) in series.enumerated() {
      let top = box.y + 2 + Double(index) * 40
      guard top + 30 < box.bottom else { return }
      canvas.stroke(
        [Point(left, top + 5), Point(left + 22, top + 5)], color(index), thickness: 2.4,
        dash: line.isDashed ? [7, 5] : [])
      let name = Canvas.fitted(line.name, width: Double(canvas.width) - left - 38, height: 9)
      canvas.text(name, at: Point(left + 30, top), height: 9, Self.ink)
      let ending = (line.isSmoothed ? Self.smoothed(line.points) : line.points).last { $0.y.isFinite }
      let value = ending.map { String(format: abs($0.y) < 1e-3 ? "%.2e" : "%.4f", $0.y) } ?? "no values"
      canvas.text("at the end " + value, at: Point(left + 30, top + 16), height: 7.5, Self.quiet)
    }
  }

  /// The straight line that fits each point's neighbours best, taken at the point: a running mean that neither lags
  /// nor jumps at the ends. Neighbours are about a fortieth of all points.
  static func smoothed(_ points: [Point]) -> [Point] {
    let finite = points.filter { $0.y.isFinite }
    let reach = min(finite.count / 80, 200)
    guard reach > 1 else { return finite }
    var sums = [(y: 0.0, moment: 0.0)]
    for (index, point) in finite.enumerated() {
      let last = sums[sums.count - 1]
      sums.append((last.y + point.y, last.moment + Double(index) * point.y))
    }
    return finite.indices.map { index in
      let (first, end) = (max(0, index - reach), min(finite.count, index + reach + 1))
      let count = Double(end - first)
      let middle = Double(first + end - 1) / 2
      let mean = (sums[end].y - sums[first].y) / count
      let moment = sums[end].moment - sums[first].moment - middle * mean * count
      let slope = moment / (count * (count * count - 1) / 12)
      return Point(finite[index].x, mean + slope * (Double(index) - middle))
    }
  }

  /// The values that the axis must reach.
  private static func shown(_ line: Series) -> [Double] {
    let values = line.points.map(\.y).filter(\.isFinite)
    guard line.isSmoothed, values.count >= 200 else { return values }
    let ordered = values.sorted()
    let cut = values.count / 200
    return Array(ordered[cut..<(values.count - cut)]) + smoothed(line.points).map(\.y)
  }
}
