import Foundation

/// One lung's pixels in one row of the radiograph.
struct LungRow {
  let row: Int
  let y: Float
  /// Edges of the lung, from the midline.
  let inner: Float
  let outer: Float
  /// Front to back, where deepest.
  let depth: Float
  /// Border of a lung that has come away from the ribs; infinite where it has not.
  let pleura: Float
  /// Pixels between `inner` and `outer`.
  let columns: Range<Int>
  /// `x` of column 0, from the midline into this half, and what each column adds.
  let firstX: Float
  let step: Float

  @inline(__always)
  func x(_ column: Int) -> Float { firstX + Float(column) * step }
}

/// The rows of one lung, from its apex to the radiograph's lower edge.
struct LungScan {
  let side: Side
  let lung: LungOutline
  let rows: [LungRow]

  init(_ anatomy: Anatomy, _ side: Side, pneumothorax: Pneumothorax?, geometry: RadiographGeometry) {
    self.side = side
    let lung = anatomy.lung(side)
    self.lung = lung
    let scale = geometry.pixelsPerCentimetre
    let size = geometry.size
    let free = pneumothorax.flatMap { $0.side == side ? $0 : nil }
    let first = min(max(Int(lung.apex * scale), 0), size)
    rows = (first..<size).map { row in
      let y = geometry.y(ofRow: row)
      let (inner, outer) = (lung.inner(at: y), lung.outer(at: y))
      let midline = geometry.midline(atRow: Float(row) + 0.5)
      let ends = [midline + side.sign * inner * scale, midline + side.sign * outer * scale].sorted()
      let start = min(max(Int(ends[0].rounded(.down)), 0), size)
      let end = min(max(Int(ends[1].rounded(.up)), start), size)
      var pleura = Float.infinity
      if let free { pleura = y > free.apex(lung: lung) ? free.pleura(at: y, lung: lung) : 0 }
      return LungRow(
        row: row, y: y, inner: inner, outer: outer, depth: lung.sectionDepth(at: y), pleura: pleura,
        columns: start..<end, firstX: side.sign * geometry.firstX(ofRow: row), step: side.sign / scale)
    }
  }
}
