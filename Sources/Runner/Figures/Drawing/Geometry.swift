/// A point on a canvas, in pixels from the top-left corner; pixel (0, 0) covers 0..<1 both ways.
public struct Point: Sendable, Equatable {
  public var x: Double
  public var y: Double
  public init(_ x: Double, _ y: Double) {
    self.x = x
    self.y = y
  }

  package var isFinite: Bool { x.isFinite && y.isFinite }
}

/// Width and height of a figure, in pixels.
public struct Size: Sendable, Equatable {
  public var width: Int
  public var height: Int
  public init(_ width: Int, _ height: Int) {
    self.width = width
    self.height = height
  }
}

/// A rectangle on a canvas, in pixels.
public struct Box: Sendable, Equatable {
  public var x: Double
  public var y: Double
  public var width: Double
  public var height: Double

  public init(x: Double, y: Double, width: Double, height: Double) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  public var right: Double { x + width }
  public var bottom: Double { y + height }
  public var middle: Point { Point(x + width / 2, y + height / 2) }

  /// This box made smaller by `margin` on each side.
  public func inset(_ margin: Double) -> Box {
    Box(x: x + margin, y: y + margin, width: width - 2 * margin, height: height - 2 * margin)
  }

  /// The cell of patch `number` where a square grid of patches fills the box.
  public func cell(_ number: Int, gridSize: Int) -> Box {
    let (across, down) = (width / Double(gridSize), height / Double(gridSize))
    return Box(
      x: x + Double(number % gridSize) * across, y: y + Double(number / gridSize) * down, width: across,
      height: down)
  }

  /// The cells of several patches.
  func cells(_ numbers: some Sequence<Int>, gridSize: Int) -> [Box] {
    numbers.map { cell($0, gridSize: gridSize) }
  }

  var isDrawable: Bool {
    x.isFinite && y.isFinite && width > 0 && height > 0 && right.isFinite && bottom.isFinite
  }
}
