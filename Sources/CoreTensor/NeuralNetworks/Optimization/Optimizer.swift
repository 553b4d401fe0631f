import CoreTensor

/// Turns gradients into updates of parameters.
///
/// `AdamW` is the one that is shipped. A plugin registers another as a `ComponentDefinition`, and a run takes it by
/// `training.optimizer`. Everything stays on the device: the factor on gradients and the verdict whether the step is
/// finite come as tensors.
public protocol Optimizer: AnyObject {
  /// What is updated, in the model's order.
  var parameters: [Parameter] { get }
  /// Gradients are scaled down to this norm where theirs is larger; 0 = never.
  var clipNorm: Double { get }
  /// Updates done so far; saved with the state.
  var updates: Int { get set }
  /// What it remembers from one update to the next, float32, by names that say whose it is: saved in checkpoints and
  /// written over when a run goes on.
  var state: [(name: String, tensor: Tensor)] { get }
  /// Updates every parameter that has a gradient, and lets what follows a parameter follow it.
  /// - Parameters:
  ///   - learningRate: of this step.
  ///   - scale: the factor on gradients, and whether anything may change.
  ///   - emaDecay: τ of θ' ← τ θ' + (1 - τ) θ (spec section 1).
  func update(learningRate: Double, scale: GradientScale, emaDecay: Double)
}

extension Optimizer {
  /// Makes one update and reads from the device once, at its end. A step whose losses or gradients are not finite
  /// changes nothing.
  /// - Parameters:
  ///   - learningRate: of this step.
  ///   - losses: whose numbers come back, and must be finite; tensors (n) each, in the order given.
  ///   - share: factor on gradients before clipping: 1/n after n accumulated backward passes.
  ///   - emaDecay: τ of θ' ← τ θ' + (1 - τ) θ (spec section 1).
  /// - Returns: what the device says. Gradients are cleared where the step was finite; where not, they are left to be
  ///   looked at, until `clearGradients()`.
  @discardableResult
  public func step(
    learningRate: Double, losses: [Tensor] = [], share: Double = 1, emaDecay: Double = 1
  ) -> StepNumbers {
    let losses = losses.isEmpty ? nil : concatenate(losses.map(\.detached))
    let scale = scale(losses: losses, share: share, clipNorm: clipNorm)
    update(learningRate: learningRate, scale: scale, emaDecay: emaDecay)
    let numbers = losses.map { concatenate([$0, scale.tensor]).values } ?? scale.tensor.values
    let read = StepNumbers(numbers)
    guard read.isFinite else { return read }
    updates += 1
    clearGradients()
    return read
  }

  /// Norm of all gradients together, √Σ g², read from the device.
  public func gradientNorm() -> Double {
    Double(scale(losses: nil, share: 1, clipNorm: 0).tensor.values[0])
  }

  public func clearGradients() {
    for parameter in parameters { parameter.clearGradient() }
  }

  private func scale(losses: Tensor?, share: Double, clipNorm: Double) -> GradientScale {
    let backend = Compute.backend("gradientScale", parameters.first?.tensor)
    let scale = backend.empty([3])
    backend.gradientScale(
      parameters.compactMap(\.gradient), losses: losses, share: share, clipNorm: clipNorm, into: scale)
    return GradientScale(scale)
  }
}

/// Lets averages follow parameters by θ' ← τ θ' + (1 - τ) θ, where the step is finite: for optimisers that do not do it
/// while they update.
public func follow(
  _ pairs: [(parameter: Parameter, average: Parameter)], emaDecay: Double, scale: GradientScale
) {
  guard let first = pairs.first?.parameter.tensor else { return }
  let updates = pairs.map { pair in
    ParameterUpdate(
      parameter: pair.parameter.tensor, gradient: nil, first: pair.parameter.tensor,
      second: pair.parameter.tensor, average: pair.average.tensor, learningRate: 0, weightDecay: 0)
  }
  let step = AdamWStep(beta1: 0, beta2: 0, epsilon: 1, count: 1, averageDecay: emaDecay)
  Compute.backend("follow", first).adamW(updates, step, scale: scale.tensor)
}

/// What a step came to, read from the device at its end.
public struct StepNumbers: Sendable, Equatable {
  /// In the order in which they were given.
  public let losses: [Float]
  /// Before clipping, of the mean over accumulated passes.
  public let gradientNorm: Double
  /// Whether losses and norm are; where not, the step changed nothing.
  public let isFinite: Bool

  /// Losses, then what `Backend.gradientScale` wrote.
  init(_ numbers: [Float]) {
    losses = Array(numbers.dropLast(3))
    gradientNorm = Double(numbers[numbers.count - 3])
    isFinite = numbers[numbers.count - 1] != 0
  }
}
