extension ProfilingBackend {
  public func map(_ function: UnaryFunction, _ x: Tensor, into out: Tensor) {
    measure(.elementwise, operations: function.operations * out.count, [x, out]) {
      inner.map(function, x, into: out)
    }
  }
  public func combine(_ function: BinaryFunction, _ a: Tensor, _ b: Tensor, into out: Tensor) {
    measure(.elementwise, operations: (function == .power ? 20 : 1) * out.count, [a, b, out]) {
      inner.combine(function, a, b, into: out)
    }
  }
  public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor, into out: Tensor) {
    measure(.elementwise, operations: out.count, [condition, a, b, out]) {
      inner.select(condition, a, b, into: out)
    }
  }
  public func reduce(_ reduction: Reduction, _ x: Tensor, over axes: [Int], into out: Tensor) {
    measure(.rowSums, operations: x.count, [x, out]) { inner.reduce(reduction, x, over: axes, into: out) }
  }
  public func multiplyMatrices(
    _ a: Tensor, transposingA: Bool, _ b: Tensor, transposingB: Bool, into out: Tensor, accumulate: Bool
  ) {
    let (m, n) = (out.shape[out.shape.count - 2], out.columns)
    let k = transposingA ? a.shape[a.shape.count - 2] : a.columns
    let products = (0..<out.count / max(m * n, 1)).reduce(0) { sum, _ in
      sum + multiplied(Product(m: m, n: n, k: k, kind: .forward))
    }
    measure(.forward, operations: 0, products: products, [a, b, out]) {
      inner.multiplyMatrices(
        a, transposingA: transposingA, b, transposingB: transposingB, into: out, accumulate: accumulate)
    }
  }
  public func copyStrided(
    _ x: Tensor, _ source: StridedPlace, to out: Tensor, _ destination: StridedPlace, sizes: [Int]
  ) {
    measure(.moving, operations: 0, [out, out]) {
      inner.copyStrided(x, source, to: out, destination, sizes: sizes)
    }
  }
}

extension UnaryFunction {
  /// For each value.
  fileprivate var operations: Int {
    switch self {
    case .negate, .absolute, .sign, .reciprocal, .square, .squareRoot, .relu, .reluDerivative: 1
    case .reciprocalSquareRoot: 2
    case .exponential, .logarithm: 10
    case .sigmoid, .tanh, .silu, .siluDerivative, .sine, .cosine, .errorFunction: 15
    case .gelu, .geluDerivative: 25
    }
  }
}
