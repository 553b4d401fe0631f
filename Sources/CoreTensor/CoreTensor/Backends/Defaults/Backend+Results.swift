/// Primitives that make the tensor they write: for operations, forward and backward.
extension Backend {
  func mapped(_ function: UnaryFunction, _ x: Tensor) -> Tensor {
    let out = empty(x.shape)
    map(function, x, into: out)
    return out
  }

  /// - Precondition: the shapes fit.
  func combined(_ function: BinaryFunction, _ a: Tensor, _ b: Tensor) -> Tensor {
    let out = empty(broadcastShape(a.shape, b.shape)!)
    combine(function, a, b, into: out)
    return out
  }

  func combined(_ function: BinaryFunction, _ a: Tensor, _ b: Float) -> Tensor {
    combined(function, a, constant(b))
  }

  /// With x's rank.
  func reduced(_ reduction: Reduction, _ x: Tensor, over axes: [Int]) -> Tensor {
    let out = empty(x.shape.indices.map { axes.contains($0) ? 1 : x.shape[$0] })
    reduce(reduction, x, over: axes, into: out)
    return out
  }

  /// x repeated to a shape.
  func repeated(_ x: Tensor, to shape: [Int]) -> Tensor {
    let out = empty(shape, as: x.elementType)
    copyStrided(
      x, StridedPlace(strides: broadcastStrides(x.shape, to: shape)), to: out,
      StridedPlace(strides: rowMajorStrides(shape)), sizes: shape)
    return out
  }

  /// The gradient of a tensor of `shape` that was repeated: the sum over what it was repeated along.
  func summed(_ gradient: Tensor, to shape: [Int]) -> Tensor {
    guard gradient.shape != shape else { return gradient }
    let missing = gradient.shape.count - shape.count
    let axes = gradient.shape.indices.filter {
      $0 < missing || (shape[$0 - missing] == 1 && gradient.shape[$0] != 1)
    }
    return Tensor(sharing: axes.isEmpty ? gradient : reduced(.sum, gradient, over: axes), shape: shape)
  }

  /// Axes of x in another order.
  func permuted(_ x: Tensor, _ axes: [Int]) -> Tensor {
    let (shape, strides) = (axes.map { x.shape[$0] }, rowMajorStrides(x.shape))
    let out = empty(shape, as: x.elementType)
    copyStrided(
      x, StridedPlace(strides: axes.map { strides[$0] }), to: out,
      StridedPlace(strides: rowMajorStrides(shape)), sizes: shape)
    return out
  }

  /// One number as a tensor (1).
  func constant(_ value: Float) -> Tensor { Tensor([1], repeating: value, on: device) }

  /// out = keep · out + (1 - keep) · x
  func movingAverage(_ x: Tensor, keep: Float, into out: Tensor) {
    let gap = combined(.subtract, x, out)
    combine(.multiply, gap, constant(1 - keep), into: gap)
    combine(.add, out, gap, into: out)
  }

  func filled(_ shape: [Int], with value: Float) -> Tensor {
    Tensor(shape, repeating: value, on: device)
  }
}

extension Tensor {
  /// One number as a tensor (1) beside this one.
  func number(_ value: Float) -> Tensor { Tensor([1], repeating: value, on: device) }
}
