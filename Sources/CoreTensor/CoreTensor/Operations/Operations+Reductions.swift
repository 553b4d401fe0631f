/// Axes of a shape, counted from the end where negative; all where nil. Ascending.
func resolvedAxes(_ axes: [Int]?, of shape: [Int], _ operation: String) -> [Int] {
  guard let axes else { return Array(shape.indices) }
  let places = axes.map { $0 < 0 ? $0 + shape.count : $0 }
  require(
    places.allSatisfy(shape.indices.contains) && Set(places).count == places.count,
    "\(operation): axes \(axes) of input \(shape)")
  return places.sorted()
}

func resolvedAxis(_ axis: Int, of shape: [Int], _ operation: String) -> Int {
  resolvedAxes([axis], of: shape, operation)[0]
}

extension Tensor {
  /// The sum over axes.
  /// - Parameters:
  ///   - axes: counted from the end where negative; nil for all.
  ///   - keepingDimensions: whether those axes stay, of size 1. Where no axis is left the shape is `[1]`.
  public func sum(over axes: [Int]? = nil, keepingDimensions: Bool = false) -> Tensor {
    let axes = resolvedAxes(axes, of: shape, "sum")
    let backend = Compute.backend("sum", self)
    let whole = backend.reduced(.sum, self, over: axes)
    let (node, shape) = (node, shape)
    let out = Tensor(sharing: whole, shape: result(axes, keepingDimensions))
    return differentiable("sum", [self], out) { outputGradient in
      node?.receive(backend.repeated(Tensor(sharing: outputGradient, shape: whole.shape), to: shape))
    }
  }

  /// The mean over axes, which are given as for `sum`.
  public func mean(over axes: [Int]? = nil, keepingDimensions: Bool = false) -> Tensor {
    let count = resolvedAxes(axes, of: shape, "mean").reduce(1) { $0 * shape[$1] }
    return sum(over: axes, keepingDimensions: keepingDimensions) * (1 / Float(count))
  }

  /// The largest value over axes, which are given as for `sum`. Equal largest values share the gradient.
  public func maximum(over axes: [Int]? = nil, keepingDimensions: Bool = false) -> Tensor {
    let axes = resolvedAxes(axes, of: shape, "maximum")
    let backend = Compute.backend("maximum", self)
    let whole = backend.reduced(.maximum, self, over: axes)
    let (node, x) = (node, detached)
    let out = Tensor(sharing: whole, shape: result(axes, keepingDimensions))
    return differentiable("maximum", [self], out) { outputGradient in
      let reached = backend.combined(.equal, x, whole)
      let share = backend.combined(
        .divide, Tensor(sharing: outputGradient, shape: whole.shape),
        backend.reduced(.sum, reached, over: axes))
      backend.combine(.multiply, reached, share, into: reached)
      node?.receive(reached)
    }
  }

  /// The variance over axes, which are given as for `sum`.
  /// - Parameters:
  ///   - axes: counted from the end where negative; nil for all.
  ///   - keepingDimensions: whether those axes stay, of size 1.
  ///   - correction: what is taken from the number of values that the squares are divided by; 1 gives the
  ///     unbiased estimate, 0 the mean square.
  public func variance(
    over axes: [Int]? = nil, keepingDimensions: Bool = false, correction: Int = 1
  ) -> Tensor {
    let count = resolvedAxes(axes, of: shape, "variance").reduce(1) { $0 * shape[$1] }
    require(count > correction, "variance: \(count) values for each result, correction \(correction)")
    let squares = square(self - mean(over: axes, keepingDimensions: true))
    return squares.sum(over: axes, keepingDimensions: keepingDimensions) * (1 / Float(count - correction))
  }

  private func result(_ axes: [Int], _ keepingDimensions: Bool) -> [Int] {
    if keepingDimensions { return shape.indices.map { axes.contains($0) ? 1 : shape[$0] } }
    let left = shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
    return left.isEmpty ? [1] : left
  }
}

/// e^x over its sum along an axis.
/// - Parameters:
///   - x: of any shape.
///   - axis: counted from the end where negative.
/// - Returns: x's shape.
public func softmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  let axis = resolvedAxis(axis, of: x.shape, "softmax")
  let backend = Compute.backend("softmax", x)
  let out = backend.empty(x.shape)
  backend.softmax(x, axis: axis, into: out)
  return differentiable("softmax", [x], out) { outputGradient in
    let inputGradient = backend.empty(x.shape)
    backend.softmaxGradient(out, outputGradient: outputGradient, axis: axis, into: inputGradient)
    x.node?.receive(inputGradient)
  }
}

/// The logarithm of `softmax`, exact where the softmax is too small for a number.
/// - Parameters:
///   - x: of any shape.
///   - axis: counted from the end where negative.
/// - Returns: x's shape.
public func logSoftmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  let axis = resolvedAxis(axis, of: x.shape, "logSoftmax")
  let backend = Compute.backend("logSoftmax", x)
  let out = backend.combined(.subtract, x, backend.reduced(.maximum, x, over: [axis]))
  let sums = backend.reduced(.sum, backend.mapped(.exponential, out), over: [axis])
  backend.combine(.subtract, out, backend.mapped(.logarithm, sums), into: out)
  return differentiable("logSoftmax", [x], out) { outputGradient in
    let shares = backend.mapped(.exponential, out)
    backend.combine(.multiply, shares, backend.reduced(.sum, outputGradient, over: [axis]), into: shares)
    backend.combine(.subtract, outputGradient, shares, into: shares)
    x.node?.receive(shares)
  }
}

/// x over its Euclidean norm along an axis.
/// - Parameters:
///   - x: of any shape.
///   - axis: counted from the end where negative.
///   - epsilon: the least that x is divided by.
/// - Returns: x's shape.
public func normalized(_ x: Tensor, axis: Int = -1, epsilon: Float = 1e-12) -> Tensor {
  // The root is taken of what is not 0, where it would have no gradient.
  let squares = maximum(square(x).sum(over: [axis], keepingDimensions: true), epsilon * epsilon)
  return x * reciprocalSquareRoot(squares)
}

/// Σ a b / (|a| |b|) along an axis, which is left out; shapes are matched as `broadcastShape` says.
public func cosineSimilarity(_ a: Tensor, _ b: Tensor, axis: Int = -1, epsilon: Float = 1e-8) -> Tensor {
  (normalized(a, axis: axis, epsilon: epsilon) * normalized(b, axis: axis, epsilon: epsilon)).sum(over: [axis]
  )
}
