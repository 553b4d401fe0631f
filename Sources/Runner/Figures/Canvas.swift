import CoreTensor
import Imaging

/// A drawing surface of 8-bit colour. Whatever falls outside is cut off.
public struct Canvas: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// Red, green, blue of each pixel, row-major: `height * width * 3` bytes.
  public private(set) var rgb: [UInt8]

  /// - Parameter background: what every pixel shows at first.
  public init(width: Int, height: Int, background: Color = .white) {
    require(width > 0 && height > 0, "Canvas: size \(width) × \(height) must be positive")
    self.width = width
    self.height = height
    rgb = [UInt8](repeating: 0, count: width * height * 3)
    for pixel in 0..<width * height { store(background, at: pixel) }
  }

  public subscript(row: Int, column: Int) -> Color {
    get {
      let base = (row * width + column) * 3
      return Color(rgb[base], rgb[base + 1], rgb[base + 2])
    }
    set { store(newValue, at: row * width + column) }
  }

  private mutating func store(_ color: Color, at pixel: Int) {
    rgb[pixel * 3] = color.red
    rgb[pixel * 3 + 1] = color.green
    rgb[pixel * 3 + 2] = color.blue
  }

  /// Mixes `share` of a colour into one pixel; nothing where the pixel lies outside.
  public mutating func blend(_ color: Color, row: Int, column: Int, share: Double) {
    guard row >= 0, row < height, column >= 0, column < width, share > 0 else { return }
    self[row, column] = self[row, column].mixed(with: color, share)
  }

  /// Fills a box; its edges may lie within pixels and are then softened.
  /// - Parameter share: 1 covers, less lets shine through.
  public mutating func fill(_ box: Box, _ color: Color, share: Double = 1) {
    guard let rows = Self.cells(box.y, box.bottom, height), let columns = Self.cells(box.x, box.right, width)
    else { return }
    for row in rows {
      let down = Self.overlap(row, box.y, box.bottom)
      for column in columns {
        blend(color, row: row, column: column, share: share * down * Self.overlap(column, box.x, box.right))
      }
    }
  }

  /// Draws parallel slanted lines in a box.
  /// - Parameter spacing: pixels between lines, across.
  public mutating func hatch(_ box: Box, _ color: Color, spacing: Int = 5, share: Double = 1) {
    guard let rows = Self.cells(box.y, box.bottom, height), let columns = Self.cells(box.x, box.right, width)
    else { return }
    for row in rows {
      for column in columns where (row + column) % spacing == 0 {
        blend(color, row: row, column: column, share: share)
      }
    }
  }

  /// Draws the inside of a box's edge, at full pixels.
  public mutating func frame(_ box: Box, _ color: Color, thickness: Double = 1, share: Double = 1) {
    fill(Box(x: box.x, y: box.y, width: box.width, height: thickness), color, share: share)
    fill(Box(x: box.x, y: box.bottom - thickness, width: box.width, height: thickness), color, share: share)
    let inner = box.height - 2 * thickness
    fill(Box(x: box.x, y: box.y + thickness, width: thickness, height: inner), color, share: share)
    fill(
      Box(x: box.right - thickness, y: box.y + thickness, width: thickness, height: inner), color,
      share: share)
  }

  /// Draws an anti-aliased line with round ends.
  public mutating func line(
    from start: Point, to end: Point, _ color: Color, thickness: Double = 1, share: Double = 1
  ) {
    stroke([start, end], color, thickness: thickness, share: share)
  }

  /// Draws an anti-aliased line through all points; where it meets itself it is not drawn twice.
  /// - Parameters:
  ///   - dash: lengths in pixels of stroke and gap, in turn; empty for an unbroken line.
  ///   - clip: nothing is drawn outside of it.
  public mutating func stroke(
    _ points: [Point], _ color: Color, thickness: Double = 1, share: Double = 1, dash: [Double] = [],
    clip: Box? = nil
  ) {
    let pieces = dash.isEmpty ? [points] : Stroke.dashed(points, pattern: dash)
    stroke(pieces: pieces, color, thickness: thickness, share: share, clip: clip)
  }

  /// Draws several lines as one figure.
  mutating func stroke(
    pieces: [[Point]], _ color: Color, thickness: Double, share: Double, clip: Box? = nil
  ) {
    guard
      let cover = Stroke.coverage(of: pieces, thickness: thickness, width: width, height: height, clip: clip)
    else { return }
    for row in 0..<cover.height {
      for column in 0..<cover.width {
        let value = cover.values[row * cover.width + column]
        if value > 0 {
          blend(color, row: cover.row + row, column: cover.column + column, share: share * Double(value))
        }
      }
    }
  }

  /// Whole cells that `low..<high` touches within `0..<limit`.
  static func cells(_ low: Double, _ high: Double, _ limit: Int) -> Range<Int>? {
    guard low.isFinite, high.isFinite, high > low, high > 0, low < Double(limit) else { return nil }
    return Int(max(low, 0).rounded(.down))..<Int(min(high, Double(limit)).rounded(.up))
  }

  /// Share of cell `index` that lies in `low..<high`.
  private static func overlap(_ index: Int, _ low: Double, _ high: Double) -> Double {
    min(high, Double(index + 1)) - max(low, Double(index))
  }
}
