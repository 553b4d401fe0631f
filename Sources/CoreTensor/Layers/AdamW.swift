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
        parameter: $0, first: .zeros($0.shape), second: .zeros($0.shape),
        follower: followers[ObjectIdentifier($0)], scale: scale($0))
    }
  }

  /// Norm of all gradients together, √Σ g², added up in the parameters' order.
  public func gradientNorm() -> Double {
    slots.reduce(0) { sum, slot in
      sum + (slot.parameter.gradient.map { Compute.backend.sumOfSquares($0) } ?? 0)
    }.squareRoot()
  }

  /// Updates every parameter that has a gradient, lets followers follow, and clears the gradients: one pass over each
  /// parameter's memory.
  /// - Parameters:
  ///   - learningRate: of this step, before each parameter's factor.
  ///   - gradientNorm: as `gradientNorm()` gives it.
  ///   - gradientScale: factor on gradients before clipping: 1/n after n accumulated backward passes; `gradientNorm`
  ///     is taken before it.
  ///   - followerMomentum: τ of θ' ← τ θ' + (1 - τ) θ (spec section 1).
  public func step(
    learningRate: Double, gradientNorm: Double, gradientScale: Double = 1, followerMomentum: Double = 1
  ) {
    updates += 1
    let norm = gradientNorm * gradientScale
    let clip = settings.clipNorm > 0 ? min(1, settings.clipNorm / (norm + 1e-6)) : 1
    for slot in slots {
      guard let gradient = slot.parameter.gradient else {
        if let follower = slot.follower {
          Compute.backend.movingAverage(
            slot.parameter.tensor, keep: Float(followerMomentum), into: follower.tensor)
        }
        continue
      }
      Compute.backend.adamW(
        slot.parameter.tensor, gradient: gradient, first: slot.first, second: slot.second,
        follower: slot.follower?.tensor,
        AdamWStep(
          learningRate: learningRate * slot.scale.learningRate, beta1: settings.beta1, beta2: settings.beta2,
          epsilon: settings.epsilon, weightDecay: settings.weightDecay * slot.scale.weightDecay,
          count: updates,
          gradientScale: clip * gradientScale, followerMomentum: followerMomentum)
      )
    }
    clearGradients()
  }

  public func clearGradients() {
    for slot in slots { slot.parameter.clearGradient() }
  }
}
