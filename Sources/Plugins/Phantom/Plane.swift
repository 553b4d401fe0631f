import Foundation

/// How centimetres of the patient fall on pixels of the radiograph.
struct RadiographGeometry: Sendable {
  /// Rows and columns of the square radiograph.
  let size: Int
  let pixelsPerCentimetre: Float
  /// Column of the midline at the top edge.
  let midline: Float
  /// Columns gained for each row down.
  let lean: Float
  /// Sideways bow of the whole trunk, in pixels, largest at mid-height.
  let bow: Float
  /// `x` gained for each centimetre of `z`.
  let turn: Float

  init(size: Int, fieldWidth: Float, posture: Posture, bow: Float) {
    self.size = size
    pixelsPerCentimetre = Float(size) / fieldWidth
    midline = Float(size) / 2 + (posture.shift - posture.lean * fieldWidth / 2) * pixelsPerCentimetre
    lean = posture.lean
    self.bow = bow * pixelsPerCentimetre
    turn = posture.turn
  }

  /// Column of the midline in the given row.
  func midline(atRow row: Float) -> Float {
    let share = row / Float(size)
    return midline + lean * row + bow * 4 * share * (1 - share)
  }

  /// Where a place falls: (row, column) in pixels, pixel centres at halves.
  func project(_ place: Point) -> (row: Float, column: Float) {
    let row = place.y * pixelsPerCentimetre
    return (row, midline(atRow: row) + (place.x + turn * place.z) * pixelsPerCentimetre)
  }

  /// `y` of a row of pixels.
  func y(ofRow row: Int) -> Float { (Float(row) + 0.5) / pixelsPerCentimetre }
  /// `x` of column 0 in a row of pixels, at `z = 0`; each further column adds `1 / pixelsPerCentimetre`.
  func firstX(ofRow row: Int) -> Float {
    (0.5 - midline(atRow: Float(row) + 0.5)) / pixelsPerCentimetre
  }
}

/// One path length in centimetres for each pixel of the radiograph.
final class Plane {
  let geometry: RadiographGeometry
  let size: Int
  let values: UnsafeMutablePointer<Float>

  init(_ geometry: RadiographGeometry) {
    self.geometry = geometry
    size = geometry.size
    values = .allocate(capacity: size * size)
    values.initialize(repeating: 0, count: size * size)
  }

  deinit { values.deallocate() }

  @inline(__always)
  func row(_ row: Int) -> UnsafeMutablePointer<Float> { values + row * size }

  /// Calls `body` with each pixel that the ellipsoid shadows and the path through it.
  @inline(__always)
  private func visit(_ shape: Ellipsoid, _ body: (UnsafeMutablePointer<Float>, Float) -> Void) {
    let scale = geometry.pixelsPerCentimetre
    let (row, column) = geometry.project(shape.centre)
    let extent = shape.halfExtent
    let (sine, cosine) = (sin(shape.angle), cos(shape.angle))
    let firstRow = max(Int(max(row - extent.y * scale, shape.ceiling * scale).rounded(.down)), 0)
    let lastRow = min(
      Int(min(row + extent.y * scale, min(shape.floor * scale, Float(size))).rounded(.up)), size)
    // The trunk's lean shears whatever it carries, so each row has its own centre.
    for pixelRow in firstRow..<max(firstRow, lastRow) {
      let dy = (Float(pixelRow) + 0.5 - row) / scale
      let shift = geometry.midline(atRow: Float(pixelRow) + 0.5) - geometry.midline(atRow: row)
      let centre = column + shift
      let first = max(Int(centre - extent.x * scale), 0)
      let last = min(Int(centre + extent.x * scale) + 1, size)
      let pixels = self.row(pixelRow)
      for pixel in first..<max(first, last) {
        let dx = (Float(pixel) + 0.5 - centre) / scale
        let along = (dx * cosine + dy * sine) / shape.along
        let across = (dy * cosine - dx * sine) / shape.across
        body(pixels + pixel, 2 * shape.depth * max(0, 1 - along * along - across * across).squareRoot())
      }
    }
  }

  func add(_ shape: Ellipsoid, weight: Float = 1) { visit(shape) { $0.pointee += weight * $1 } }

  /// Keeps the longer path where shapes of one organ overlap.
  func unite(_ shape: Ellipsoid) { visit(shape) { $0.pointee = max($0.pointee, $1) } }
}
