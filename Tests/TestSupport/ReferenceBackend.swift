import CoreTensor
import Foundation

/// Every operation as its formula says, one value after the other, sums in double: what other backends are
/// compared with. Slow, and meant to be.
public struct ReferenceBackend: Backend {
  public init() {}

  public func multiply(
    _ a: Tensor, transposed transposeA: Bool, _ b: Tensor, transposed transposeB: Bool, into out: Tensor,
    _ sizes: ProductSizes, accumulate: Bool
  ) {
    let (left, right, result) = (a.pointer, b.pointer, out.pointer)
    let (m, n, k) = (sizes.m, sizes.n, sizes.k)
    for row in 0..<m {
      for column in 0..<n {
        var sum = accumulate ? Double(result[row * n + column]) : 0
        for inner in 0..<k {
          let x = left[transposeA ? inner * m + row : row * k + inner]
          let y = right[transposeB ? column * k + inner : inner * n + column]
          sum += Double(x) * Double(y)
        }
        result[row * n + column] = Float(sum)
      }
    }
  }

  public func addRowVector(_ vector: Tensor, to x: Tensor) {
    let columns = vector.count
    each(x.count) { x.pointer[$0] += vector.pointer[$0 % columns] }
  }

  public func sumRows(_ x: Tensor, into out: Tensor, accumulate: Bool) {
    let (rows, columns) = sides(x)
    for column in 0..<columns {
      var sum = accumulate ? Double(out.pointer[column]) : 0
      for row in 0..<rows { sum += Double(x.pointer[row * columns + column]) }
      out.pointer[column] = Float(sum)
    }
  }

  // MARK: One value at a time

  public func add(_ a: Tensor, _ b: Tensor, into out: Tensor) {
    each(out.count) { out.pointer[$0] = a.pointer[$0] + b.pointer[$0] }
  }
  public func scale(_ x: Tensor, by factor: Float, into out: Tensor) {
    each(out.count) { out.pointer[$0] = x.pointer[$0] * factor }
  }
  public func addScaled(_ x: Tensor, by factor: Float, into out: Tensor) {
    each(out.count) {
      out.pointer[$0] = Float(Double(out.pointer[$0]) + Double(x.pointer[$0]) * Double(factor))
    }
  }
  public func gelu(_ x: Tensor, into out: Tensor) {
    each(out.count) {
      let value = Double(x.pointer[$0])
      out.pointer[$0] = Float(value * normalShare(value))
    }
  }
  public func geluGradient(_ x: Tensor, _ upstream: Tensor, into out: Tensor) {
    each(out.count) {
      let value = Double(x.pointer[$0])
      let density = exp(-value * value / 2) / (2 * Double.pi).squareRoot()
      out.pointer[$0] = Float(Double(upstream.pointer[$0]) * (normalShare(value) + value * density))
    }
  }
  public func relu(_ x: Tensor, into out: Tensor) {
    each(out.count) { out.pointer[$0] = x.pointer[$0] > 0 ? x.pointer[$0] : 0 }
  }
  public func reluGradient(_ x: Tensor, _ upstream: Tensor, into out: Tensor) {
    each(out.count) { out.pointer[$0] = x.pointer[$0] > 0 ? upstream.pointer[$0] : 0 }
  }
  public func difference(_ a: Tensor, _ b: Tensor, by factor: Float, into out: Tensor) {
    each(out.count) {
      out.pointer[$0] = Float(Double(factor) * (Double(a.pointer[$0]) - Double(b.pointer[$0])))
    }
  }
  public func movingAverage(_ x: Tensor, keep: Float, into out: Tensor) {
    let keep = Double(keep)
    each(out.count) {
      out.pointer[$0] = Float(keep * Double(out.pointer[$0]) + (1 - keep) * Double(x.pointer[$0]))
    }
  }
  public func firstNonFinite(_ x: Tensor) -> Int? { (0..<x.count).first { !x.pointer[$0].isFinite } }

  // MARK: Sums and the optimiser

  public func squaredError(_ a: Tensor, _ b: Tensor) -> Double {
    zip(a.values, b.values).reduce(0) {
      let gap = Double($1.0) - Double($1.1)
      return $0 + gap * gap
    }
  }
  public func sumOfSquares(_ x: Tensor) -> Double { x.values.reduce(0) { $0 + Double($1) * Double($1) } }

  public func adamW(_ parameter: Tensor, gradient: Tensor, first: Tensor, second: Tensor, _ step: AdamWStep) {
    let correction1 = 1 - pow(step.beta1, Double(step.count))
    let correction2 = 1 - pow(step.beta2, Double(step.count))
    each(parameter.count) {
      let slope = Double(gradient.pointer[$0]) * step.gradientScale
      let mean = step.beta1 * Double(first.pointer[$0]) + (1 - step.beta1) * slope
      let square = step.beta2 * Double(second.pointer[$0]) + (1 - step.beta2) * slope * slope
      let decayed = Double(parameter.pointer[$0]) * (1 - step.learningRate * step.weightDecay)
      let move = mean / correction1 / ((square / correction2).squareRoot() + step.epsilon)
      first.pointer[$0] = Float(mean)
      second.pointer[$0] = Float(square)
      parameter.pointer[$0] = Float(decayed - step.learningRate * move)
    }
  }

  // MARK: Helpers

  /// Φ(x): the share of a standard normal distribution that lies under `value`.
  private func normalShare(_ value: Double) -> Double { erfc(-value / 2.0.squareRoot()) / 2 }

  func each(_ count: Int, _ body: (Int) -> Void) { for position in 0..<count { body(position) } }

  /// Rows and columns of a tensor seen as a matrix of its last axis.
  func sides(_ x: Tensor) -> (rows: Int, columns: Int) {
    let columns = x.shape[x.shape.count - 1]
    return (columns == 0 ? 0 : x.count / columns, columns)
  }
}
