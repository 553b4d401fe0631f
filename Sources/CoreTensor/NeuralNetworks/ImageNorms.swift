import CoreTensor

/// Group normalisation with learned scale and shift of each channel.
///
/// Parameters: `weight` (channels), one; `bias` (channels), zero.
public final class GroupNorm: Module {
  public let weight: Parameter
  public let bias: Parameter
  public let groups: Int
  public let epsilon: Float

  public init(_ channels: Int, groups: Int, epsilon: Float = 1e-5, initializer: Initializer) {
    require(groups > 0 && channels % groups == 0, "GroupNorm: \(channels) channels in \(groups) groups")
    weight = initializer.constant(1, [channels])
    bias = initializer.constant(0, [channels])
    (self.groups, self.epsilon) = (groups, epsilon)
  }

  /// x (B, channels, …) → the same shape
  public func callAsFunction(_ x: Tensor) -> Tensor {
    groupNorm(x, groups: groups, weight: weight.tensor, bias: bias.tensor, epsilon: epsilon)
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    visitor.parameter(weight, "weight")
    visitor.parameter(bias, "bias")
  }
}

/// Batch normalisation with learned scale and shift of each channel.
///
/// Parameters: `weight` (channels), one; `bias` (channels), zero. Buffers: `running_mean` (channels), zero, and
/// `running_var` (channels), one.
public final class BatchNorm: Module {
  public let weight: Parameter
  public let bias: Parameter
  public let runningMean: Parameter
  public let runningVariance: Parameter
  public let momentum: Float
  public let epsilon: Float

  /// A layer of so many channels; running statistics move towards a batch's by `momentum`.
  public init(_ channels: Int, momentum: Float = 0.1, epsilon: Float = 1e-5, initializer: Initializer) {
    weight = initializer.constant(1, [channels])
    bias = initializer.constant(0, [channels])
    runningMean = Parameter(.zeros([channels]), trainable: false)
    runningVariance = Parameter(Tensor([channels], repeating: 1), trainable: false)
    (self.momentum, self.epsilon) = (momentum, epsilon)
  }

  /// x (B, channels, …) → the same shape.
  /// While training by the batch's own statistics, which the running ones then move towards; else by these.
  public func callAsFunction(_ x: Tensor, training: Bool) -> Tensor {
    let running = RunningStatistics(mean: runningMean.tensor, variance: runningVariance.tensor)
    guard training else {
      return batchNorm(x, weight: weight.tensor, bias: bias.tensor, using: running, epsilon: epsilon)
    }
    return batchNorm(
      x, weight: weight.tensor, bias: bias.tensor, updating: running, momentum: momentum, epsilon: epsilon)
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    visitor.parameter(weight, "weight")
    visitor.parameter(bias, "bias")
    visitor.buffer(runningMean, "running_mean")
    visitor.buffer(runningVariance, "running_var")
  }
}
