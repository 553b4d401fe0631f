/// Sets of patches that are hidden one after another, so that every patch of the grid is hidden several times.
///
/// In each pass rectangles of one size lie side by side over the whole grid, from pass to pass by another share of
/// their size; those that would reach over the edge are moved back onto the grid, where they overlap others. Nothing
/// is drawn: the same numbers give the same sets.
struct BlockCover: Equatable {
  /// Patches of each context that are hidden and predicted, ascending; every patch is in `passes` of them or more.
  let hidden: [[Int]]
  let patchCount: Int

  /// - Parameters:
  ///   - gridSize: patches along a side.
  ///   - block: rows and columns of a rectangle, in patches; each from 1 to `gridSize`, and not the whole grid.
  ///   - passes: 1 or more.
  ///   - together: rectangles that are hidden at once, far apart in the order of the pass; 1 or more.
  init(gridSize: Int, block: BlockSize, passes: Int, together: Int) {
    patchCount = gridSize * gridSize
    let across = Int(Double(passes).squareRoot().rounded(.up))
    let down = (passes + across - 1) / across
    hidden = (0..<passes).flatMap { pass -> [[Int]] in
      let rows = Self.starts(block.rows, gridSize, shift: pass / across * block.rows / down)
      let columns = Self.starts(block.columns, gridSize, shift: pass % across * block.columns / across)
      let blocks = rows.flatMap { row in columns.map { (row, $0) } }
      let contexts = (blocks.count + together - 1) / together
      return (0..<contexts).map { context in
        let own = stride(from: context, to: blocks.count, by: contexts).map { blocks[$0] }
        return own.reduce(into: Set<Int>()) { set, start in
          for row in start.0..<start.0 + block.rows {
            for column in start.1..<start.1 + block.columns { set.insert(row * gridSize + column) }
          }
        }.sorted()
      }
    }
  }

  /// Patches that a context with these hidden shows, ascending.
  func visible(_ context: Int) -> [Int] {
    let own = Set(hidden[context])
    return (0..<patchCount).filter { !own.contains($0) }
  }

  /// Where rectangles of `size` begin along an axis, so that they cover it.
  private static func starts(_ size: Int, _ gridSize: Int, shift: Int) -> [Int] {
    var starts: [Int] = []
    for start in stride(from: -shift, to: gridSize, by: size) where start + size > 0 {
      let moved = min(max(start, 0), gridSize - size)
      if starts.last != moved { starts.append(moved) }
    }
    return starts
  }
}

/// Rows and columns of a rectangle of patches.
struct BlockSize: Equatable {
  let rows: Int
  let columns: Int

  /// - Parameters:
  ///   - text: `ROWSxCOLUMNS` in patches, or the share of the image's area that a square has: `2x3`, `0.17`.
  ///   - gridSize: patches along a side.
  /// - Throws: `SurpriseError` where it says no size, or one that leaves nothing to see.
  init(_ text: String, gridSize: Int) throws {
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    if sides.count == 2, let rows = sides[0], let columns = sides[1] {
      (self.rows, self.columns) = (rows, columns)
    } else if let share = Double(text), share > 0, share < 1 {
      let side = max(1, Int((share.squareRoot() * Double(gridSize)).rounded()))
      (rows, columns) = (side, side)
    } else {
      throw SurpriseError(
        "block = \"\(text)\": expected ROWSxCOLUMNS in patches, such as 2x3, or a share of the image's area between 0 and "
          + "1, such as 0.17")
    }
    guard (1...gridSize).contains(rows), (1...gridSize).contains(columns),
      rows * columns < gridSize * gridSize
    else {
      throw SurpriseError(
        "block = \"\(text)\": expected rows and columns from 1 to \(gridSize), of which something stays visible, found "
          + "\(rows) × \(columns) of \(gridSize) × \(gridSize) patches")
    }
  }
}
