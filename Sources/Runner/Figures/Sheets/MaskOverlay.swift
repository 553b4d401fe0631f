import Imaging

/// A radiograph with the outlines of masks in colours, and below it what each is of and how probable.
package struct MaskOverlay: Figure {
  /// A mask and its words.
  package struct Layer {
    let name: String
    let probability: Double
    let isPresent: Bool
    /// 0 or 1, in the radiograph's pixels.
    let mask: GrayImage

    package init(name: String, probability: Double, isPresent: Bool, mask: GrayImage) {
      (self.name, self.probability, self.isPresent, self.mask) = (name, probability, isPresent, mask)
    }
  }

  /// The longer side is enlarged or reduced to lie between these.
  private static let longestSide = 512.0...768.0
  private static let margin = 12.0
  private static let line = 20.0
  private static let narrowest = 460.0
  private let title: String
  private let layers: [Layer]
  private let outlined: ColorImage

  package init(title: String, radiograph: GrayImage, layers: [Layer]) {
    (self.title, self.layers) = (title, layers)
    outlined = Self.outlined(radiograph, layers)
  }

  package var background: Color { .white }

  package func size(_ typesetter: Typesetter) -> Size {
    Size(
      Int(max(Double(outlined.width), Self.narrowest) + 2 * Self.margin),
      Int(Double(outlined.height) + 2.5 * Self.margin + Double(layers.count + 2) * Self.line))
  }

  package func draw(on canvas: Canvas) {
    let width = Double(canvas.size.width) - 2 * Self.margin
    canvas.text(title, at: Point(Self.margin, Self.margin - 4), TextStyle(14, isBold: true), width: width)
    let top = Self.margin + Self.line
    canvas.draw(
      outlined,
      in: Box(x: Self.margin, y: top, width: Double(outlined.width), height: Double(outlined.height)))
    var row = top + Double(outlined.height) + Self.margin
    for (number, layer) in layers.enumerated() {
      canvas.fill(Box(x: Self.margin, y: row + 2, width: 12, height: 12), Self.color(number))
      canvas.text(
        layer.name + String(format: ": at most %.2f", layer.probability)
          + (layer.isPresent ? ", outlined" : ", not found"),
        at: Point(Self.margin + 20, row), TextStyle(13), width: width - 20)
      row += Self.line
    }
    canvas.text(
      "Outlines are what a model predicts, no finding of a physician.", at: Point(Self.margin, row),
      TextStyle(11.5, Color(85, 85, 92)), width: width)
  }

  /// Bright, so that they show on dark lungs.
  static let colors = [
    Color(255, 214, 0), Color(0, 200, 255), Color(255, 120, 190), Color(140, 255, 90), Color(255, 140, 40),
    Color(200, 160, 255),
  ]
  private static func color(_ number: Int) -> Color { colors[number % colors.count] }

  /// The radiograph as large as can be seen at once, each mask's outline two pixels wide.
  static func outlined(_ radiograph: GrayImage, _ layers: [Layer]) -> ColorImage {
    let longest = Double(max(radiograph.height, radiograph.width))
    let scale = min(max(longest, longestSide.lowerBound), longestSide.upperBound) / longest
    let height = max(1, Int((Double(radiograph.height) * scale).rounded()))
    let width = max(1, Int((Double(radiograph.width) * scale).rounded()))
    let seen = scale == 1 ? radiograph : radiograph.resized(to: (height, width))
    var rgb = seen.pixels.flatMap { pixel in
      let grey = Color(grey: pixel)
      return [grey.red, grey.green, grey.blue]
    }
    let near = [
      (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1), (-2, 0), (2, 0), (0, -2), (0, 2),
    ]
    for (number, layer) in layers.enumerated() {
      let color = color(number)
      func isIn(_ row: Int, _ column: Int) -> Bool {
        guard (0..<height).contains(row), (0..<width).contains(column) else { return false }
        let (down, across) = (layer.mask.height, layer.mask.width)
        return layer.mask[(2 * row + 1) * down / (2 * height), (2 * column + 1) * across / (2 * width)] > 0.5
      }
      for row in 0..<height {
        for column in 0..<width where isIn(row, column) {
          let isInside = near.allSatisfy { isIn(row + $0.0, column + $0.1) }
          if !isInside {
            let place = 3 * (row * width + column)
            (rgb[place], rgb[place + 1], rgb[place + 2]) = (color.red, color.green, color.blue)
          }
        }
      }
    }
    return ColorImage(width: width, height: height, rgb: rgb)
  }
}
