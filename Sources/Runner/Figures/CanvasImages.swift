import Imaging

/// How a picture is brought to another size.
public enum Zoom: Sendable {
  /// Each pixel shows the nearest one: patches keep hard edges.
  case nearest
  /// Weighted between neighbours when enlarging, mean of what a pixel covers when reducing.
  case smooth
}

/// Rows or columns of a picture that one pixel of the canvas is mixed from.
private struct Mix {
  let first: Int
  let weights: [Float]

  /// - Parameters:
  ///   - position: the pixel, counted within the drawn picture.
  ///   - count: pixels of the drawn picture along this side.
  ///   - source: pixels of the given picture along it.
  init(position: Int, count: Int, source: Int, zoom: Zoom) {
    let scale = Double(source) / Double(count)
    if zoom == .nearest {
      first = min(Int((Double(position) + 0.5) * scale), source - 1)
      weights = [1]
    } else if scale <= 1 {
      let center = min(max((Double(position) + 0.5) * scale - 0.5, 0), Double(source - 1))
      first = min(Int(center), max(source - 2, 0))
      let share = Float(center - Double(first))
      weights = source == 1 ? [1] : [1 - share, share]
    } else {
      let low = Double(position) * scale
      let high = min(low + scale, Double(source))
      first = Int(low)
      let last = min(Int(high.rounded(.up)), source)
      weights = (first..<last).map {
        Float((min(high, Double($0 + 1)) - max(low, Double($0))) / (high - low))
      }
    }
  }
}

extension Canvas {
  /// Draws a grey picture.
  /// - Parameters:
  ///   - box: where; rounded to whole pixels.
  ///   - dimming: 1 as it is, 0 black.
  ///   - mirrored: left and right exchanged.
  public mutating func draw(
    _ image: GrayImage, in box: Box, zoom: Zoom = .smooth, dimming: Double = 1, mirrored: Bool = false
  ) {
    let (left, top) = (Int(box.x.rounded()), Int(box.y.rounded()))
    let (columns, rows) = (Int(box.right.rounded()) - left, Int(box.bottom.rounded()) - top)
    guard columns > 0, rows > 0, image.width > 0, image.height > 0 else { return }
    let across = (0..<columns).map { Mix(position: $0, count: columns, source: image.width, zoom: zoom) }
    for row in 0..<rows where top + row >= 0 && top + row < height {
      let down = Mix(position: row, count: rows, source: image.height, zoom: zoom)
      for column in 0..<columns where left + column >= 0 && left + column < width {
        let mix = across[mirrored ? columns - 1 - column : column]
        self[top + row, left + column] = Color(grey: Self.value(image, down, mix) * Float(dimming))
      }
    }
  }

  private static func value(_ image: GrayImage, _ down: Mix, _ across: Mix) -> Float {
    var sum: Float = 0
    for (row, rowWeight) in down.weights.enumerated() {
      let base = (down.first + row) * image.width + across.first
      for (column, weight) in across.weights.enumerated() {
        sum += rowWeight * weight * image.pixels[base + column]
      }
    }
    return sum
  }

  /// The cell of patch `number` where a square grid fills `box`.
  public static func cell(_ number: Int, of box: Box, gridSize: Int) -> Box {
    let (side, tall) = (box.width / Double(gridSize), box.height / Double(gridSize))
    return Box(
      x: box.x + Double(number % gridSize) * side, y: box.y + Double(number / gridSize) * tall, width: side,
      height: tall)
  }

  /// Tints patches of a grid that fills `box`.
  public mutating func tint(
    patches: [Int], of box: Box, gridSize: Int, _ color: Color, share: Double
  ) {
    for patch in patches { fill(Self.cell(patch, of: box, gridSize: gridSize), color, share: share) }
  }

  /// Draws the outline of a set of patches: only edges between a patch of the set and one that is not.
  public mutating func outline(
    patches: [Int], of box: Box, gridSize: Int, _ color: Color, thickness: Double = 1
  ) {
    let members = Set(patches)
    func holds(_ row: Int, _ column: Int) -> Bool {
      (0..<gridSize).contains(row) && (0..<gridSize).contains(column)
        && members.contains(row * gridSize + column)
    }
    for patch in members {
      let (row, column) = (patch / gridSize, patch % gridSize)
      let cell = Self.cell(patch, of: box, gridSize: gridSize)
      if !holds(row - 1, column) {
        fill(Box(x: cell.x, y: cell.y, width: cell.width, height: thickness), color)
      }
      if !holds(row + 1, column) {
        fill(Box(x: cell.x, y: cell.bottom - thickness, width: cell.width, height: thickness), color)
      }
      if !holds(row, column - 1) {
        fill(Box(x: cell.x, y: cell.y, width: thickness, height: cell.height), color)
      }
      if !holds(row, column + 1) {
        fill(Box(x: cell.right - thickness, y: cell.y, width: thickness, height: cell.height), color)
      }
    }
  }
}
