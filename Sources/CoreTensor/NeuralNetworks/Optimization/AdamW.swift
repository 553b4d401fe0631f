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
  /// Updates, the first ones, that leave the parameter as it is; its moments are kept all the same. Default 0.
  public var frozenUpdates: Int

  public init(learningRate: Double = 1, weightDecay: Double, frozenUpdates: Int = 0) {
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.frozenUpdates = frozenUpdates
  }

  /// The common learning rate; no decay for parameters of one dimension.
  public static func standard(for parameter: Parameter) -> UpdateScale {
    UpdateScale(weightDecay: parameter.shape.count > 1 ? 1 : 0)
  }
}

/// AdamW with gradient clipping by global norm.
public final class AdamW: Optimizer {
  /// A parameter, its two moments, float32 of the parameter's shape, who follows it by moving average, and how its
  /// updates differ.
  public struct Slot {
    public let parameter: Parameter
    public let first: Tensor
    public let second: Tensor
    public let average: Parameter?
    public let scale: UpdateScale
  }

  public let settings: AdamWSettings
  public let slots: [Slot]
  /// Updates done so far; saved with the moments.
  public var updates = 0

  /// - Parameters:
  ///   - parameters: trainable ones, in the model's order.
  ///   - averages: what follows a parameter, by the parameter's identity.
  ///   - settings: for the whole run.
  ///   - scale: of each parameter's updates.
  public init(
    _ parameters: [Parameter], averages: [ObjectIdentifier: Parameter] = [:], settings: AdamWSettings,
    scale: (Parameter) -> UpdateScale = UpdateScale.standard
  ) {
    self.settings = settings
    slots = parameters.map {
      Slot(
        parameter: $0, first: .zeros($0.shape, on: $0.tensor.device),
        second: .zeros($0.shape, on: $0.tensor.device),
        average: averages[ObjectIdentifier($0)], scale: scale($0))
    }
  }

  public var parameters: [Parameter] { slots.map(\.parameter) }
  public var clipNorm: Double { settings.clipNorm }
  /// The two moments of each parameter: `first.NAME`, `second.NAME`.
  public var state: [(name: String, tensor: Tensor)] {
    slots.flatMap { slot in
      [("first." + slot.parameter.name, slot.first), ("second." + slot.parameter.name, slot.second)]
    }
  }

  /// One pass over each parameter's memory.
  public func update(learningRate: Double, scale: GradientScale, emaDecay: Double) {
    let step = AdamWStep(
      beta1: settings.beta1, beta2: settings.beta2, epsilon: settings.epsilon, count: updates + 1,
      averageDecay: emaDecay)
    Compute.backend("AdamW", slots.first?.parameter.tensor).adamW(
      slots.map { update(of: $0, learningRate) }, step, scale: scale.tensor)
  }

  private func update(of slot: Slot, _ learningRate: Double) -> ParameterUpdate {
    ParameterUpdate(
      parameter: slot.parameter.tensor, gradient: slot.parameter.gradient, first: slot.first,
      second: slot.second, average: slot.average?.tensor,
      learningRate: updates < slot.scale.frozenUpdates ? 0 : learningRate * slot.scale.learningRate,
      weightDecay: settings.weightDecay * slot.scale.weightDecay)
  }
}
