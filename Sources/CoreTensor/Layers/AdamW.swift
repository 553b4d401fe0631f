import CoreTensor

/// The numbers of AdamW that stay the same over a run (Loshchilov and Hutter 2019).
public struct AdamWSettings: Sendable, Equatable, Codable {
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
  /// Decoupled; none on parameters of one dimension (biases, norms).
  public var weightDecay: Double
  /// Gradients are scaled down to this norm where theirs is larger; 0 = never.
  public var clipNorm: Double

  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0.05,
    clipNorm: Double = 1
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.clipNorm = clipNorm
  }
}

/// How the updates of one parameter differ from those of the others.
public struct UpdateScale: Sendable, Equatable {
  /// Factor on the learning rate; 1 unless given. The decay of weights follows it.
  public var learningRate: Double
  /// Factor on the weight decay.
  public var weightDecay: Double

  public init(learningRate: Double = 1, weightDecay: Double) {
    self.learningRate = learningRate
    self.weightDecay = weightDecay
  }

  /// The common learning rate; no decay for parameters of one dimension.
  public static func standard(for parameter: Parameter) -> UpdateScale {
    UpdateScale(weightDecay: parameter.shape.count > 1 ? 1 : 0)
  }
}

/// AdamW with gradient clipping by global norm.
public final class AdamW {
  /// A parameter, its two moments, float32 of the parameter's shape, who follows it by moving average, and how its
  /// updates differ.
  public struct Slot {
    public let parameter: Parameter
    public let first: Tensor
    public let second: Tensor
    public let follower: Parameter?
    public let scale: UpdateScale
  }

  public let settings: AdamWSettings
  public let slots: [Slot]
  /// Updates done so far; saved with the moments.
  public var updates = 0

  /// - Parameters:
  ///   - parameters: trainable ones, in the model's order.
  ///   - followers: what follows a parameter, by the parameter's identity.
  ///   - settings: for the whole run.
  ///   - scale: of each parameter's updates.
  public init(
    _ parameters: [Parameter], followers: [ObjectIdentifier: Parameter] = [:], settings: AdamWSettings,
    scale: (Parameter) -> UpdateScale = UpdateScale.standard
  ) {
    self.settings = settings
    slots = parameters.map {
      Slot(
        parameter: $0, first: .zeros($0.shape, on: $0.tensor.device),
        second: .zeros($0.shape, on: $0.tensor.device),
        follower: followers[ObjectIdentifier($0)], scale: scale($0))
    }
  }

  /// Updates every parameter that has a gradient and lets followers follow: one pass over each parameter's memory. A
  /// step whose losses or gradients are not finite changes nothing. The host reads from the device once, at the end.
  /// - Parameters:
  ///   - learningRate: of this step, before each parameter's factor.
  ///   - losses: whose numbers come back, and must be finite; tensors (n) each, in the order given.
  ///   - share: factor on gradients before clipping: 1/n after n accumulated backward passes.
  ///   - followerMomentum: τ of θ' ← τ θ' + (1 - τ) θ (spec section 1).
  /// - Returns: what the device says. Gradients are cleared where the step was finite; where not, they are left to be
  ///   looked at, until `clearGradients()`.
  @discardableResult
  public func step(
    learningRate: Double, losses: [Tensor] = [], share: Double = 1, followerMomentum: Double = 1
  ) -> StepNumbers {
    let losses = losses.isEmpty ? nil : stack(losses.map(\.detached))
    let gradients = slots.compactMap(\.parameter.gradient)
    let backend = Compute.backend("AdamW", slots.first?.parameter.tensor)
    let scale = backend.empty([3])
    backend.gradientScale(
      gradients, losses: losses, share: share, clipNorm: settings.clipNorm, into: scale)
    backend.adamW(
      slots.map { update(of: $0, learningRate) },
      AdamWStep(
        beta1: settings.beta1, beta2: settings.beta2, epsilon: settings.epsilon, count: updates + 1,
        averageDecay: followerMomentum), scale: scale)
    let numbers = losses.map { stack([$0, scale]).values } ?? scale.values
    let read = StepNumbers(numbers)
    guard read.isFinite else { return read }
    updates += 1
    clearGradients()
    return read
  }

  /// Norm of all gradients together, √Σ g², read from the device.
  public func gradientNorm() -> Double {
    let backend = Compute.backend("AdamW", slots.first?.parameter.tensor)
    let scale = backend.empty([3])
    backend.gradientScale(
      slots.compactMap(\.parameter.gradient), losses: nil, share: 1, clipNorm: 0, into: scale)
    return Double(scale.values[0])
  }

  private func update(of slot: Slot, _ learningRate: Double) -> ParameterUpdate {
    ParameterUpdate(
      parameter: slot.parameter.tensor, gradient: slot.parameter.gradient, first: slot.first,
      second: slot.second, average: slot.follower?.tensor,
      learningRate: learningRate * slot.scale.learningRate,
      weightDecay: settings.weightDecay * slot.scale.weightDecay)
  }

  public func clearGradients() {
    for slot in slots { slot.parameter.clearGradient() }
  }
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
