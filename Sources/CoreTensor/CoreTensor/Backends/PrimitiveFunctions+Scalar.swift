import Foundation

// The functions of one number after the other: for a backend that begins with loops.

extension UnaryFunction {
  /// The function of one number.
  public func callAsFunction(_ x: Float) -> Float {
    switch self {
    case .negate: -x
    case .absolute: abs(x)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x
    case .reciprocal: 1 / x
    case .exponential: exp(x)
    case .logarithm: log(x)
    case .squareRoot: x.squareRoot()
    case .reciprocalSquareRoot: 1 / x.squareRoot()
    case .square: x * x
    case .sigmoid: 1 / (1 + exp(-x))
    case .tanh: Foundation.tanh(x)
    case .gelu: x * Self.normalShare(x)
    case .geluDerivative: Self.normalShare(x) + x * exp(-x * x / 2) / (2 * Float.pi).squareRoot()
    case .relu: x < 0 ? 0 : x
    case .reluDerivative: x > 0 ? 1 : 0
    // In the limit, where the product would be none.
    case .silu: x == -.infinity ? 0 : x / (1 + exp(-x))
    case .siluDerivative: x.isInfinite ? (x > 0 ? 1 : 0) : Self.siluGradient(x)
    case .sine: sin(x)
    case .cosine: cos(x)
    case .errorFunction: erf(x)
    }
  }

  /// Share of a normal distribution that lies below x.
  private static func normalShare(_ x: Float) -> Float { erfc(-x * Float(0.5).squareRoot()) / 2 }

  private static func siluGradient(_ x: Float) -> Float {
    let logistic = 1 / (1 + exp(-x))
    return logistic * (1 + x * (1 - logistic))
  }
}

extension BinaryFunction {
  /// The function of two numbers.
  public func callAsFunction(_ a: Float, _ b: Float) -> Float {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .power: pow(a, b)
    case .maximum: a.isNaN || b.isNaN ? .nan : max(a, b)
    case .minimum: a.isNaN || b.isNaN ? .nan : min(a, b)
    case .greater: a > b ? 1 : 0
    case .greaterOrEqual: a >= b ? 1 : 0
    case .equal: a == b ? 1 : 0
    }
  }
}
