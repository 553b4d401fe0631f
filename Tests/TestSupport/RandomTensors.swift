import CoreTensor

/// A source of reproducible random tensors.
public struct RandomTensors {
  private var stream: RandomStream

  public init(_ name: String, seed: UInt64 = 1) { stream = RandomStream(seed: seed, stream: name) }

  /// Normal values of standard deviation `scale`, row-major.
  /// - Parameter gap: values are pushed this far away from zero, so that none sits on a kink.
  public mutating func normal(_ shape: [Int], scale: Float = 1, gap: Float = 0) -> Tensor {
    let tensor = Tensor(uninitialized: shape)
    for position in 0..<tensor.count {
      let value = Float(stream.normal()) * scale
      tensor.pointer[position] = value < 0 ? value - gap : value + gap
    }
    return tensor
  }
}

/// Largest difference of two tensors' values, divided by the largest magnitude in `expected`.
/// - Returns: infinity where shapes differ or one value is not finite and the other is another.
public func relativeDifference(_ actual: Tensor, _ expected: Tensor) -> Double {
  guard actual.shape == expected.shape else { return .infinity }
  return relativeDifference(actual.values, expected.values)
}

/// The same for plain values.
public func relativeDifference(_ actual: [Float], _ expected: [Float]) -> Double {
  guard actual.count == expected.count else { return .infinity }
  let magnitude = expected.reduce(0) { max($0, abs(Double($1))) }
  var worst = 0.0
  for (a, e) in zip(actual, expected) where a != e && !(a.isNaN && e.isNaN) {
    let gap = abs(Double(a) - Double(e)) / max(magnitude, Double(Float.leastNormalMagnitude))
    worst = gap.isNaN ? .infinity : max(worst, gap)
  }
  return worst
}
