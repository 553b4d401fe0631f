import CoreTensor

/// Two dense layers with an activation between.
///
/// Parameters: `fc1` (H, D), or gate and expansion together, (2·H, D); `norm` (H); `fc2` (D, H).
public final class FeedForward: Module {
  let kind: FeedForwardKind
  let expand: Linear
  let hiddenNorm: LayerNorm?
  let contract: Linear

  public init(
    _ width: Int, hidden: Int, outputDivisor: Float, design: BlockDesign = .plain,
    initializer: inout Initializer
  ) {
    kind = design.feedForward
    expand = Linear(width, kind == .swiGLU ? 2 * hidden : hidden, initializer: &initializer)
    hiddenNorm =
      design.normalizesHidden
      ? LayerNorm(hidden, epsilon: Float(design.normEpsilon), initializer: initializer) : nil
    contract = Linear(hidden, width, outputDivisor: outputDivisor, initializer: &initializer)
  }

  /// x + scale · feedForward(norm(x)): x (B, N, D) → (B, N, D)
  func branch(_ x: Tensor, norm: LayerNorm, scale: LayerScale?) -> Tensor {
    let output = contract.weights.scaled(by: scale)
    guard kind == .swiGLU || hiddenNorm != nil else {
      return feedForwardBranch(x, norm: norm.weights, expand: expand.weights, contract: output)
    }
    let hidden = activated(expand(norm(x)))
    return x + linear(hiddenNorm.map { $0(hidden) } ?? hidden, weight: output.weight, bias: output.bias)
  }

  private func activated(_ x: Tensor) -> Tensor {
    guard kind == .swiGLU else { return gelu(x) }
    let half = x.shape[2] / 2
    return silu(slice(x, [nil, nil, 0..<half])) * slice(x, [nil, nil, half..<2 * half])
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(expand, "fc1")
    if let hiddenNorm { visitor.module(hiddenNorm, "norm") }
    visitor.module(contract, "fc2")
  }
}
