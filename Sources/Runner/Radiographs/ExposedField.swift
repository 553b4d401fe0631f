import Imaging

/// A rectangle of whole pixels.
public struct PixelBox: Sendable, Equatable {
  public var row: Int
  public var column: Int
  public var height: Int
  public var width: Int

  public init(row: Int, column: Int, height: Int, width: Int) {
    (self.row, self.column, self.height, self.width) = (row, column, height, width)
  }

  /// All of a radiograph.
  public init(_ radiograph: GrayImage) {
    self.init(row: 0, column: 0, height: radiograph.height, width: radiograph.width)
  }

  public var area: Int { height * width }
}

/// The part of a radiograph that was exposed: what is left without black, white or grey borders and the shade of the
/// collimator.
///
/// From each side lines are taken off, as long as nearly all of a line is dark; what little may differ is letters and
/// markers. Lines that hold more of them are taken off too, where clean dark lines follow, at least as many. White
/// lines, and lines as grey as the radiograph's edge, are taken off where they end at once, as no part of a body does.
/// A line that crosses the body is never of these kinds: whatever is cut shows nothing. Of a collimator that stands at
/// an angle to the radiograph's edges a wedge stays.
public struct ExposedField: Sendable, Equatable {
  /// What to keep: the whole radiograph where no border was found or the search was refused.
  public let box: PixelBox
  /// Whether what was found breaks a limit: more than 40 % of a side cut away at one end, or less than a quarter of
  /// the radiograph's area or than 32 pixels a side left. Such a radiograph keeps its borders.
  public let wasRefused: Bool

  /// Share of a side that may go at each end, and share of the area that must stay.
  static let mostCut = 0.4
  static let leastArea = 0.25
  static let leastSide = 32

  /// Searches `radiograph`.
  public init(of radiograph: GrayImage) {
    let whole = PixelBox(radiograph)
    var search = BorderSearch(radiograph)
    let found = search.run()
    let isWithinLimits =
      Double(found.area) >= Self.leastArea * Double(whole.area)
      && min(found.height, found.width) >= min(Self.leastSide, radiograph.height, radiograph.width)
      && [found.row, radiograph.height - found.row - found.height].allSatisfy {
        Double($0) <= Self.mostCut * Double(radiograph.height)
      }
      && [found.column, radiograph.width - found.column - found.width].allSatisfy {
        Double($0) <= Self.mostCut * Double(radiograph.width)
      }
    box = isWithinLimits ? found : whole
    wasRefused = !isWithinLimits
  }
}

private struct BorderSearch {
  private enum Side: CaseIterable { case top, bottom, left, right }

  /// Pixels of a border line that must be border, the rest being letters; and of a line full of letters.
  private static let clean = 0.98
  private static let lettered = 0.8
  /// Longest stretch of lettered lines, as a share of the radiograph's longer side.
  private static let longestLettering = 0.08
  /// Pixels of a line just inside of a white or grey border that may look like it.
  private static let mostInside = 0.6
  /// Shares of the radiograph's own range of greys: what counts as dark, as white, and as the same grey.
  private static let darkShare: Float = 0.05
  private static let whiteShare: Float = 0.98
  private static let sameShare: Float = 0.02

  let radiograph: GrayImage
  private var box: PixelBox
  private let range: Float
  private let dark: Float
  private let white: Float

  init(_ radiograph: GrayImage) {
    self.radiograph = radiograph
    box = PixelBox(radiograph)
    let (low, high) = Self.levels(of: radiograph)
    range = high - low
    dark = low + Self.darkShare * range
    white = low + Self.whiteShare * range
  }

  /// The greys that all but half a percent of the pixels lie above, and below.
  private static func levels(of radiograph: GrayImage) -> (low: Float, high: Float) {
    var histogram = [Int](repeating: 0, count: 4096)
    let step = max(1, radiograph.pixels.count / 250_000)
    var count = 0
    for index in stride(from: 0, to: radiograph.pixels.count, by: step) {
      let value = radiograph.pixels[index]
      histogram[value > 0 ? min(Int(min(value, 1) * 4095), 4095) : 0] += 1
      count += 1
    }
    func level(_ share: Double) -> Float {
      var left = Int(Double(count) * share)
      for (bin, number) in histogram.enumerated() {
        left -= number
        if left < 0 { return Float(bin) / 4095 }
      }
      return 1
    }
    return (level(0.005), level(0.995))
  }

