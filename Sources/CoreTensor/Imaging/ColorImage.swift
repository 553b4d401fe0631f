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

  /// An image of channels in [0, 1], clipped; not-a-number becomes 0.
  /// - Precondition: the three are of one size.
  public init(red: GrayImage, green: GrayImage, blue: GrayImage) {
    require(
      green.width == red.width && blue.width == red.width && green.height == red.height
        && blue.height == red.height, "ColorImage: channels of different sizes")
    var rgb: [UInt8] = []
    rgb.reserveCapacity(3 * red.pixels.count)
    for index in red.pixels.indices {
      for value in [red.pixels[index], green.pixels[index], blue.pixels[index]] {
        rgb.append(Self.level(value))
      }
    }
    self.init(width: red.width, height: red.height, rgb: rgb)
  }

  /// A map of heat over a radiograph: what is cold leaves it grey, and what is hot covers it, from violet over orange to
  /// light yellow, which rises in lightness and so is read in grey too.
  /// - Parameters:
  ///   - heat: 0 cold to 1 hot, clipped; brought to the radiograph's size between pixels.
  ///   - radiograph: 0 black to 1 white.
  public init(heat: GrayImage, over radiograph: GrayImage) {
    let (height, width) = (radiograph.height, radiograph.width)
    let heat =
      heat.width == width && heat.height == height ? heat : heat.resized(to: (height, width))
    var rgb: [UInt8] = []
    rgb.reserveCapacity(3 * heat.pixels.count)
    for (grey, value) in zip(radiograph.pixels, heat.pixels) {
      let warmth = value > 0 ? min(value, 1) : 0
      for channel in Self.ramp(warmth) {
        rgb.append(Self.level((1 - warmth) * grey + warmth * channel))
      }
    }
    self.init(width: width, height: height, rgb: rgb)
  }

  private static func level(_ value: Float) -> UInt8 {
    value > 0 ? UInt8((min(value, 1) * 255).rounded()) : 0
  }

  private static let stops: [[Float]] = [
    [0.18, 0.04, 0.38], [0.55, 0.10, 0.45], [0.88, 0.30, 0.22], [0.98, 0.63, 0.12], [1.0, 0.96, 0.65],
  ]

  private static func ramp(_ value: Float) -> [Float] {
    let place = value * Float(stops.count - 1)
    let lower = min(Int(place), stops.count - 2)
    let share = place - Float(lower)
    return zip(stops[lower], stops[lower + 1]).map { (1 - share) * $0 + share * $1 }
  }
}
