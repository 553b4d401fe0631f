import CoreTensor
import Foundation

// The primitives by their formulas, in double.
extension ReferenceBackend {
  public func map(_ function: UnaryFunction, _ x: Tensor, into out: Tensor) {
    write(x.values.map { value(function, Double($0)) }, to: out)
  }

  private func value(_ function: UnaryFunction, _ x: Double) -> Double {
    let logistic = 1 / (1 + exp(-x))
    let share = erfc(-x / 2.0.squareRoot()) / 2
    return switch function {
    case .negate: -x
    case .absolute: abs(x)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x
    case .reciprocal: 1 / x
    case .exponential: exp(x)
    case .logarithm: log(x)
    case .squareRoot: x.squareRoot()
    case .reciprocalSquareRoot: 1 / x.squareRoot()
    case .square: x * x
    case .sigmoid: logistic
    case .tanh: Foundation.tanh(x)
    case .gelu: x * share
    case .geluDerivative: share + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
    case .relu: x < 0 ? 0 : x
    case .reluDerivative: x > 0 ? 1 : 0
    // In the limit, where the product would be none.
    case .silu: x == -.infinity ? 0 : x * logistic
    case .siluDerivative: x.isInfinite ? (x > 0 ? 1 : 0) : logistic * (1 + x * (1 - logistic))
    case .sine: sin(x)
    case .cosine: cos(x)
    case .errorFunction: erf(x)
    }
  }

  public func combine(_ function: BinaryFunction, _ a: Tensor, _ b: Tensor, into out: Tensor) {
    let (left, right) = (repeated(a, to: out.shape), repeated(b, to: out.shape))
    write(zip(left, right).map { value(function, $0, $1) }, to: out)
  }

  private func value(_ function: BinaryFunction, _ a: Double, _ b: Double) -> Double {
    switch function {
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

  public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor, into out: Tensor) {
    let chosen = repeated(condition, to: out.shape)
    let (left, right) = (repeated(a, to: out.shape), repeated(b, to: out.shape))
    write(chosen.indices.map { chosen[$0] != 0 ? left[$0] : right[$0] }, to: out)
  }

  /// The values of x at every index of a larger shape.
  private func repeated(_ x: Tensor, to shape: [Int]) -> [Double] {
    let values = x.values
    return indices(of: shape).map { index in
      let own = index.suffix(x.shape.count)
      return Double(values[zip(own, x.shape).reduce(0) { $0 * $1.1 + ($1.1 == 1 ? 0 : $1.0) }])
    }
  }

  /// Every index of a shape, in row-major order.
  private func indices(of shape: [Int]) -> [[Int]] {
    shape.reduce([[]]) { heads, size in heads.flatMap { head in (0..<size).map { head + [$0] } } }
  }

  public func reduce(_ reduction: Reduction, _ x: Tensor, over axes: [Int], into out: Tensor) {
    var results = [Double](repeating: reduction == .sum ? 0 : -.infinity, count: out.count)
    for (index, value) in zip(indices(of: x.shape), x.values) {
      let place = index.indices.reduce(0) {
        axes.contains($1) ? $0 : $0 * x.shape[$1] + index[$1]
      }
      results[place] =
        reduction == .sum
        ? results[place] + Double(value) : self.value(.maximum, results[place], Double(value))
    }
    write(results, to: out)
  }

  public func multiplyMatrices(
    _ a: Tensor, transposingA: Bool, _ b: Tensor, transposingB: Bool, into out: Tensor, accumulate: Bool
  ) {
    let (m, n) = (out.shape[out.shape.count - 2], out.shape[out.shape.count - 1])
    let k = a.shape[a.shape.count - (transposingA ? 2 : 1)]
    let (left, right, before) = (operand(a), operand(b), out.values)
    let results = (0..<out.count).map { place -> Double in
      let (matrix, row, column) = (place / (m * n), place / n % m, place % n)
      return (0..<k).reduce(accumulate ? Double(before[place]) : 0) { sum, i in
        let x = left[matrix * m * k + (transposingA ? i * m + row : row * k + i)]
        let y = right[matrix * k * n + (transposingB ? column * k + i : i * n + column)]
        return sum + Double(x) * Double(y)
      }
    }
    write(results, to: out)
  }

  public func copyStrided(
    _ x: Tensor, _ source: StridedPlace, to out: Tensor, _ destination: StridedPlace, sizes: [Int]
  ) {
    func place(_ strided: StridedPlace, _ index: [Int]) -> Int {
      zip(strided.strides, index).reduce(strided.start) { $0 + $1.0 * $1.1 }
    }
    let size = out.elementType.byteCount
    for index in indices(of: sizes) {
      (out.bytes + place(destination, index) * size)
        .copyMemory(from: x.bytes + place(source, index) * size, byteCount: size)
    }
  }
}
