import Foundation

/// Draws tubes. Where pieces of one tube overlap, each pixel belongs to the piece whose axis is nearest, so
/// that the bends of a hollow tube show no seams.
final class TubeBrush {
  private let geometry: RadiographGeometry
  private let size: Int
  /// How near the axis each pixel lies: 1 on it, 0 at the wall, relative to the radius and squared.
  private let nearness: Plane
  /// Path length through the axis of the piece that a pixel belongs to, in centimetres.
  private let depth: Plane

  init(_ geometry: RadiographGeometry) {
    self.geometry = geometry
    size = geometry.size
    nearness = Plane(geometry)
    depth = Plane(geometry)
  }

  /// Adds `weight` times the tube's path length to `plane`.
  func add(_ tube: Tube, to plane: Plane, weight: Float = 1) {
    merge(tube, into: plane) { $0 += weight * $1 }
  }

  /// Keeps the longer path where the tube overlaps what `plane` holds.
  func unite(_ tube: Tube, with plane: Plane) { merge(tube, into: plane) { $0 = max($0, $1) } }

  @inline(__always)
  private func merge(_ tube: Tube, into plane: Plane, _ body: (inout Float, Float) -> Void) {
    var (top, bottom, left, right) = (size, 0, size, 0)
    for (start, end) in zip(tube.nodes, tube.nodes.dropFirst()) {
      let box = draw(from: start, to: end)
      (top, bottom) = (min(top, box.rows.lowerBound), max(bottom, box.rows.upperBound))
      (left, right) = (min(left, box.columns.lowerBound), max(right, box.columns.upperBound))
    }
    guard top < bottom, left < right else { return }
    let wall = 1 - tube.hollow * tube.hollow
    for row in top..<bottom {
      let (target, near, lengths) = (plane.row(row), nearness.row(row), depth.row(row))
      for column in left..<right {
        let missing = max(near[column] - wall, 0).squareRoot()
        body(&target[column], lengths[column] * (near[column].squareRoot() - missing))
        near[column] = 0
      }
    }
  }

  /// Draws one straight piece.
  /// - Returns: the pixels touched.
  private func draw(from start: Tube.Node, to end: Tube.Node) -> (rows: Range<Int>, columns: Range<Int>) {
    let scale = geometry.pixelsPerCentimetre
    let (from, to) = (geometry.project(start.place), geometry.project(end.place))
    let (runX, runY) = (to.column - from.column, to.row - from.row)
    let square = max(runX * runX + runY * runY, 1e-6)
    let runZ = (end.place.z - start.place.z) * scale
    // A tube that runs along the beam is crossed lengthwise.
    let obliquity = min(((square + runZ * runZ) / square).squareRoot(), 2.2)
    // A tube thinner than a pixel is widened to one and thinned in depth.
    let (first, last) = (max(start.radius * scale, 0.7), max(end.radius * scale, 0.7))
    let thinning = min(start.radius * scale / first, 1)
    let axis = 2 * obliquity * start.flatness * thinning * thinning / scale
    let reach = max(first, last)
    let rows = clip(min(from.row, to.row) - reach, max(from.row, to.row) + reach)
    let columns = clip(min(from.column, to.column) - reach, max(from.column, to.column) + reach)
    let inverse = 1 / square
    for row in rows {
      let (near, lengths) = (nearness.row(row), depth.row(row))
      let dy = Float(row) + 0.5 - from.row
      for column in columns {
        let dx = Float(column) + 0.5 - from.column
        let share = min(max((dx * runX + dy * runY) * inverse, 0), 1)
        let (offX, offY) = (dx - share * runX, dy - share * runY)
        let radius = first + (last - first) * share
        let here = 1 - (offX * offX + offY * offY) / (radius * radius)
        let isNearer = here > near[column]
        near[column] = isNearer ? here : near[column]
        lengths[column] = isNearer ? axis * radius : lengths[column]
      }
    }
    return (rows, columns)
  }

  private func clip(_ low: Float, _ high: Float) -> Range<Int> {
    let first = min(max(Int(low.rounded(.down)), 0), size)
    return first..<max(first, min(Int(high.rounded(.up)), size))
  }
}
