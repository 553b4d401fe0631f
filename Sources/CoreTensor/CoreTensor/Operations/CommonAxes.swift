/// Axes of several arrays that are walked together, as few of them as there can be.
struct CommonAxes: Sendable {
  /// At least one.
  private(set) var sizes: [Int]
  /// Of each array, its stride along each axis.
  private(set) var strides: [[Int]]

  /// Leaves out axes of size 1, and makes one axis of neighbours that lie one after the other in every array.
  init(_ allSizes: [Int], _ allStrides: [[Int]]) {
    sizes = []
    strides = allStrides.map { _ in [] }
    for axis in allSizes.indices where allSizes[axis] != 1 {
      let last = sizes.count - 1
      let joins =
        last >= 0
        && allStrides.indices.allSatisfy {
          strides[$0][last] == allStrides[$0][axis] * allSizes[axis]
        }
      if joins {
        sizes[last] *= allSizes[axis]
        for array in strides.indices { strides[array][last] = allStrides[array][axis] }
      } else {
        sizes.append(allSizes[axis])
        for array in strides.indices { strides[array].append(allStrides[array][axis]) }
      }
    }
    guard sizes.isEmpty else { return }
    sizes = [1]
    strides = strides.map { _ in [0] }
  }

  /// The last axis.
  var columns: Int { sizes[sizes.count - 1] }
  /// Indices of all axes but the last, together.
  var rows: Int { sizes.dropLast().reduce(1, *) }
  /// The stride of an array along the last axis.
  func step(_ array: Int) -> Int { strides[array][sizes.count - 1] }
  /// The stride of an array along the last axis but one.
  func rowStep(_ array: Int) -> Int { sizes.count > 1 ? strides[array][sizes.count - 2] : 0 }

  /// Runs `body` for stretches of `rows` that are equally far apart in every array.
  /// - Parameters:
  ///   - range: of the rows.
  ///   - body: gets the place in each array of the first row, the number of that row, and how many follow.
  func eachStretch(_ range: Range<Int>, _ body: (_ places: [Int], _ first: Int, _ count: Int) -> Void) {
    let inner = sizes.count > 1 ? sizes[sizes.count - 2] : 1
    var row = range.lowerBound
    while row < range.upperBound {
      let count = min(inner - row % inner, range.upperBound - row)
      body(places(ofRow: row), row, count)
      row += count
    }
  }

  private func places(ofRow row: Int) -> [Int] {
    var places = [Int](repeating: 0, count: strides.count)
    var left = row
    for axis in sizes.indices.dropLast().reversed() {
      let index = left % sizes[axis]
      left /= sizes[axis]
      for array in places.indices { places[array] += index * strides[array][axis] }
    }
    return places
  }

  /// Runs `body` on the pool's threads for blocks of rows and columns of about `grain` numbers.
  func eachBlock(grain: Int, _ body: @Sendable (_ rows: Range<Int>, _ columns: Range<Int>) -> Void) {
    let (rows, columns) = (rows, columns)
    guard rows * columns > 0 else { return }
    let pieces = columns >= 2 * grain ? columns / grain : 1
    guard pieces > 1 else {
      return Compute.ranges(rows, grain: max(1, grain / columns)) { body($0, 0..<columns) }
    }
    Compute.parallel(rows * pieces) {
      let (row, piece) = ($0 / pieces, $0 % pieces)
      body(row..<row + 1, columns * piece / pieces..<columns * (piece + 1) / pieces)
    }
  }
}
