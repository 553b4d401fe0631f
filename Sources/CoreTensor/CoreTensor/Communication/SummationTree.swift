/// The order in which the gradients of a step's micro-batches are added up: a tree that depends on their number alone.
///
/// Floating-point sums depend on their order, so a step that is divided among ranks has the bits of one that is not only
/// if the order does not follow the division. A node of the tree is a range of micro-batches; its left half is the
/// largest power of two that is smaller than it. Where ranks hold equal ranges of a power of two, or one micro-batch
/// each, every rank's range is one node, and ranks send no more than one sum each.
public struct SummationTree: Sendable, Equatable {
  /// Leaves.
  public let count: Int

  /// - Parameter count: 1 or more.
  public init(count: Int) {
    require(count > 0, "SummationTree: \(count) leaves")
    self.count = count
  }

  var root: Range<Int> { 0..<count }

  /// The two nodes below one of at least two leaves.
  static func halves(of node: Range<Int>) -> (left: Range<Int>, right: Range<Int>) {
    var left = 1
    while left * 2 < node.count { left *= 2 }
    let middle = node.lowerBound + left
    return (node.lowerBound..<middle, middle..<node.upperBound)
  }

  /// The largest nodes that lie within a range of leaves, from left to right: together they are the range.
  public func pieces(of range: Range<Int>) -> [Range<Int>] { pieces(of: range, below: root) }

  private func pieces(of range: Range<Int>, below node: Range<Int>) -> [Range<Int>] {
    guard node.overlaps(range) else { return [] }
    if range.lowerBound <= node.lowerBound, node.upperBound <= range.upperBound { return [node] }
    let (left, right) = Self.halves(of: node)
    return pieces(of: range, below: left) + pieces(of: range, below: right)
  }

  /// The sum of all leaves, of pieces that `pieces(of:)` gave for ranges which together are all of them.
  /// - Parameters:
  ///   - piece: the sum of a node that some range had as a piece; nil for others.
  ///   - add: the sum of two; may change and give back the first.
  func sum<Value>(_ piece: (Range<Int>) -> Value?, _ add: (Value, Value) -> Value) -> Value {
    sum(root, piece, add)
  }

  private func sum<Value>(
    _ node: Range<Int>, _ piece: (Range<Int>) -> Value?, _ add: (Value, Value) -> Value
  ) -> Value {
    if let known = piece(node) { return known }
    require(node.count > 1, "SummationTree: no rank has leaf \(node.lowerBound)")
    let (left, right) = Self.halves(of: node)
    return add(sum(left, piece, add), sum(right, piece, add))
  }

  /// The sum of the rows of x `(count, n)`, `(n)`: its first row's memory, where others are written over too.
  func sumOfRows(_ x: Tensor) -> Tensor {
    let backend = Compute.backend("sumOfRows", x)
    let columns = x.count / count
    return sum(
      { $0.count == 1 ? Tensor(sharing: x, shape: [columns], start: $0.lowerBound * columns) : nil },
      { left, right in
        backend.addScaled(right, by: 1, into: left)
        return left
      })
  }
}

/// Adds up what leaves of a range bring, one after the other, as far as the tree allows within the range.
struct PartialSums<Value> {
  private let pieces: [Range<Int>]
  /// Nodes from left to right, none of which is half of a node within the range that is complete.
  private(set) var sums: [(node: Range<Int>, value: Value)] = []

  init(_ tree: SummationTree, of range: Range<Int>) { pieces = tree.pieces(of: range) }

  /// - Parameter add: the sum of two; may change and give back the first.
  mutating func append(_ value: Value, of leaf: Int, _ add: (Value, Value) -> Value) {
    sums.append((leaf..<leaf + 1, value))
    while sums.count > 1, let parent = parent(sums[sums.count - 2].node, sums[sums.count - 1].node) {
      let right = sums.removeLast().value
      let left = sums.removeLast().value
      sums.append((parent, add(left, right)))
    }
  }

  /// The node of which two are the halves, where it lies within a piece.
  private func parent(_ left: Range<Int>, _ right: Range<Int>) -> Range<Int>? {
    guard var node = pieces.first(where: { $0.contains(left.lowerBound) }), node.contains(right.lowerBound)
    else { return nil }
    while node.count > 1 {
      let halves = SummationTree.halves(of: node)
      if halves == (left, right) { return node }
      node = halves.left.contains(left.lowerBound) ? halves.left : halves.right
    }
    return nil
  }
}
