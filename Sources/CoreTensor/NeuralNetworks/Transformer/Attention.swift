import CoreTensor

/// Multi-head self-attention with one projection for queries, keys and values.
///
/// Parameters: `qkv.weight` (3·D, D), `qkv.bias` (3·D) or `q_bias` and `v_bias` (D), `q_norm`, `k_norm` (head width),
/// `proj`.
public final class Attention: Module {
  let heads: Int
  let weight: Parameter
  /// Of queries, keys and values together, of queries and of values, or none.
  let biases: [Parameter]
  /// Of keys without bias, beside those of queries and values.
  private let noBias: Tensor?
  let queryNorm: LayerNorm?
  let keyNorm: LayerNorm?
  let projection: Linear

  public init(
    _ width: Int, heads: Int, outputDivisor: Float, design: BlockDesign = .plain,
    initializer: inout Initializer
  ) {
    require(width % heads == 0, "Attention: width \(width) is no multiple of \(heads) heads")
    self.heads = heads
    weight = initializer.truncatedNormal([3 * width, width])
    let made = initializer
    biases =
      switch design.projectionBias {
      case .all: [made.constant(0, [3 * width])]
      case .queriesValues: (0..<2).map { _ in made.constant(0, [width]) }
      case .none: []
      }
    noBias = biases.count == 2 ? .zeros([width]) : nil
    let norms = (0..<(design.normalizesQueriesKeys ? 2 : 0)).map { _ in
      LayerNorm(width / heads, epsilon: Float(design.normEpsilon), initializer: made)
    }
    (queryNorm, keyNorm) = (norms.first, norms.last)
    projection = Linear(width, width, outputDivisor: outputDivisor, initializer: &initializer)
  }

  /// x + scale · attention(norm(x)): x (B, N, D) → (B, N, D).
  /// - Parameters:
  ///   - scale: on what is added, of each feature.
  ///   - tokens: B rows of T token numbers; then the result is theirs alone, (B, T, D).
  ///   - rotation: that turns queries and keys.
  func branch(_ x: Tensor, norm: LayerNorm, scale: LayerScale?, of tokens: [[Int]]?, rotation: Rotation?)
    -> Tensor
  {
    let output = projection.weights.scaled(by: scale)
    guard rotation != nil || queryNorm != nil else {
      guard let tokens else {
        return attentionBranch(x, norm: norm.weights, projection: projected, output: output, heads: heads)
      }
      return attentionBranch(
        x, of: tokens, norm: norm.weights, projection: projected, output: output, heads: heads)
    }
    let inputs = projected
    let all = linear(norm(x), weight: inputs.weight, bias: inputs.bias)
    let mixed = attention(turned(all, rotation), heads: heads)
    guard let tokens else { return x + linear(mixed, weight: output.weight, bias: output.bias) }
    return gatherTokens(x, tokens)
      + linear(gatherTokens(mixed, tokens), weight: output.weight, bias: output.bias)
  }

  private var projected: DenseWeights {
    let bias = noBias.map { concatenate([biases[0].tensor, $0, biases[1].tensor], axis: 0) }
    return DenseWeights(weight: weight.tensor, bias: bias ?? biases.first?.tensor)
  }

  /// Queries and keys normed and turned, values as they are: (B, N, 3·D) → the same shape.
  private func turned(_ projected: Tensor, _ rotation: Rotation?) -> Tensor {
    let (batch, count, width) = (projected.shape[0], projected.shape[1], projected.shape[2] / 3)
    func part(_ number: Int, _ size: Int) -> Tensor {
      slice(projected, [nil, nil, number * width..<(number + size) * width])
    }
    func split(_ x: Tensor) -> Tensor {
      reshape(x, [batch, count, x.shape[2] / (width / heads), width / heads])
    }
    var turning: Tensor
    if let queryNorm, let keyNorm {
      turning = concatenate([queryNorm(split(part(0, 1))), keyNorm(split(part(1, 1)))], axis: 2)
    } else {
      turning = split(part(0, 2))
    }
    if let rotation { turning = rotation(turning) }
    return concatenate([reshape(turning, [batch, count, 2 * width]), part(2, 1)], axis: 2)
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    visitor.parameter(weight, "qkv.weight")
    if biases.count == 1 { visitor.parameter(biases[0], "qkv.bias") }
    if biases.count == 2 {
      visitor.parameter(biases[0], "q_bias")
      visitor.parameter(biases[1], "v_bias")
    }
    if let queryNorm { visitor.module(queryNorm, "q_norm") }
    if let keyNorm { visitor.module(keyNorm, "k_norm") }
    visitor.module(projection, "proj")
  }
}

/// Factors on what a branch adds to each feature (Touvron et al. 2021). Parameter: `gamma` (D).
public final class LayerScale: Module {
  let gamma: Parameter

  init(_ width: Int, value: Double, initializer: Initializer) {
    gamma = initializer.constant(Float(value), [width])
  }

  public func visit(_ visitor: inout ParameterVisitor) { visitor.parameter(gamma, "gamma") }
}

extension DenseWeights {
  /// The layer whose outputs are so many times as large: a product with few numbers, in place of one with all tokens'.
  func scaled(by scale: LayerScale?) -> DenseWeights {
    guard let gamma = scale?.gamma.tensor else { return self }
    return DenseWeights(weight: weight * reshape(gamma, [gamma.count, 1]), bias: bias.map { $0 * gamma })
  }
}
