import CKernels

extension CPUBackend {
  public func gradientScale(
    _ gradients: [Tensor], losses: Tensor?, share: Double, clipNorm: Double, into out: Tensor
  ) {
    let total = gradients.reduce(0) { $0 + sumOfSquares($1) }.squareRoot()
    let norm = total * share
    let clip = clipNorm > 0 ? min(1, clipNorm / (norm + 1e-6)) : 1
    let isFinite = total.isFinite && (losses.map { firstNonFinite($0) == nil } ?? true)
    out.pointer[0] = Float(norm)
    out.pointer[1] = Float(clip * share)
    out.pointer[2] = isFinite ? 1 : 0
  }

  public func adamW(_ updates: [ParameterUpdate], _ step: AdamWStep, scale: Tensor) {
    guard scale.pointer[2] != 0 else { return }
    let factor = scale.pointer[1]
    let corrections = (1 - power(step.beta1, step.count), 1 - power(step.beta2, step.count))
    for update in updates {
      guard let gradient = update.gradient else {
        if let average = update.average { follow(update.parameter, step.averageDecay, average) }
        continue
      }
      let how = chex_adamw_step(
        gradientScale: factor, decay: Float(1 - update.learningRate * update.weightDecay),
        gain1: Float(1 - step.beta1), beta2: Float(step.beta2), gain2: Float(1 - step.beta2),
        epsilon: Float(step.epsilon), stepSize: Float(update.learningRate / corrections.0),
        secondScale: Float(1 / corrections.1.squareRoot()), keep: Float(step.averageDecay))
      elementwise(update.parameter.count) { start, count in
        chex_adamw(
          update.parameter.pointer + start, gradient.pointer + start, update.first.pointer + start,
          update.second.pointer + start, update.average.map { $0.pointer + start }, how, count)
      }
    }
  }

  /// average = keep · average + (1 - keep) · x
  private func follow(_ x: Tensor, _ keep: Double, _ average: Tensor) {
    elementwise(average.count) {
      chex_moving_average(x.pointer + $0, Float(keep), average.pointer + $0, $1)
    }
  }
}

/// base to a power of 1 or more, by multiplications alone: the same bits on every processor.
func power(_ base: Double, _ exponent: Int) -> Double {
  var (result, factor, left) = (1.0, base, exponent)
  while left > 0 {
    if left & 1 == 1 { result *= factor }
    factor *= factor
    left >>= 1
  }
  return result
}
