import CoreTensor

/// A font of drawn strokes: printable ASCII and a few signs of the field.
enum StrokeFont {
  /// Units between the top of capitals and the line that they stand on.
  static let capitalUnits = 12.0
  /// Units between two glyphs.
  static let gap = 3.4

  struct Glyph: Sendable {
    let width: Double
    /// Lines through points, in units.
    let pieces: [[Point]]
  }

  /// A box stands for what the font does not have.
  static func glyph(_ character: Character) -> Glyph { glyphs[character] ?? unknown }

  private static let unknown = Glyph(width: 6, pieces: [Box(x: 0, y: 1, width: 6, height: 11).outline])
  private static let glyphs = drawings.mapValues { drawing in
    Glyph(
      width: Double(drawing.width),
      pieces: drawing.strokes.split(separator: "|").map { piece(of: String($0)) })
  }

  /// Width of a text in units, without a gap after the last glyph.
  static func width(of text: String) -> Double {
    guard !text.isEmpty else { return 0 }
    return text.reduce(-gap) { $0 + glyph($1).width + gap }
  }

  private static func piece(of stroke: String) -> [Point] {
    let isClosed = stroke.hasPrefix("@")
    let isCurve = isClosed || stroke.hasPrefix("~")
    let points = stroke.drop { $0 == "@" || $0 == "~" }.split(separator: " ").map { pair -> Point in
      guard let across = pair.first.flatMap({ Int(String($0), radix: 36) }),
        let down = Int(String(pair.dropFirst()), radix: 36)
      else { fail("StrokeFont: \"\(pair)\" is no point") }
      return Point(Double(across), Double(down))
    }
    return isCurve ? curve(points, isClosed: isClosed) : points
  }

  /// Catmull-Rom spline through all points.
  private static func curve(_ points: [Point], isClosed: Bool) -> [Point] {
    let count = points.count
    func at(_ index: Int) -> Point {
      isClosed ? points[(index + count) % count] : points[min(max(index, 0), count - 1)]
    }
    var result = [points[0]]
    for index in 0..<(isClosed ? count : count - 1) {
      let (a, b, c, d) = (at(index - 1), at(index), at(index + 1), at(index + 2))
      for part in 1...6 {
        let t = Double(part) / 6
        func mix(_ p: Double, _ q: Double, _ r: Double, _ s: Double) -> Double {
          q + t / 2 * (r - p + t * (2 * p - 5 * q + 4 * r - s + t * (3 * (q - r) + s - p)))
        }
        result.append(Point(mix(a.x, b.x, c.x, d.x), mix(a.y, b.y, c.y, d.y)))
      }
    }
    return result
  }
}

/// Where a text lies relative to its point.
public enum TextAlignment: Sendable {
  case left
  case center
  case right
}

extension Canvas {
  /// Pixels that a line of text takes across.
  /// - Parameter height: of capital letters, in pixels.
  public static func textWidth(_ text: String, height: Double) -> Double {
    (StrokeFont.width(of: text) * height / StrokeFont.capitalUnits).rounded(.up)
  }

  /// Writes a line of text.
  /// - Parameters:
  ///   - point: left end, middle or right end (by `alignment`) of the top of capital letters.
  ///   - height: of capital letters, in pixels; multiples of 3 are sharpest. Small letters reach a third of it below.
  ///   - isUpward: turned so that it is read from bottom to top; `point` is then turned with it.
  public mutating func text(
    _ text: String, at point: Point, height: Double = 9, _ color: Color, alignment: TextAlignment = .left,
    isUpward: Bool = false, isBold: Bool = false
  ) {
    let unit = height / StrokeFont.capitalUnits
    let width = Self.textWidth(text, height: height)
    let start: Double =
      switch alignment {
      case .left: 0
      case .center: -(width / 2).rounded()
      case .right: -width
      }
    // Strokes in the middle of pixels are sharpest.
    let origin = Point(point.x.rounded() + 0.5, point.y.rounded() + 0.5)
    var pieces: [[Point]] = []
    var pen = start
    for character in text {
      let glyph = StrokeFont.glyph(character)
      let offset = pen.rounded()
      for piece in glyph.pieces {
        pieces.append(
          piece.map { spot in
            let (along, down) = (offset + spot.x * unit, spot.y * unit)
            return isUpward
              ? Point(origin.x + down, origin.y - along) : Point(origin.x + along, origin.y + down)
          })
      }
      pen += (glyph.width + StrokeFont.gap) * unit
    }
    let thickness = max(1.1, height / 8) * (isBold ? 1.5 : 1)
    stroke(pieces: pieces, color, thickness: thickness, share: 1)
  }

  /// The longest part of a text that fits, with an ellipsis where it was cut.
  /// - Parameter keepsEnd: cuts the beginning, as suits paths.
  public static func fitted(
    _ text: String, width: Double, height: Double, keepsEnd: Bool = false
  ) -> String {
    if textWidth(text, height: height) <= width { return text }
    var short = text
    while !short.isEmpty {
      if keepsEnd { short.removeFirst() } else { short.removeLast() }
      let cut = keepsEnd ? "…" + short : short + "…"
      if !short.isEmpty, textWidth(cut, height: height) <= width { return cut }
    }
    return ""
  }
}
