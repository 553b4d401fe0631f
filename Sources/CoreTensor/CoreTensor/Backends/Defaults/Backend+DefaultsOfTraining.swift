import Foundation

// Losses and the optimiser as primitives.

extension Backend {
  public func meanSquaredError(_ a: Tensor, _ b: Tensor, into mean: Tensor) {
    let squares = mapped(.square, combined(.subtract, a, b))
    combine(.multiply, sum(squares), constant(1 / Float(a.count)), into: mean)
  }

  public func difference(_ a: Tensor, _ b: Tensor, by factor: Float, times scalar: Tensor?, into out: Tensor)
  {
    combine(.multiply, combined(.subtract, a, b), product(factor, scalar), into: out)
  }

  /// Σ of all values, as a tensor (1).
  private func sum(_ x: Tensor) -> Tensor {
    reduced(.sum, Tensor(sharing: x, shape: [x.count]), over: [0])
  }

  public func softmaxCrossEntropy(_ logits: Tensor, classes: [Int?], into mean: Tensor, gradient: Tensor) {
    let columns = logits.columns
    let known = Tensor(classes.map { $0 == nil ? Float(0) : 1 }, shape: [classes.count, 1], on: device)
    let wanted = Tensor(
      classes.flatMap { own in (0..<columns).map { $0 == own ? Float(1) : 0 } }, shape: logits.shape,
      on: device)
    let shifted = combined(.subtract, logits, reduced(.maximum, logits, over: [1]))
    let powers = mapped(.exponential, shifted)
    let sums = reduced(.sum, powers, over: [1])
    // A row without a class is left out, also where it holds what is no number.
    select(known, combined(.subtract, combined(.divide, powers, sums), wanted), constant(0), into: gradient)
    let logarithms = combined(.subtract, mapped(.logarithm, sums), shifted)
    let errors = empty(logits.shape)
    select(wanted, logarithms, constant(0), into: errors)
    combine(.multiply, sum(errors), constant(share(classes.count { $0 != nil })), into: mean)
  }

  public func binaryCrossEntropy(_ logits: Tensor, targets: [Bool?], into mean: Tensor, gradient: Tensor) {
    let known = Tensor(targets.map { $0 == nil ? Float(0) : 1 }, shape: logits.shape, on: device)
    let sign = Tensor(targets.map { $0 == true ? Float(1) : -1 }, shape: logits.shape, on: device)
    // -log σ(s) = max(-s, 0) + log(1 + e^-|s|), s = ±logit
    let signed = combined(.multiply, logits, sign)
    let small = mapped(.exponential, mapped(.negate, mapped(.absolute, signed)))
    let error = combined(
      .add, mapped(.relu, mapped(.negate, signed)),
      mapped(.logarithm, combined(.add, small, constant(1))))
    let errors = empty(logits.shape)
    select(known, error, constant(0), into: errors)
    combine(.multiply, sum(errors), constant(share(targets.count { $0 != nil })), into: mean)
    let gradients = combined(.multiply, mapped(.sigmoid, mapped(.negate, signed)), mapped(.negate, sign))
    select(known, gradients, constant(0), into: gradient)
  }

  private func share(_ known: Int) -> Float { Float(1 / Double(max(known, 1))) }

  public func gradientScale(
    _ gradients: [Tensor], losses: Tensor?, share: Double, clipNorm: Double, into out: Tensor
  ) {
    let sums = Tensor([max(gradients.count, 1)], repeating: 0, on: device)
    for (place, gradient) in gradients.enumerated() {
      put(sum(mapped(.square, gradient)), into: sums, at: place)
    }
    let norm = combined(.multiply, mapped(.squareRoot, sum(sums)), constant(Float(share)))
    put(norm, into: out, at: 0)
    var factor = constant(Float(share))
    if clipNorm > 0 {
      let clip = combined(
        .divide, constant(Float(clipNorm)), combined(.add, norm, constant(1e-6)))
      factor = combined(.multiply, combined(.minimum, clip, constant(1)), factor)
    }
    put(factor, into: out, at: 1)
    // Of what is finite, and of nothing else, x - x is 0.
    var verdict = isZero(combined(.subtract, norm, norm))
    if let losses {
      let flat = Tensor(sharing: losses, shape: [losses.count])
      let own = isZero(sum(combined(.subtract, flat, flat)))
      verdict = combined(.multiply, verdict, own)
    }
    put(verdict, into: out, at: 2)
  }

  private func isZero(_ x: Tensor) -> Tensor { combined(.equal, x, constant(0)) }

  /// Writes x (1) at one place of out.
  private func put(_ x: Tensor, into out: Tensor, at place: Int) {
    copyStrided(
      x, StridedPlace(strides: [1]), to: out, StridedPlace(start: place, strides: [1]), sizes: [1])
  }

  public func adamW(_ updates: [ParameterUpdate], _ step: AdamWStep, scale: Tensor) {
    let factor = Tensor(sharing: scale, shape: [1], start: 1)
    let verdict = Tensor(sharing: scale, shape: [1], start: 2)
    let corrections = (1 - power(step.beta1, step.count), 1 - power(step.beta2, step.count))
    /// old + share · (new - old), where the step is finite.
    func approach(_ old: Tensor, _ new: Tensor, _ share: Double) {
      let gap = combined(.multiply, combined(.subtract, new, old), constant(Float(share)))
      select(verdict, combined(.add, old, gap), old, into: old)
    }
    for update in updates {
      if let gradient = update.gradient {
        let scaled = combined(.multiply, gradient, factor)
        approach(update.first, scaled, 1 - step.beta1)
        approach(update.second, mapped(.square, scaled), 1 - step.beta2)
        let deviation = combined(
          .multiply, mapped(.squareRoot, update.second), constant(Float(1 / corrections.1.squareRoot())))
        let direction = combined(
          .divide, update.first, combined(.add, deviation, constant(Float(step.epsilon))))
        let decayed = combined(
          .multiply, update.parameter, constant(Float(1 - update.learningRate * update.weightDecay)))
        let moved = combined(
          .subtract, decayed,
          combined(.multiply, direction, constant(Float(update.learningRate / corrections.0))))
        select(verdict, moved, update.parameter, into: update.parameter)
      }
      if let average = update.average { approach(average, update.parameter, 1 - step.averageDecay) }
    }
  }
}
