/// A function of two tensors that are repeated to one shape, and the gradient of each.
private func combined(
  _ name: String, _ function: BinaryFunction, _ a: Tensor, _ b: Tensor,
  left: @escaping (_ outputGradient: Tensor, _ out: Tensor, any Backend) -> Tensor,
  right: @escaping (_ outputGradient: Tensor, _ out: Tensor, any Backend) -> Tensor
) -> Tensor {
  require(broadcastShape(a.shape, b.shape) != nil, "\(name): shapes \(a.shape) and \(b.shape)")
  let backend = Compute.backend(name, a, b)
  let out = backend.combined(function, a, b)
  let (leftNode, rightNode, leftShape, rightShape) = (a.node, b.node, a.shape, b.shape)
  return differentiable(name, [a, b], out) { outputGradient in
    leftNode?.receive(backend.summed(left(outputGradient, out, backend), to: leftShape))
    rightNode?.receive(backend.summed(right(outputGradient, out, backend), to: rightShape))
  }
}

/// A sum whose shapes differ.
func broadcastSum(_ a: Tensor, _ b: Tensor) -> Tensor {
  combined("add", .add, a, b) { outputGradient, _, _ in
    outputGradient
  } right: { outputGradient, _, _ in
    outputGradient
  }
}

extension Tensor {
  /// Elementwise difference; shapes are matched as `broadcastShape` says.
  public static func - (a: Tensor, b: Tensor) -> Tensor {
    combined("subtract", .subtract, a, b) { outputGradient, _, _ in
      outputGradient
    } right: {
      $2.mapped(.negate, $0)
    }
  }

  /// Elementwise product; shapes are matched as `broadcastShape` says.
  public static func * (a: Tensor, b: Tensor) -> Tensor {
    let (x, y) = (a.detached, b.detached)
    return combined("multiply", .multiply, a, b) {
      $2.combined(.multiply, $0, y)
    } right: {
      $2.combined(.multiply, $0, x)
    }
  }

  /// Elementwise quotient; shapes are matched as `broadcastShape` says.
  public static func / (a: Tensor, b: Tensor) -> Tensor {
    let y = b.detached
    return combined("divide", .divide, a, b) {
      $2.combined(.divide, $0, y)
    } right: { outputGradient, out, backend in
      backend.mapped(.negate, backend.combined(.divide, backend.combined(.multiply, outputGradient, out), y))
    }
  }

  /// Every value plus one number.
  public static func + (x: Tensor, value: Float) -> Tensor { broadcastSum(x, x.number(value)) }
  public static func + (value: Float, x: Tensor) -> Tensor { x + value }
  /// Every value minus one number.
  public static func - (x: Tensor, value: Float) -> Tensor { x - x.number(value) }
  /// One number minus every value.
  public static func - (value: Float, x: Tensor) -> Tensor { x.number(value) - x }
  public static func * (factor: Float, x: Tensor) -> Tensor { x * factor }
  /// Every value divided by one number.
  public static func / (x: Tensor, value: Float) -> Tensor { x / x.number(value) }
  /// One number divided by every value.
  public static func / (value: Float, x: Tensor) -> Tensor { x.number(value) / x }
  /// Every value with the other sign.
  public static prefix func - (x: Tensor) -> Tensor { x * -1 }
}

/// a to the power b, elementwise; shapes are matched as `broadcastShape` says. Gradients flow to b where a > 0.
public func power(_ a: Tensor, _ b: Tensor) -> Tensor {
  let (x, y) = (a.detached, b.detached)
  return combined("power", .power, a, b) { outputGradient, _, backend in
    let lower = backend.combined(.power, x, backend.combined(.subtract, y, 1))
    return backend.combined(.multiply, outputGradient, backend.combined(.multiply, y, lower))
  } right: { outputGradient, out, backend in
    backend.combined(
      .multiply, outputGradient, backend.combined(.multiply, out, backend.mapped(.logarithm, x)))
  }
}

/// Every value to one power.
public func power(_ x: Tensor, _ exponent: Float) -> Tensor { power(x, x.number(exponent)) }

/// The larger of two values; shapes are matched as `broadcastShape` says. Equal values share the gradient.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor {
  let (x, y) = (a.detached, b.detached)
  return combined("maximum", .maximum, a, b) {
    $2.combined(.multiply, $0, shareOfLarger(x, y, $2))
  } right: {
    $2.combined(.multiply, $0, shareOfLarger(y, x, $2))
  }
}

/// The smaller of two values; shapes are matched as `broadcastShape` says. Equal values share the gradient.
public func minimum(_ a: Tensor, _ b: Tensor) -> Tensor {
  let (x, y) = (a.detached, b.detached)
  return combined("minimum", .minimum, a, b) {
    $2.combined(.multiply, $0, shareOfLarger(y, x, $2))
  } right: {
    $2.combined(.multiply, $0, shareOfLarger(x, y, $2))
  }
}

public func maximum(_ x: Tensor, _ value: Float) -> Tensor { maximum(x, x.number(value)) }
public func minimum(_ x: Tensor, _ value: Float) -> Tensor { minimum(x, x.number(value)) }

/// 1 where a > b, ½ where they are equal, else 0.
private func shareOfLarger(_ a: Tensor, _ b: Tensor, _ backend: any Backend) -> Tensor {
  let (above, least) = (backend.combined(.greater, a, b), backend.combined(.greaterOrEqual, a, b))
  return backend.combined(.multiply, backend.combined(.add, above, least), 0.5)
}

// MARK: Choices

/// 1 where a > b, else 0; shapes are matched as `broadcastShape` says. No gradient flows.
public func greater(_ a: Tensor, _ b: Tensor) -> Tensor { compared(.greater, a, b) }
/// 1 where a ≥ b, else 0; shapes are matched as `broadcastShape` says. No gradient flows.
public func greaterOrEqual(_ a: Tensor, _ b: Tensor) -> Tensor { compared(.greaterOrEqual, a, b) }
/// 1 where a = b, else 0; shapes are matched as `broadcastShape` says. No gradient flows.
public func equal(_ a: Tensor, _ b: Tensor) -> Tensor { compared(.equal, a, b) }

private func compared(_ function: BinaryFunction, _ a: Tensor, _ b: Tensor) -> Tensor {
  require(broadcastShape(a.shape, b.shape) != nil, "\(function): shapes \(a.shape) and \(b.shape)")
  return Compute.backend("\(function)", a, b).combined(function, a, b)
}

/// a where the condition is not 0, else b; the three shapes are matched as `broadcastShape` says. No gradient flows to
/// the condition.
public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
  let values = broadcastShape(a.shape, b.shape)
  guard let values, let shape = broadcastShape(condition.shape, values) else {
    fail("select: condition \(condition.shape), values \(a.shape) and \(b.shape)")
  }
  let backend = Compute.backend("select", condition, a, b)
  let (chosen, out) = (condition.detached, backend.empty(shape))
  backend.select(chosen, a, b, into: out)
  return differentiable("select", [a, b], out) { outputGradient in
    let zero = backend.constant(0)
    let part = backend.empty(shape)
    if let node = a.node {
      backend.select(chosen, outputGradient, zero, into: part)
      node.receive(backend.summed(part, to: a.shape))
    }
    if let node = b.node {
      let rest = backend.empty(shape)
      backend.select(chosen, zero, outputGradient, into: rest)
      node.receive(backend.summed(rest, to: b.shape))
    }
  }
}
