/// A weight and its bias as operations take them: weight `(n, …)` of k values a row, bias `(n)`.
public struct DenseWeights: Sendable {
  public let weight: Tensor
  public let bias: Tensor?
  public init(weight: Tensor, bias: Tensor?) {
    (self.weight, self.bias) = (weight, bias)
  }

  var inputs: Int { weight.count / weight.shape[0] }
  var outputs: Int { weight.shape[0] }
  var tensors: [Tensor] { [weight] + (bias.map { [$0] } ?? []) }

  /// Rows `range` of the weight, and as much of the bias, sharing memory and without history.
  func rows(_ range: Range<Int>) -> DenseWeights {
    DenseWeights(
      weight: Tensor(
        sharing: weight, shape: [range.count, inputs], start: range.lowerBound * inputs),
      bias: bias.map { Tensor(sharing: $0, shape: [range.count], start: range.lowerBound) })
  }

  /// Adds the gradients of the weight and the bias to what they have received, or, where `range` is given, to the
  /// part of them.
  /// - Parameters:
  ///   - outputGradient: gradient of the outputs, `(…, outputs)`.
  ///   - input: `(…, inputs)`.
  func receiveGradients(_ outputGradient: Tensor, input: Tensor, _ backend: any Backend) {
    weight.node?.receive(shape: weight.shape) {
      backend.weightGradient(outputGradient, input, into: $0, accumulate: $1)
    }
    bias?.node?.receive(shape: [outputs]) { backend.sumRows(outputGradient, into: $0, accumulate: $1) }
  }

  /// What a bias-less layer adds, for kernels that add one anyway.
  func biasOrZeros() -> Tensor { bias ?? .zeros([outputs], on: weight.device) }
}

/// x in the type that products multiply: x itself, or a copy.
func operand(_ x: Tensor, _ backend: any Backend) -> Tensor {
  guard x.elementType != backend.activationType else { return x.detached }
  let converted = backend.empty(x.shape, as: backend.activationType)
  backend.convert(x, into: converted)
  return converted
}

/// x (…, k) · weightᵀ (k, n) + bias (n) → (…, n): a dense layer, with the weight as PyTorch keeps it, (n, k).
public func linear(_ x: Tensor, weight: Tensor, bias: Tensor?) -> Tensor {
  let layer = DenseWeights(weight: weight, bias: bias)
  require(
    x.columns == layer.inputs && bias.map { $0.count == layer.outputs } ?? true,
    "linear: input \(x.shape), weight \(weight.shape), bias \(bias?.shape ?? [])")
  let backend = Compute.backend("linear", x, weight, bias)
  let out = backend.empty(x.shape.dropLast() + [layer.outputs])
  let multiplied = operand(x, backend)
  backend.product(multiplied, weight, .forward, into: out, then: bias.map { .bias($0) } ?? .none)
  let (source, shape) = (x.node, x.shape)
  return differentiable("linear", [x] + layer.tensors, out) { outputGradient in
    let outputGradient = operand(outputGradient, backend)
    // dx (rows, k) = dy (rows, n) · weight; dweight (n, k) = dyᵀ · x; dbias = Σ rows of dy
    if let source {
      let inputGradient = backend.empty(shape)
      backend.product(outputGradient, weight, .backward, into: inputGradient, then: .none)
      source.receive(inputGradient)
    }
    layer.receiveGradients(outputGradient, input: multiplied, backend)
  }
}

/// Softmax attention over all tokens of an image (Vaswani et al. 2017), without keeping the N × N weights.
/// - Parameters:
///   - projected: queries, keys and values, `(B, N, 3·D)`.
///   - heads: that each `D` is split into.
/// - Returns: `(B, N, D)`.
public func attention(_ projected: Tensor, heads: Int) -> Tensor {
  let (batch, tokens, width) = (projected.shape[0], projected.shape[1], projected.shape[2] / 3)
  require(
    projected.shape.count == 3 && projected.shape[2] == 3 * width && width % heads == 0,
    "attention: projected \(projected.shape) for \(heads) heads")
  let backend = Compute.backend("attention", projected)
  let out = backend.empty([batch, tokens, width])
  let logSums = backend.empty([batch, heads, tokens])
  let operands = AttentionOperands(projected: projected.detached, heads: heads)
  let result = out.detached
  backend.attention(operands, into: out, logSums: logSums)
  return differentiable("attention", [projected], out) { outputGradient in
    let inputGradient = backend.empty(projected.shape)
    backend.attentionGradient(
      operands, out: result, logSums: logSums, outputGradient: outputGradient,
      into: AttentionOperands(projected: inputGradient, heads: heads))
    projected.node?.receive(inputGradient)
  }
}