  mutating func run() -> PixelBox {
    // A border in one direction hides part of one in the other, until it is gone.
    for _ in 0..<8 {
      let before = box
      for side in Side.allCases {
        cut(side, lines: borderLines(side))
        if box.area == 0 { return box }
      }
      if box == before { break }
    }
    return box
  }

  private mutating func cut(_ side: Side, lines: Int) {
    switch side {
    case .top: box.row += lines
    case .left: box.column += lines
    case .bottom, .right: break
    }
    if side == .top || side == .bottom { box.height -= lines } else { box.width -= lines }
  }

  /// How many lines of border the box has at a side.
  private func borderLines(_ side: Side) -> Int {
    let isRow = side == .top || side == .bottom
    let lines = isRow ? box.height : box.width
    return max(darkLines(side, lines), plainLines(side, lines, edge: level(of: side)))
  }

  /// Dark lines, letters among them allowed.
  private func darkLines(_ side: Side, _ lines: Int) -> Int {
    let longest = Int(Double(max(radiograph.height, radiograph.width)) * Self.longestLettering)
    var (border, lettered, resumed) = (0, 0, 0)
    for line in 0..<lines {
      let share = shares(side, line, edge: 0).dark
      if share >= Self.clean {
        resumed += 1
        // Clean lines after lettering prove it to lie in the border once they are as many.
        if resumed >= lettered { (border, lettered, resumed) = (line + 1, 0, 0) }
      } else if share >= Self.lettered, lettered + resumed < longest {
        (lettered, resumed) = (lettered + resumed + 1, 0)
      } else {
        break
      }
    }
    return border
  }

  /// White lines, or lines as grey as the edge, that end at once. Where they fade into the radiograph they are none: an
  /// abdomen is as white at the end of many radiographs.
  private func plainLines(_ side: Side, _ lines: Int, edge: Float) -> Int {
    var border = 0
    while border < lines, shares(side, border, edge: edge).plain >= Self.clean { border += 1 }
    guard border > 0, border < lines else { return border }
    let inside = min(border + max(3, lines / 100), lines - 1)
    return shares(side, inside, edge: edge).plain <= Self.mostInside ? border : 0
  }

  /// Where a line begins in the pixels, and the step from one of its pixels to the next.
  private func layout(_ side: Side, _ line: Int) -> (start: Int, step: Int, count: Int) {
    let width = radiograph.width
    let corner = box.row * width + box.column
    switch side {
    case .top: return (corner + line * width, 1, box.width)
    case .bottom: return (corner + (box.height - 1 - line) * width, 1, box.width)
    case .left: return (corner + line, width, box.height)
    case .right: return (corner + box.width - 1 - line, width, box.height)
    }
  }

  /// The middle grey of the outermost line.
  private func level(of side: Side) -> Float {
    let (start, step, count) = layout(side, 0)
    let values = (0..<count).map { radiograph.pixels[start + $0 * step] }.sorted()
    return values[count / 2]
  }

  /// The shares of a line's pixels that are dark, and that are white or as grey as `edge`, whichever are more.
  private func shares(_ side: Side, _ line: Int, edge: Float) -> (dark: Double, plain: Double) {
    let (start, step, count) = layout(side, line)
    let (low, high) = (edge - Self.sameShare * range, edge + Self.sameShare * range)
    var (darkCount, whiteCount, sameCount) = (0, 0, 0)
    radiograph.pixels.withUnsafeBufferPointer { pixels in
      var index = start
      for _ in 0..<count {
        let value = pixels[index]
        if value <= dark { darkCount += 1 }
        if value >= white { whiteCount += 1 }
        if value >= low, value <= high { sameCount += 1 }
        index += step
      }
    }
    return (Double(darkCount) / Double(count), Double(max(whiteCount, sameCount)) / Double(count))
  }
}
