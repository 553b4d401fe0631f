import Figures
import Imaging
import Radiographs
import WorldModel

/// A picture of radiographs as they came, each with a box around what the store keeps.
struct ContactSheet: Figure {
  /// Radiographs of one sheet.
  static let mostRadiographs = 48
  private static let mostColumns = 8
  private static let side = 176.0
  private static let margin = 10.0
  private static let captionHeight = 34.0
  private static let cellWidth = side + margin
  private static let cellHeight = side + captionHeight + margin
  private static let ink = Color(225, 225, 225)
  private static let quiet = Color(165, 165, 165)
  private static let kept = Color(70, 200, 120)
  private static let refused = Color(235, 150, 40)

  let index: StoreIndex
  /// Positions in the index, at most 48.
  let radiographs: [Int]
  let source: any RadiographSource

  var background: Color { Color(24, 24, 26) }

  func size(_ typesetter: Typesetter) -> Size {
    let rows = max((radiographs.count + columns - 1) / columns, 1)
    return Size(
      Int(Double(columns) * Self.cellWidth + Self.margin), Int(Double(rows) * Self.cellHeight + Self.margin))
  }

  private var columns: Int { min(Self.mostColumns, max(radiographs.count, 1)) }

  /// Radiographs are decoded anew.
  func draw(on canvas: Canvas) {
    for (number, radiograph) in radiographs.enumerated() {
      let corner = Point(
        Self.margin + Double(number % columns) * Self.cellWidth,
        Self.margin + Double(number / columns) * Self.cellHeight)
      drawRadiograph(radiograph, at: corner, on: canvas)
    }
  }

  private func drawRadiograph(_ number: Int, at corner: Point, on canvas: Canvas) {
    let stored = index.radiographs[number]
    let below = corner.y + Self.side
    canvas.text(
      index.records[number].identifier, at: Point(corner.x, below + 3), TextStyle(11.5, Self.ink),
      width: Self.side, ellipsis: .atStart)
    canvas.text(
      caption(stored), at: Point(corner.x, below + 18), TextStyle(10.5, Self.quiet), width: Self.side)
    let scale = Self.side / Double(max(stored.sourceWidth, stored.sourceHeight))
    let (width, height) = (Double(stored.sourceWidth) * scale, Double(stored.sourceHeight) * scale)
    let place = Box(
      x: (corner.x + (Self.side - width) / 2).rounded(), y: (corner.y + (Self.side - height) / 2).rounded(),
      width: width.rounded(), height: height.rounded())
    guard let radiograph = try? source.radiograph(at: stored.sourceIndex) else {
      canvas.frame(place, Self.quiet)
      canvas.text("gone since", at: Point(place.x + 6, place.y + 8), TextStyle(11, Self.quiet))
      return
    }
    canvas.draw(radiograph, in: place)
    let crop = stored.crop
    let box = Box(
      x: place.x + Double(crop.column) * scale, y: place.y + Double(crop.row) * scale,
      width: Double(crop.width) * scale, height: Double(crop.height) * scale)
    let color = stored.cropWasRefused ? Self.refused : Self.kept
    canvas.frame(box, color, thickness: 1, share: stored.cutShare > 0 || stored.cropWasRefused ? 1 : 0.4)
  }

  private func caption(_ radiograph: StoredRadiograph) -> String {
    let size = "\(radiograph.sourceWidth)×\(radiograph.sourceHeight)"
    if radiograph.cropWasRefused { return size + ", border too large" }
    return radiograph.cutShare > 0 ? "\(size) → \(radiograph.width)×\(radiograph.height)" : "\(size), whole"
  }
}
