/// Coverage of anti-aliased lines.
enum Stroke {
  /// How much of each pixel of a part of the canvas lines cover.
  struct Coverage {
    let row: Int
    let column: Int
    let width: Int
    let height: Int
    /// 0 to 1, row-major.
    var values: [Float]
  }

  /// - Returns: nil where nothing lies on the canvas. Points that are no finite numbers break a line.
  static func coverage(
    of pieces: [[Point]], thickness: Double, width: Int, height: Int, clip: Box?
  ) -> Coverage? {
    let reach = thickness / 2 + 1
    let points = pieces.joined().filter { $0.x.isFinite && $0.y.isFinite }
    guard let first = points.first else { return nil }
    var low = first
    var high = first
    for point in points {
      low = Point(min(low.x, point.x), min(low.y, point.y))
      high = Point(max(high.x, point.x), max(high.y, point.y))
    }
    let limit = clip ?? Box(x: 0, y: 0, width: Double(width), height: Double(height))
    guard
      let rows = Canvas.cells(max(low.y - reach, limit.y), min(high.y + reach, limit.bottom), height),
      let columns = Canvas.cells(max(low.x - reach, limit.x), min(high.x + reach, limit.right), width)
    else { return nil }
    var cover = Coverage(
      row: rows.lowerBound, column: columns.lowerBound, width: columns.count, height: rows.count,
      values: [Float](repeating: 0, count: rows.count * columns.count))
    for piece in pieces {
      if piece.count == 1 { add(piece[0], piece[0], reach: reach, to: &cover) }
      for (start, end) in zip(piece, piece.dropFirst()) { add(start, end, reach: reach, to: &cover) }
    }
    return cover
  }

  private static func add(_ start: Point, _ end: Point, reach: Double, to cover: inout Coverage) {
    guard start.x.isFinite, start.y.isFinite, end.x.isFinite, end.y.isFinite else { return }
    let top = min(start.y, end.y) - reach - Double(cover.row)
    let left = min(start.x, end.x) - reach - Double(cover.column)
    guard
      let rows = Canvas.cells(top, max(start.y, end.y) + reach - Double(cover.row), cover.height),
      let columns = Canvas.cells(left, max(start.x, end.x) + reach - Double(cover.column), cover.width)
    else { return }
    let (dx, dy) = (end.x - start.x, end.y - start.y)
    let squared = dx * dx + dy * dy
    for row in rows {
      let py = Double(cover.row + row) + 0.5 - start.y
      for column in columns {
        let px = Double(cover.column + column) + 0.5 - start.x
        let along = squared > 0 ? min(max((px * dx + py * dy) / squared, 0), 1) : 0
        let (ex, ey) = (px - along * dx, py - along * dy)
        // A pixel is covered by how far the line's edge (at reach - 1/2) reaches over its centre.
        let value = Float(
          min(max(reach - 0.5 - (ex * ex + ey * ey).squareRoot(), 0), min(1, 2 * (reach - 1))))
        let index = row * cover.width + column
        if value > cover.values[index] { cover.values[index] = value }
      }
    }
  }

  /// Cuts a line into dashes.
  /// - Parameter pattern: lengths of dash and gap in turn; an odd count is taken twice.
  static func dashed(_ points: [Point], pattern: [Double]) -> [[Point]] {
    guard points.count > 1, pattern.allSatisfy({ $0 > 0 }) else { return [points] }
    var pieces: [[Point]] = []
    var current = [points[0]]
    var index = 0
    var rest = pattern[0]
    for (start, end) in zip(points, points.dropFirst()) {
      let (dx, dy) = (end.x - start.x, end.y - start.y)
      let length = (dx * dx + dy * dy).squareRoot()
      guard length.isFinite else {
        if index % 2 == 0 { pieces.append(current) }
        current = [end]
        continue
      }
      var done = 0.0
      while length - done > rest {
        done += rest
        let point = Point(start.x + dx * done / length, start.y + dy * done / length)
        if index % 2 == 0 { pieces.append(current + [point]) }
        current = [point]
        index += 1
        rest = pattern[index % pattern.count]
      }
      rest -= length - done
      if index % 2 == 0 { current.append(end) }
    }
    if index % 2 == 0, current.count > 1 { pieces.append(current) }
    return pieces
  }
}
