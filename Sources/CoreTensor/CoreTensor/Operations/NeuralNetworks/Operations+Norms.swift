/// Group normalisation (Wu and He 2018): each image's channels in `groups` equal parts, each part over its channels
/// and pixels. With one group for each channel it is instance normalisation.
/// - Parameters:
///   - x: `(B, C, …)`.
///   - groups: a divisor of C.
///   - weight: scale `(C)`; nil for none.
///   - bias: shift `(C)`; given exactly where `weight` is.
///   - epsilon: added to variances.
/// - Returns: x's shape.
public func groupNorm(
  _ x: Tensor, groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5
) -> Tensor {
  checkNorm("groupNorm", x, weight, bias)
  require(groups > 0 && x.shape[1] % groups == 0, "groupNorm: input \(x.shape) in \(groups) groups")
  let backend = Compute.backend("groupNorm", x, weight, bias)
  let (input, scale) = (x.detached, weight?.detached)
  let out = backend.empty(x.shape)
  let statistics = RowStatistics(rows: x.shape[0] * groups, on: backend.device)
  backend.groupNorm(input, groups: groups, weight: scale, bias: bias, epsilon: epsilon, into: out, statistics)
  return differentiable("groupNorm", [x, weight, bias].compactMap { $0 }, out) { outputGradient in
    receiveNorm(x, weight, bias, backend) { inputGradient, weightGradient, biasGradient in
      backend.groupNormGradient(
        input, groups: groups, weight: scale, statistics, outputGradient: outputGradient, into: inputGradient,
        weightGradient: weightGradient, biasGradient: biasGradient)
    }
  }
}

/// Instance normalisation (Ulyanov et al. 2016): each channel of each image over its pixels.
/// Parameters and result are those of `groupNorm`.
public func instanceNorm(
  _ x: Tensor, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5
) -> Tensor {
  require(x.shape.count > 1, "instanceNorm: input \(x.shape)")
  return groupNorm(x, groups: x.shape[1], weight: weight, bias: bias, epsilon: epsilon)
}

/// The mean and variance that a batch norm has seen, each `(C)`: what it uses when it does not train.
public struct RunningStatistics: Sendable {
  public let mean: Tensor
  public let variance: Tensor
  public init(mean: Tensor, variance: Tensor) { (self.mean, self.variance) = (mean, variance) }
}

/// Batch normalisation while training (Ioffe and Szegedy 2015): each channel over the batch and its pixels.
/// - Parameters:
///   - x: `(B, C, …)`, of more than one value a channel.
///   - weight: scale `(C)`; nil for none.
///   - bias: shift `(C)`; given exactly where `weight` is.
///   - running: moves towards the batch's mean and unbiased variance, in place; nil for none. A body that is
///     `recomputed` moves it twice.
///   - momentum: the share of the batch's statistics that enters.
///   - epsilon: added to variances.
/// - Returns: x's shape.
public func batchNorm(
  _ x: Tensor, weight: Tensor? = nil, bias: Tensor? = nil, updating running: RunningStatistics? = nil,
  momentum: Float = 0.1, epsilon: Float = 1e-5
) -> Tensor {
  checkNorm("batchNorm", x, weight, bias)
  let count = x.count / max(x.shape[1], 1)
  require(
    count > 1, "batchNorm: input \(x.shape) has \(count) values a channel, where training needs more than one"
  )
  let backend = Compute.backend("batchNorm", x, weight, bias, running?.mean)
  let (out, statistics) = batchNorm(
    x, weight, bias, epsilon, RowStatistics(rows: x.shape[1], on: backend.device), backend)
  guard let running else { return out }
  backend.movingAverage(statistics.mean, keep: 1 - momentum, into: running.mean)
  // The batch's variance is taken from what was kept of it: (1/inverse² - epsilon) n / (n - 1).
  let variance = backend.mapped(.square, backend.mapped(.reciprocal, statistics.inverse))
  backend.combine(.subtract, variance, backend.constant(epsilon), into: variance)
  backend.combine(.multiply, variance, backend.constant(Float(count) / Float(count - 1)), into: variance)
  backend.movingAverage(variance, keep: 1 - momentum, into: running.variance)
  return out
}

/// Batch normalisation by statistics that were collected while training.
/// Parameters and result are those of the training form; `statistics` are left as they are.
public func batchNorm(
  _ x: Tensor, weight: Tensor? = nil, bias: Tensor? = nil, using statistics: RunningStatistics,
  epsilon: Float = 1e-5
) -> Tensor {
  checkNorm("batchNorm", x, weight, bias)
  require(
    statistics.mean.shape == [x.shape[1]] && statistics.variance.shape == [x.shape[1]],
    "batchNorm: input \(x.shape), statistics \(statistics.mean.shape) and \(statistics.variance.shape)")
  let backend = Compute.backend("batchNorm", x, weight, bias, statistics.mean)
  let known = RowStatistics(rows: x.shape[1], on: backend.device).known
  backend.convert(statistics.mean, into: known.mean)
  backend.map(
    .reciprocalSquareRoot, backend.combined(.add, statistics.variance.detached, epsilon), into: known.inverse)
  return batchNorm(x, weight, bias, epsilon, known, backend).out
}

private func batchNorm(
  _ x: Tensor, _ weight: Tensor?, _ bias: Tensor?, _ epsilon: Float, _ statistics: RowStatistics,
  _ backend: any Backend
) -> (out: Tensor, RowStatistics) {
  let (input, scale) = (x.detached, weight?.detached)
  let out = backend.empty(x.shape)
  backend.batchNorm(input, weight: scale, bias: bias, epsilon: epsilon, into: out, statistics)
  let result = differentiable("batchNorm", [x, weight, bias].compactMap { $0 }, out) { outputGradient in
    receiveNorm(x, weight, bias, backend) { inputGradient, weightGradient, biasGradient in
      backend.batchNormGradient(
        input, weight: scale, statistics, outputGradient: outputGradient, into: inputGradient,
        weightGradient: weightGradient,
        biasGradient: biasGradient)
    }
  }
  return (result, statistics)
}

private func checkNorm(_ name: String, _ x: Tensor, _ weight: Tensor?, _ bias: Tensor?) {
  require(
    x.shape.count > 1 && (weight == nil) == (bias == nil)
      && [weight, bias].allSatisfy { $0.map { $0.shape == [x.shape[1]] } ?? true },
    "\(name): input \(x.shape), weight \(weight?.shape ?? []), bias \(bias?.shape ?? [])")
}

/// Hands the three gradients that `write` writes to those who want one.
private func receiveNorm(
  _ x: Tensor, _ weight: Tensor?, _ bias: Tensor?, _ backend: any Backend,
  write: (_ inputGradient: Tensor, Tensor?, Tensor?) -> Void
) {
  let inputGradient = backend.empty(x.shape)
  let (weightGradient, biasGradient) = (
    weight?.node.map { _ in backend.empty([x.shape[1]]) },
    bias?.node.map { _ in backend.empty([x.shape[1]]) }
  )
  write(inputGradient, weightGradient, biasGradient)
  x.node?.receive(inputGradient)
  if let weightGradient { weight?.node?.receive(weightGradient) }
  if let biasGradient { bias?.node?.receive(biasGradient) }
}
