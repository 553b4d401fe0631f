/// A colour of 8 bits a channel.
public struct Color: Sendable, Hashable {
  public var red: UInt8
  public var green: UInt8
  public var blue: UInt8

  public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// - Parameter grey: 0 is black and 1 is white; values beyond are clipped, and what is no number is black.
  public init(grey: Float) {
    let level = grey > 0 ? UInt8((min(grey, 1) * 255).rounded()) : 0
    self.init(level, level, level)
  }

  public static let white = Color(255, 255, 255)
  public static let black = Color(0, 0, 0)

  /// This colour with `share` of `other` mixed in; 0 is this colour, 1 the other.
  public func mixed(with other: Color, _ share: Double) -> Color {
    func mix(_ from: UInt8, _ to: UInt8) -> UInt8 {
      UInt8((Double(from) + (Double(to) - Double(from)) * min(max(share, 0), 1)).rounded())
    }
    return Color(mix(red, other.red), mix(green, other.green), mix(blue, other.blue))
  }

  /// Colours for lines that lie in one chart: readers who do not see all hues can tell them apart too
  /// (after Okabe and Ito).
  public static let distinct = [
    Color(0, 92, 171), Color(213, 94, 0), Color(0, 138, 105), Color(180, 74, 142), Color(198, 140, 0),
    Color(60, 160, 220), Color(90, 90, 90), Color(150, 30, 40),
  ]
}
