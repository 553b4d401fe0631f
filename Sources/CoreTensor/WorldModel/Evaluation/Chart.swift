/// Curves over a common axis, which the host draws.
public struct Chart: Sendable, Equatable {
  /// A curve; points in the order in which they are joined.
  public struct Curve: Sendable, Equatable {
    public struct Point: Sendable, Equatable {
      public let x: Double
      public let y: Double

      public init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }
    }
    public let name: String
    public let points: [Point]

    public init(_ name: String, _ points: [Point]) { (self.name, self.points) = (name, points) }
  }

  /// Of the file, without its ending.
  public let name: String
  public let title: String
  public let subtitle: String
  /// What the axes show, units included.
  public let xLabel: String
  public let yLabel: String
  public let curves: [Curve]

  /// - Parameters:
  ///   - name: of the file, without its ending.
  ///   - title: stands above the chart.
  ///   - subtitle: says what a stranger must know; default nothing.
  ///   - xLabel: what the horizontal axis shows.
  ///   - yLabel: what the vertical axis shows.
  ///   - curves: one or more.
  public init(
    name: String, title: String, subtitle: String = "", xLabel: String, yLabel: String, curves: [Curve]
  ) {
    (self.name, self.title, self.subtitle) = (name, title, subtitle)
    (self.xLabel, self.yLabel, self.curves) = (xLabel, yLabel, curves)
  }
}
