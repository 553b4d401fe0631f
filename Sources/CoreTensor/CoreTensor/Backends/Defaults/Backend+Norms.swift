/// Norms over groups of channels and over a batch, in terms of primitives.
extension Backend {
  public func groupNorm(
    _ x: Tensor, groups: Int, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor,
    _ statistics: RowStatistics
  ) {
    normalize(
      x, .groups(groups, of: x.shape), weight: weight, bias: bias, epsilon: epsilon, into: out, statistics)
  }

  public func groupNormGradient(
    _ x: Tensor, groups: Int, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor,
    into out: Tensor,
    weightGradient: Tensor?, biasGradient: Tensor?
  ) {
    normalizeGradient(
      x, .groups(groups, of: x.shape), weight: weight, statistics, isConstant: false,
      outputGradient: outputGradient,
      into: out,
      weightGradient: weightGradient, biasGradient: biasGradient)
  }

  public func batchNorm(
    _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor, _ statistics: RowStatistics
  ) {
    normalize(x, .batch(x.shape), weight: weight, bias: bias, epsilon: epsilon, into: out, statistics)
  }

  public func batchNormGradient(
    _ x: Tensor, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor, into out: Tensor,
    weightGradient: Tensor?, biasGradient: Tensor?
  ) {
    normalizeGradient(
      x, .batch(x.shape), weight: weight, statistics, isConstant: statistics.areKnown,
      outputGradient: outputGradient,
      into: out,
      weightGradient: weightGradient, biasGradient: biasGradient)
  }

  private func normalize(
    _ x: Tensor, _ axes: NormAxes, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor,
    _ statistics: RowStatistics
  ) {
    let (x, out) = (Tensor(sharing: x, shape: axes.shape), Tensor(sharing: out, shape: axes.shape))
    let mean = Tensor(sharing: statistics.mean, shape: axes.statistics)
    let inverse = Tensor(sharing: statistics.inverse, shape: axes.statistics)
    if !statistics.areKnown { scale(reduced(.sum, x, over: axes.reduced), by: 1 / axes.count, into: mean) }
    combine(.subtract, x, mean, into: out)
    if !statistics.areKnown {
      let variance = reduced(.sum, mapped(.square, out), over: axes.reduced)
      combine(.multiply, variance, constant(1 / axes.count), into: variance)
      combine(.add, variance, constant(epsilon), into: variance)
      map(.reciprocalSquareRoot, variance, into: inverse)
    }
    combine(.multiply, out, inverse, into: out)
    if let weight { combine(.multiply, out, Tensor(sharing: weight, shape: axes.channels), into: out) }
    if let bias { combine(.add, out, Tensor(sharing: bias, shape: axes.channels), into: out) }
  }

  private func normalizeGradient(
    _ x: Tensor, _ axes: NormAxes, weight: Tensor?, _ statistics: RowStatistics, isConstant: Bool,
    outputGradient: Tensor,
    into out: Tensor, weightGradient: Tensor?, biasGradient: Tensor?
  ) {
    let outputGradient = Tensor(sharing: outputGradient, shape: axes.shape)
    let inverse = Tensor(sharing: statistics.inverse, shape: axes.statistics)
    let normal = combined(
      .subtract, Tensor(sharing: x, shape: axes.shape),
      Tensor(sharing: statistics.mean, shape: axes.statistics))
    combine(.multiply, normal, inverse, into: normal)
    if let weightGradient {
      let products = combined(.multiply, outputGradient, normal)
      reduce(.sum, products, over: axes.shared, into: Tensor(sharing: weightGradient, shape: axes.channels))
    }
    if let biasGradient {
      reduce(
        .sum, outputGradient, over: axes.shared, into: Tensor(sharing: biasGradient, shape: axes.channels))
    }
    let gradient =
      weight.map { combined(.multiply, outputGradient, Tensor(sharing: $0, shape: axes.channels)) }
      ?? outputGradient
    let result = Tensor(sharing: out, shape: axes.shape)
    guard !isConstant else { return combine(.multiply, gradient, inverse, into: result) }
    let share = constant(1 / axes.count)
    let mean = combined(.multiply, reduced(.sum, gradient, over: axes.reduced), share)
    let projection = combined(
      .multiply, reduced(.sum, combined(.multiply, gradient, normal), over: axes.reduced), share)
    combine(.multiply, normal, projection, into: normal)
    combine(.subtract, gradient, normal, into: result)
    combine(.subtract, result, mean, into: result)
    combine(.multiply, result, inverse, into: result)
  }
}

/// An image batch (B, C, …) as (B, G, C / G, pixels), and which of these axes a norm goes over.
private struct NormAxes {
  let shape: [Int]
  let reduced: [Int]
  /// Over which one channel's weight is used.
  let shared: [Int]
  let channels: [Int]
  var statistics: [Int] { shape.indices.map { reduced.contains($0) ? 1 : shape[$0] } }
  /// Numbers of one mean.
  var count: Float { Float(reduced.reduce(1) { $0 * shape[$1] }) }

  static func groups(_ groups: Int, of shape: [Int]) -> NormAxes {
    let channels = shape[1] / groups
    return NormAxes(
      shape: [shape[0], groups, channels, shape[2...].reduce(1, *)], reduced: [2, 3], shared: [0, 3],
      channels: [1, groups, channels, 1])
  }

  static func batch(_ shape: [Int]) -> NormAxes {
    NormAxes(
      shape: [shape[0], shape[1], 1, shape[2...].reduce(1, *)], reduced: [0, 2, 3], shared: [0, 2, 3],
      channels: [1, shape[1], 1, 1])
  }
}
