import CKernels

// Sums run over fixed stretches, whose results are added in order.
extension CPUBackend {
  public func reduce(_ reduction: Reduction, _ x: Tensor, over axes: [Int], into out: Tensor) {
    let kept = x.shape.indices.map { axes.contains($0) ? 1 : x.shape[$0] }
    require(kept.reduce(1, *) == out.count, "reduce: \(x.shape) over axes \(axes) into \(out.shape)")
    guard out.count > 0 else { return }
    var groups = Self.groups(x.shape, axes)
    guard groups.contains(where: \.isReduced) else { return convert(x, into: out) }
    var current = x
    // The last axes first, since they shorten what the others read.
    while let last = groups.lastIndex(where: \.isReduced) {
      let outer = groups[..<last].reduce(1) { $0 * $1.size }
      let inner = groups[(last + 1)...].reduce(1) { $0 * $1.size }
      let count = groups[last].size
      groups[last] = (size: 1, isReduced: false)
      let isLast = !groups.contains(where: \.isReduced)
      let next = isLast ? out : Tensor(uninitialized: [outer, inner], on: CPUDevice.shared)
      reduceMiddle(reduction.code, current, outer: outer, count: count, inner: inner, into: next)
      current = next
    }
  }

  /// Neighbouring axes that are kept, or reduced, as one.
  private static func groups(_ shape: [Int], _ axes: [Int]) -> [(size: Int, isReduced: Bool)] {
    var groups: [(size: Int, isReduced: Bool)] = []
    for axis in shape.indices where shape[axis] != 1 {
      let isReduced = axes.contains(axis)
      if let last = groups.last, last.isReduced == isReduced {
        groups[groups.count - 1].size *= shape[axis]
      } else {
        groups.append((shape[axis], isReduced))
      }
    }
    return groups
  }

  /// x (outer, count, inner) → out (outer, inner).
  private func reduceMiddle(
    _ how: chex_reduction, _ x: Tensor, outer: Int, count: Int, inner: Int, into out: Tensor
  ) {
    if inner == 1 {
      reduceRows(how, x, rows: outer, columns: count, into: out)
    } else {
      reduceColumns(how, x, outer: outer, count: count, inner: inner, into: out)
    }
  }

  private func reduceRows(_ how: chex_reduction, _ x: Tensor, rows: Int, columns: Int, into out: Tensor) {
    let grain = Self.grain
    guard columns >= 2 * grain else {
      return rowwise(rows, columns: columns) {
        chex_reduce_rows(
          how, x.pointer + $0.lowerBound * columns, columns, out.pointer + $0.lowerBound, $0.count, columns)
      }
    }
    let pieces = (columns + grain - 1) / grain
    let partial = Tensor(uninitialized: [rows, pieces], on: CPUDevice.shared)
    Compute.parallel(rows * pieces) {
      let (row, piece) = ($0 / pieces, $0 % pieces)
      let start = piece * grain
      chex_reduce_rows(
        how, x.pointer + row * columns + start, columns, partial.pointer + $0, 1, min(grain, columns - start))
    }
    chex_reduce_rows(how, partial.pointer, pieces, out.pointer, rows, pieces)
  }

  private func reduceColumns(
    _ how: chex_reduction, _ x: Tensor, outer: Int, count: Int, inner: Int, into out: Tensor
  ) {
    // Rows of a stretch, and columns of a block of about `grain` numbers.
    let stretch = 256
    let pieces = max(1, (count + stretch - 1) / stretch)
    let result = pieces == 1 ? out : Tensor(uninitialized: [outer, pieces, inner], on: CPUDevice.shared)
    let height = min(stretch, count)
    let width = max(64, Self.grain / max(height, 1))
    let blocks = (inner + width - 1) / width
    let together = max(1, Self.grain / max(height * min(width, inner), 1))
    Compute.ranges(outer * pieces * blocks, grain: together) { range in
      for index in range {
        let (part, block) = (index / blocks, index % blocks)
        let (image, piece) = (part / pieces, part % pieces)
        let (row, column) = (piece * stretch, block * width)
        chex_reduce_columns(
          how, x.pointer + (image * count + row) * inner + column, inner,
          result.pointer + part * inner + column,
          min(stretch, count - row), min(width, inner - column))
      }
    }
    if pieces > 1 { reduceColumns(how, result, outer: outer, count: pieces, inner: inner, into: out) }
  }
}

extension Reduction {
  fileprivate var code: chex_reduction { self == .sum ? CHEX_SUM : CHEX_MAXIMUM_OF }
}
