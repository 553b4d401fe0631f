/// A grey image: `height` rows of `width` float32 pixels, row-major, normally in [0, 1] (0 black, 1 white).
public struct GrayImage: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// `height * width` values, row-major.
  public var pixels: [Float]

  /// - Precondition: `pixels.count == width * height`.
  public init(width: Int, height: Int, pixels: [Float]) {
    precondition(
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
    get { pixels[row * width + column] }
    set { pixels[row * width + column] = newValue }
  }
}
