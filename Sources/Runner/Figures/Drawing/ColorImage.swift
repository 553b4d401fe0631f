import CoreTensor

/// An RGB image of 8 bits a channel.
public struct ColorImage: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// `3 * width * height` values, row-major, with red, green and blue interleaved.
  public private(set) var rgb: [UInt8]

  /// - Precondition: `rgb.count == 3 * width * height`.
  public init(width: Int, height: Int, rgb: [UInt8]) {
    require(
      width >= 0 && height >= 0 && rgb.count == 3 * width * height,
      "ColorImage: \(rgb.count) values given for 3 × \(width) × \(height)")
    self.width = width
    self.height = height
    self.rgb = rgb
  }

  public subscript(row: Int, column: Int) -> Color {
    let base = (row * width + column) * 3
    return Color(rgb[base], rgb[base + 1], rgb[base + 2])
  }
}
