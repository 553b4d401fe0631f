extension Tensor {
  /// The axes in another order: axis i of the result is axis `axes[i]` of this tensor.
  public func permuted(_ axes: [Int]) -> Tensor {
    let order = axes.map { $0 < 0 ? $0 + shape.count : $0 }
    require(order.sorted() == Array(shape.indices), "permuted: axes \(axes) of input \(shape)")
    let backend = Compute.backend("permuted", self)
    let back = shape.indices.map { order.firstIndex(of: $0)! }
    let node = node
    return differentiable("permuted", [self], backend.permuted(self, order)) {
      node?.receive(backend.permuted($0, back))
    }
  }

  /// Two axes exchanged, the last two unless others are given; counted from the end where negative.
  public func transposed(_ first: Int = -2, _ second: Int = -1) -> Tensor {
    let axes = resolvedAxes([first, second], of: shape, "transposed")
    var order = Array(shape.indices)
    order.swapAt(axes[0], axes[1])
    return permuted(order)
  }
}

/// x repeated to a shape as `broadcastShape` says: axes of size 1, and those that are missing at the front.
public func expanded(_ x: Tensor, to shape: [Int]) -> Tensor {
  require(broadcastShape(x.shape, shape) == shape, "expanded: \(x.shape) to \(shape)")
  guard x.shape != shape else { return x }
  let backend = Compute.backend("expanded", x)
  let source = x.receiver
  return differentiable("expanded", [x], backend.repeated(x, to: shape)) {
    source.node?.receive(backend.summed($0, to: source.shape))
  }
}

/// Ranges of the first axes; nil, and every axis that is not named, is taken whole.
/// - Returns: a copy, of x's rank.
public func slice(_ x: Tensor, _ ranges: [Range<Int>?]) -> Tensor {
  require(
    ranges.count <= x.shape.count
      && zip(ranges, x.shape).allSatisfy { range, size in
        range.map { $0.lowerBound >= 0 && $0.upperBound <= size } ?? true
      },
    "slice: ranges \(ranges) of input \(x.shape)")
  let whole = x.shape.enumerated().map { axis, size in (axis < ranges.count ? ranges[axis] : nil) ?? 0..<size
  }
  let box = BoxOfAxes(x.shape, whole)
  let backend = Compute.backend("slice", x)
  let source = x.receiver
  return differentiable("slice", [x], box.cut(x, backend)) { outputGradient in
    source.node?.receive(box.placed(outputGradient, around: 0, backend))
  }
}

/// x with values around it.
/// - Parameters:
///   - x: of any shape.
///   - widths: how many values come before and after, for the first axes; the others stay.
///   - value: of all that is added.
public func padded(_ x: Tensor, _ widths: [(before: Int, after: Int)], value: Float = 0) -> Tensor {
  require(
    widths.count <= x.shape.count && widths.allSatisfy { $0.before >= 0 && $0.after >= 0 },
    "padded: widths \(widths) of input \(x.shape)")
  var (shape, ranges) = (x.shape, x.shape.map { 0..<$0 })
  for (axis, width) in widths.enumerated() {
    shape[axis] += width.before + width.after
    ranges[axis] = width.before..<width.before + x.shape[axis]
  }
  let box = BoxOfAxes(shape, ranges)
  let backend = Compute.backend("padded", x)
  let source = x.receiver
  return differentiable("padded", [x], box.placed(x, around: value, backend)) {
    source.node?.receive(box.cut($0, backend))
  }
}

/// Tensors one after the other along an axis, in which alone they differ.
/// - Parameters:
///   - parts: at least one.
///   - axis: counted from the end where negative.
public func concatenate(_ parts: [Tensor], axis: Int) -> Tensor {
  require(!parts.isEmpty, "concatenate: no tensors")
  var shape = parts[0].shape
  let axis = resolvedAxis(axis, of: shape, "concatenate")
  require(
    parts.allSatisfy { part in
      part.shape.count == shape.count
        && shape.indices.allSatisfy { $0 == axis || part.shape[$0] == shape[$0] }
    }, "concatenate: shapes \(parts.map(\.shape)) along axis \(axis)")
  guard parts.count > 1 else { return parts[0] }
  shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
  let backend = Compute.backend("concatenate", parts)
  let out = backend.empty(shape)
  var boxes: [BoxOfAxes] = []
  var start = 0
  for part in parts {
    var ranges = shape.map { 0..<$0 }
    ranges[axis] = start..<start + part.shape[axis]
    start += part.shape[axis]
    boxes.append(BoxOfAxes(shape, ranges))
    boxes[boxes.count - 1].place(part, in: out, backend)
  }
  let sources = parts.map(\.receiver)
  return differentiable("concatenate", parts, out) { [boxes] outputGradient in
    for (source, box) in zip(sources, boxes) {
      if let node = source.node { node.receive(box.cut(outputGradient, backend)) }
    }
  }
}

/// Tensors of one shape as the slices of a new axis.
/// - Parameters:
///   - parts: at least one.
///   - axis: where it stands in the result; counted from the end where negative.
public func stacked(_ parts: [Tensor], axis: Int = 0) -> Tensor {
  require(
    !parts.isEmpty && parts.allSatisfy { $0.shape == parts[0].shape }, "stacked: shapes \(parts.map(\.shape))"
  )
  var shape = parts[0].shape
  shape.insert(1, at: resolvedAxis(axis, of: shape + [1], "stacked"))
  return concatenate(parts.map { reshape($0, shape) }, axis: axis)
}
