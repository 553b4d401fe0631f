import CoreTensor

/// Lines over a common axis, as a picture.
public struct LineChart: Figure, Sendable {
  /// One line, with the interval of each value where there are any.
  public struct Series: Sendable {
    public let name: String
    /// (x, y), ascending in x. What is not finite leaves a gap.
    public let points: [Point]
    /// The lower and upper bound of each point's y; both empty for values without intervals. A bound that is not finite
    /// leaves that point's interval out.
    public let low: [Double]
    public let high: [Double]
    /// Draws the values faint and their running mean strong over them.
    public let isSmoothed: Bool

    /// - Precondition: `low` and `high` are both empty or both as long as `points`.
    public init(
      name: String, points: [Point], low: [Double] = [], high: [Double] = [], isSmoothed: Bool = false
    ) {
      require(
        low.count == high.count && (low.isEmpty || low.count == points.count),
        "LineChart.Series \(name): \(points.count) points with \(low.count) lower and \(high.count) upper bounds"
      )
      self.name = name
      self.points = points
      self.low = low
      self.high = high
      self.isSmoothed = isSmoothed
    }

    /// Values at steps 0, 1, 2 ….
    public init(name: String, values: [Double], isSmoothed: Bool = false) {
      self.init(
        name: name, points: values.enumerated().map { Point(Double($0.offset), $0.element) },
        isSmoothed: isSmoothed)
    }

    /// What the eye follows: the running mean or the values themselves.
    package var line: [Point] { isSmoothed ? Smoothing.mean(points) : points }
  }

  public var title: String
  /// A smaller line below the title.
  public var subtitle: String
  public var xLabel: String
  public var yLabel: String
  public var isLogarithmic: Bool
  public var series: [Series]
  /// Of the picture, in pixels, at least 400 × 240.
  public var size: Size

  public let background = Color.white
  static let ink = Color(40, 44, 52)
  static let quiet = Color(96, 102, 112)
  static let grid = Color(228, 231, 236)

  public init(
    title: String, subtitle: String = "", xLabel: String, yLabel: String, isLogarithmic: Bool = false,
    series: [Series], size: Size = Size(1000, 560)
  ) {
    self.title = title
    self.subtitle = subtitle
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.isLogarithmic = isLogarithmic
    self.series = series
    self.size = size
  }

  public func size(_ typesetter: Typesetter) -> Size { size }

  /// Axis of the values. Lone outliers of a smoothed series are cut off rather than flatten the rest.
  public var yAxis: Axis {
    Axis(
      showing: series.flatMap { Smoothing.shown($0) + $0.low + $0.high }, isLogarithmic: isLogarithmic,
      tickCount: max(2, size.height / 80))
  }

  /// Axis of the steps.
  /// - Parameter width: of the plot, in pixels.
  package func xAxis(width: Double) -> Axis {
    Axis(showing: series.flatMap { $0.points.map(\.x) }, tickCount: max(2, Int(width / 90)), isTight: true)
  }

  public func draw(on canvas: Canvas) {
    require(size.width >= 400 && size.height >= 240, "LineChart: \(size) is below 400 × 240")
    ChartDrawing(self, on: canvas).draw()
  }
}
