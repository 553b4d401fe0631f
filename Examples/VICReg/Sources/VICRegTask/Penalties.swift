import CoreTensor

/// What squares over so many values are divided by, for an estimate that one value alone does not break.
private func correction(_ x: Tensor) -> Int { x.shape[0] > 1 ? 1 : 0 }

/// Mean over features of max(0, deviation - √(variance + 1e-4)): x (M, D) → one value.
public func varianceHinge(_ x: Tensor, deviation: Float) -> Tensor {
  relu(deviation - sqrt(x.variance(over: [0], correction: correction(x)) + 1e-4)).mean()
}

/// Σ of squared covariances of different features, divided by their number: x (M, D) → one value.
public func covariancePenalty(_ x: Tensor) -> Tensor {
  let columns = x.shape[1]
  let centred = x - x.mean(over: [0], keepingDimensions: true)
  let covariance =
    matmul(centred, centred, transposingA: true) * (1 / Float(x.shape[0] - correction(x)))
  let number = Tensor((0..<columns).map(Float.init), shape: [columns])
  let isOwn = equal(number, reshape(number, [columns, 1]))
  return select(isOwn, Tensor([0], shape: [1]), square(covariance)).sum() * (1 / Float(columns))
}
