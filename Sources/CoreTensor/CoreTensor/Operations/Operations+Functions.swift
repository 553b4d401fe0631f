/// A function of each value. Its gradient is the gradient of the output times or over what `factor` gives.
private func mapped(
  _ name: String, _ function: UnaryFunction, _ x: Tensor, then combination: BinaryFunction = .multiply,
  factor: @escaping (_ x: Tensor, _ out: Tensor, any Backend) -> Tensor
) -> Tensor {
  let backend = Compute.backend(name, x)
  let out = backend.mapped(function, x)
  return differentiable(name, [x], out) { outputGradient in
    let inputGradient = factor(x.detached, out, backend)
    backend.combine(combination, outputGradient, inputGradient, into: inputGradient)
    x.node?.receive(inputGradient)
  }
}

/// A function of each value whose derivative is a function of the value too.
private func mapped(
  _ name: String, _ function: UnaryFunction, _ x: Tensor, derivative: UnaryFunction
) -> Tensor {
  let backend = Compute.backend(name, x)
  return differentiable(name, [x], backend.mapped(function, x)) { outputGradient in
    let inputGradient = backend.empty(x.shape)
    backend.multiplyMapped(derivative, x.detached, by: outputGradient, into: inputGradient)
    x.node?.receive(inputGradient)
  }
}

/// e^x of each value.
public func exp(_ x: Tensor) -> Tensor {
  let backend = Compute.backend("exp", x)
  let out = backend.mapped(.exponential, x)
  return differentiable("exp", [x], out) { x.node?.receive(backend.combined(.multiply, $0, out)) }
}

/// The natural logarithm of each value: NaN below 0.
public func log(_ x: Tensor) -> Tensor {
  let backend = Compute.backend("log", x)
  return differentiable("log", [x], backend.mapped(.logarithm, x)) {
    x.node?.receive(backend.combined(.divide, $0, x.detached))
  }
}

/// The square root of each value: NaN below 0.
public func sqrt(_ x: Tensor) -> Tensor {
  mapped("sqrt", .squareRoot, x, then: .divide) { $2.combined(.multiply, $1, 2) }
}

/// 1/√x of each value.
public func reciprocalSquareRoot(_ x: Tensor) -> Tensor {
  mapped("reciprocalSquareRoot", .reciprocalSquareRoot, x) { x, out, backend in
    let quotient = backend.combined(.divide, out, x)
    backend.combine(.multiply, quotient, backend.constant(-0.5), into: quotient)
    return quotient
  }
}

/// x² of each value.
public func square(_ x: Tensor) -> Tensor {
  mapped("square", .square, x) { x, _, backend in backend.combined(.multiply, x, 2) }
}

/// |x| of each value, with gradient 0 at 0.
public func abs(_ x: Tensor) -> Tensor {
  mapped("abs", .absolute, x, derivative: .sign)
}

/// 1 / (1 + e^-x) of each value.
public func sigmoid(_ x: Tensor) -> Tensor {
  mapped("sigmoid", .sigmoid, x) { _, out, backend in
    let rest = backend.combined(.subtract, backend.constant(1), out)
    backend.combine(.multiply, out, rest, into: rest)
    return rest
  }
}

/// The hyperbolic tangent of each value.
public func tanh(_ x: Tensor) -> Tensor {
  mapped("tanh", .tanh, x) { _, out, backend in
    let squares = backend.mapped(.square, out)
    backend.combine(.subtract, backend.constant(1), squares, into: squares)
    return squares
  }
}

/// x / (1 + e^-x) of each value, the sigmoid linear unit (Elfwing et al. 2018).
public func silu(_ x: Tensor) -> Tensor {
  mapped("silu", .silu, x, derivative: .siluDerivative)
}

/// The sine of each value, in radians.
public func sin(_ x: Tensor) -> Tensor {
  mapped("sin", .sine, x, derivative: .cosine)
}

/// The cosine of each value, in radians.
public func cos(_ x: Tensor) -> Tensor {
  mapped("cos", .cosine, x) { x, _, backend in
    let sines = backend.mapped(.sine, x)
    backend.map(.negate, sines, into: sines)
    return sines
  }
}
