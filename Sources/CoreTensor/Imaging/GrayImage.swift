import CoreTensor

/// A grey image: `height` rows of `width` float32 pixels, row-major, normally in [0, 1] (0 black, 1 white).
public struct GrayImage: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// `height * width` values, row-major.
  public var pixels: [Float]

  /// - Precondition: `pixels.count == width * height`.
  public init(width: Int, height: Int, pixels: [Float]) {
    require(
      pixels.count == width * height,
      "GrayImage: \(pixels.count) pixels given for \(width) × \(height)")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// An image of one grey value.
  public init(width: Int, height: Int, fill: Float = 0) {
    self.init(width: width, height: height, pixels: [Float](repeating: fill, count: width * height))
  }

  public subscript(row: Int, column: Int) -> Float {
    @inlinable get { pixels[row * width + column] }
    @inlinable set { pixels[row * width + column] = newValue }
  }

  /// Bilinear at a place between pixels; whole numbers are pixels' middles, and what lies outside is black.
  public func sampled(row: Double, column: Double) -> Float {
    guard row > -1, column > -1, row < Double(height), column < Double(width) else { return 0 }
    let (top, left) = (Int(row.rounded(.down)), Int(column.rounded(.down)))
    let (down, right) = (Float(row - Double(top)), Float(column - Double(left)))
    func at(_ row: Int, _ column: Int) -> Float {
      (0..<height).contains(row) && (0..<width).contains(column) ? self[row, column] : 0
    }
    return (1 - down) * ((1 - right) * at(top, left) + right * at(top, left + 1))
      + down * ((1 - right) * at(top + 1, left) + right * at(top + 1, left + 1))
  }
}
