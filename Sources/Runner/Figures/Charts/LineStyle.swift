/// What tells a line from the others of its chart: a colour, and for readers who see no colours dashes and marks.
package struct LineStyle {
  /// The mark of a value.
  package enum Mark: String, CaseIterable {
    case circle
    case square
    case triangle
    case diamond
    case cross
  }

  let color: Color
  /// Lengths in pixels of stroke and gap, in turn; empty for an unbroken line.
  package let dash: [Double]
  package let mark: Mark

  private static let dashes: [[Double]] = [[], [9, 4], [3, 3], [9, 3, 2, 3]]

  /// The style of a chart's line, counted from 0. Forty lines differ in dash or mark, whatever their colours.
  package init(_ number: Int) {
    color = Color.distinct[number % Color.distinct.count]
    // Counts without a common factor, so that all pairs of dash and mark occur.
    dash = Self.dashes[number % Self.dashes.count]
    mark = Mark.allCases[number % Mark.allCases.count]
  }
}

extension Canvas {
  /// Draws the mark of a value, about eight pixels wide.
  func draw(_ mark: LineStyle.Mark, at point: Point, _ color: Color) {
    guard point.isFinite else { return }
    let (x, y) = (point.x, point.y)
    switch mark {
    case .circle: line(from: point, to: point, color, thickness: 7.5)
    case .square: fill(Box(x: x - 3.5, y: y - 3.5, width: 7, height: 7), color)
    case .triangle: fill(polygon: [Point(x, y - 5), Point(x + 4.6, y + 3.5), Point(x - 4.6, y + 3.5)], color)
    case .diamond:
      fill(polygon: [Point(x, y - 5), Point(x + 5, y), Point(x, y + 5), Point(x - 5, y)], color)
    case .cross:
      stroke(
        pieces: [
          [Point(x - 3.4, y - 3.4), Point(x + 3.4, y + 3.4)],
          [Point(x - 3.4, y + 3.4), Point(x + 3.4, y - 3.4)],
        ], color, thickness: 2)
    }
  }
}
