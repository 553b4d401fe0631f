import CoreTensor

/// A dense layer, `y = x Wᵀ + b`.
///
/// Parameters: `weight` (outputs, inputs), truncated normal 0.02; `bias` (outputs), zero.
public final class Linear: Module {
  public let weight: Parameter
  public let bias: Parameter

  /// A layer of so many inputs and outputs. Initial weights are divided by `outputDivisor` (depth scaling of residual
  /// branches).
  public init(_ inputs: Int, _ outputs: Int, outputDivisor: Float = 1, initializer: inout Initializer) {
    weight = initializer.truncatedNormal([outputs, inputs], dividedBy: outputDivisor)
    bias = initializer.constant(0, [outputs])
  }

  /// x (…, inputs) → (…, outputs)
  public func callAsFunction(_ x: Tensor) -> Tensor {
    linear(x, weight: weight.tensor, bias: bias.tensor)
  }

  /// For operations that do more than this layer.
  var weights: DenseWeights { DenseWeights(weight: weight.tensor, bias: bias.tensor) }

  public func visit(_ visitor: inout ParameterVisitor) {
    visitor.parameter(weight, "weight")
    visitor.parameter(bias, "bias")
  }
}

/// Layer normalisation with learned scale and shift over the last axis.
///
/// Parameters: `weight` (width), one; `bias` (width), zero.
public final class LayerNorm: Module {
  public let weight: Parameter
  public let bias: Parameter
  public let epsilon: Float

  public init(_ width: Int, epsilon: Float = 1e-6, initializer: Initializer) {
    weight = initializer.constant(1, [width])
    bias = initializer.constant(0, [width])
    self.epsilon = epsilon
  }

  /// x (…, width) → the same shape
  public func callAsFunction(_ x: Tensor) -> Tensor {
    layerNorm(x, weight: weight.tensor, bias: bias.tensor, epsilon: epsilon)
  }

  /// For operations that do more than this layer.
  var weights: NormWeights { NormWeights(weight: weight.tensor, bias: bias.tensor, epsilon: epsilon) }

  public func visit(_ visitor: inout ParameterVisitor) {
    visitor.parameter(weight, "weight")
    visitor.parameter(bias, "bias")
  }
}
