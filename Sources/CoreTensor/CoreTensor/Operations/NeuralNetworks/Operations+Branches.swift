/// Scale and shift of a layer norm, `(D)` each.
public struct NormWeights: Sendable {
  public let weight: Tensor
  public let bias: Tensor
  public let epsilon: Float
  public init(weight: Tensor, bias: Tensor, epsilon: Float) {
    (self.weight, self.bias, self.epsilon) = (weight, bias, epsilon)
  }
}

/// The input of a pre-norm residual branch. Only x and two numbers a row are kept for the backward pass: what the norm
/// made of them is cheap to make again.
private struct NormalisedInput {
  let x: Tensor
  let norm: NormWeights
  let statistics: RowStatistics
  let backend: any Backend

  init(_ x: Tensor, _ norm: NormWeights, _ backend: any Backend) {
    (self.x, self.norm, self.backend) = (x, norm, backend)
    statistics = RowStatistics(rows: x.rows, on: x.device)
  }

  /// norm(x), as products multiply it.
  func normalised(again: Bool = false) -> Tensor {
    let out = backend.empty(x.shape, as: backend.activationType)
    backend.layerNorm(
      x, weight: norm.weight, bias: norm.bias, epsilon: norm.epsilon, into: out,
      again ? statistics.known : statistics)
    return out
  }

  /// Hands on the gradient that reached norm(x), and that of the residual connection around the branch.
  func receive(_ outputGradient: Tensor, residual: Tensor?) -> Tensor {
    let inputGradient = backend.empty(x.shape)
    let learns = norm.weight.node != nil || norm.bias.node != nil
    let weightGradient = learns ? backend.empty(norm.weight.shape) : nil
    let biasGradient = learns ? backend.empty(norm.bias.shape) : nil
    backend.layerNormGradient(
      x, weight: norm.weight, statistics.known, outputGradient: outputGradient, residual: residual,
      into: inputGradient,
      weightGradient: weightGradient, biasGradient: biasGradient)
    if let weightGradient, let biasGradient {
      norm.weight.node?.receive(weightGradient)
      norm.bias.node?.receive(biasGradient)
    }
    return inputGradient
  }
}

/// `x + contract(gelu(expand(norm(x))))`, the second half of a pre-norm transformer block.
///
/// Kept for the backward pass: x, and the hidden layer before its activation. Everything else is made again.
/// - Parameters:
///   - x: `(…, D)`.
///   - norm: scale and shift before the branch, each `(D)`.
///   - expand: to the hidden layer, `(H, D)`.
///   - contract: back from it, `(D, H)`.
public func feedForwardBranch(
  _ x: Tensor, norm: NormWeights, expand: DenseWeights, contract: DenseWeights
) -> Tensor {
  require(
    x.columns == expand.inputs && expand.outputs == contract.inputs && contract.outputs == x.columns,
    "feedForwardBranch: input \(x.shape), weights \(expand.weight.shape) and \(contract.weight.shape)")
  let backend = Compute.backend("feedForwardBranch", x, norm.weight, expand.weight, contract.weight)
  let inputs = [x, norm.weight, norm.bias] + expand.tensors + contract.tensors
  let keeps = !History.isPaused && inputs.contains(where: \.requiresGradient)
  let input = NormalisedInput(x.detached, norm, backend)
  let hiddenShape = Array(x.shape.dropLast()) + [expand.outputs]
  let activated = backend.empty(hiddenShape, as: backend.activationType)
  let hidden = keeps ? backend.empty(hiddenShape, as: backend.activationType) : activated
  backend.product(
    input.normalised(), expand.weight, .forward, into: hidden,
    then: .biasGELU(expand.biasOrZeros(), activated: activated))
  let out = backend.empty(x.shape)
  backend.product(
    activated, contract.weight, .forward, into: out,
    then: .biasResidual(contract.biasOrZeros(), residual: input.x))
  let source = x.node
  return differentiable("feedForwardBranch", inputs, out) { outputGradient in
    let gradient = operand(outputGradient, backend)
    let (hiddenGradient, activated) = (
      backend.empty(hiddenShape, as: backend.activationType),
      backend.empty(hiddenShape, as: backend.activationType)
    )
    backend.product(
      gradient, contract.weight, .backward, into: hiddenGradient,
      then: .geluGradient(at: hidden, activated: activated))
    contract.receiveGradients(gradient, input: activated, backend)
    expand.receiveGradients(hiddenGradient, input: input.normalised(again: true), backend)
    let inputGradient = backend.empty(x.shape)
    backend.product(hiddenGradient, expand.weight, .backward, into: inputGradient, then: .none)
    let whole = input.receive(inputGradient, residual: outputGradient)
    source?.receive(whole)
  }
}

/// `x + output(attention(projection(norm(x))))`, the first half of a pre-norm transformer block.
///
/// Kept for the backward pass: x, queries, keys and values, and what attention made of them.
/// - Parameters:
///   - x: `(B, N, D)`.
///   - norm: scale and shift before the branch, each `(D)`.
///   - projection: to queries, keys and values, `(3·D, D)`.
///   - output: of what attention made, `(D, D)`.
///   - heads: a divisor of D.
/// - Returns: `(B, N, D)`.
public func attentionBranch(
  _ x: Tensor, norm: NormWeights, projection: DenseWeights, output: DenseWeights, heads: Int
) -> Tensor {
  checkAttention(x, projection, output, heads)
  let backend = Compute.backend("attentionBranch", x, norm.weight, projection.weight, output.weight)
  let inputs = [x, norm.weight, norm.bias] + projection.tensors + output.tensors
  let input = NormalisedInput(x.detached, norm, backend)
  let projected = backend.empty(x.shape.dropLast() + [projection.outputs], as: backend.activationType)
  backend.product(
    input.normalised(), projection.weight, .forward, into: projected, then: .bias(projection.biasOrZeros()))
  let operands = AttentionOperands(projected: projected, heads: heads)
  let (mixed, logSums) = mixed(operands, backend)
  let out = backend.empty(x.shape)
  backend.product(
    mixed, output.weight, .forward, into: out, then: .biasResidual(output.biasOrZeros(), residual: input.x))
  let source = x.node
  return differentiable("attentionBranch", inputs, out) { outputGradient in
    let gradients = AttentionOperands(
      projected: backend.empty(projected.shape, as: backend.activationType), heads: heads)
    mixedGradient(operands, mixed, logSums, outputGradient, output, into: gradients, backend)
    projection.receiveGradients(gradients.queries, input: input.normalised(again: true), backend)
    let inputGradient = backend.empty(x.shape)
    backend.product(gradients.queries, projection.weight, .backward, into: inputGradient, then: .none)
    let whole = input.receive(inputGradient, residual: outputGradient)
    source?.receive(whole)
  }
}

/// The same for some tokens of each image, B rows of T token numbers: they look at all tokens, the others get no
/// result.
/// - Returns: `(B, T, D)`.
public func attentionBranch(
  _ x: Tensor, of tokens: [[Int]], norm: NormWeights, projection: DenseWeights, output: DenseWeights,
  heads: Int
) -> Tensor {
  checkAttention(x, projection, output, heads)
  let (batch, count, width) = (x.shape[0], tokens.first?.count ?? 0, x.shape[2])
  let rows = tokenRows(tokens, of: x, "attentionBranch")
  let backend = Compute.backend("attentionBranch", x, norm.weight, projection.weight, output.weight)
  let type = backend.activationType
  let inputs = [x, norm.weight, norm.bias] + projection.tensors + output.tensors
  let input = NormalisedInput(x.detached, norm, backend)
  let (queryPart, keyPart) = (projection.rows(0..<width), projection.rows(width..<3 * width))
  func chosen(_ normalised: Tensor) -> Tensor {
    let out = backend.empty([batch, count, width], as: type)
    backend.gatherRows(normalised, rows, into: out)
    return out
  }
  let normalised = input.normalised()
  let operands = AttentionOperands(
    queries: backend.empty([batch, count, width], as: type),
    keysValues: backend.empty([batch, x.shape[1], 2 * width], as: type), heads: heads)
  backend.product(
    normalised, keyPart.weight, .forward, into: operands.keysValues, then: .bias(keyPart.biasOrZeros()))
  backend.product(
    chosen(normalised), queryPart.weight, .forward, into: operands.queries,
    then: .bias(queryPart.biasOrZeros()))
  let (mixed, logSums) = mixed(operands, backend)
  let residual = backend.empty([batch, count, width])
  backend.gatherRows(input.x, rows, into: residual)
  let out = backend.empty([batch, count, width])
  backend.product(
    mixed, output.weight, .forward, into: out, then: .biasResidual(output.biasOrZeros(), residual: residual))
  let source = x.node
  return differentiable("attentionBranch", inputs, out) { outputGradient in
    let gradients = AttentionOperands(
      queries: backend.empty(operands.queries.shape, as: type),
      keysValues: backend.empty(operands.keysValues.shape, as: type), heads: heads)
    mixedGradient(operands, mixed, logSums, outputGradient, output, into: gradients, backend)
    let normalised = input.normalised(again: true)
    projection.receiveGradients(
      [(gradients.queries, chosen(normalised)), (gradients.keysValues, normalised)], backend)
    let inputGradient = backend.empty(x.shape)
    backend.product(gradients.keysValues, keyPart.weight, .backward, into: inputGradient, then: .none)
    let chosenDown = backend.empty([batch, count, width])
    backend.product(gradients.queries, queryPart.weight, .backward, into: chosenDown, then: .none)
    addRows(chosenDown, rows, to: inputGradient, backend)
    let whole = input.receive(inputGradient, residual: nil)
    addRows(outputGradient, rows, to: whole, backend)
    source?.receive(whole)
  }
}

private func checkAttention(_ x: Tensor, _ projection: DenseWeights, _ output: DenseWeights, _ heads: Int) {
  let width = x.columns
  require(
    x.shape.count == 3 && width % heads == 0 && projection.weight.shape == [3 * width, width]
      && output.weight.shape == [width, width],
    "attentionBranch: input \(x.shape), weights \(projection.weight.shape) and \(output.weight.shape), \(heads) heads"
  )
}

private func mixed(_ operands: AttentionOperands, _ backend: any Backend) -> (mixed: Tensor, logSums: Tensor)
{
  let mixed = Tensor(
    uninitialized: [operands.batch, operands.queryCount, operands.heads * operands.width],
    as: operands.queries.elementType)
  let logSums = backend.empty([operands.batch, operands.heads, operands.queryCount])
  backend.attention(operands, into: mixed, logSums: logSums)
  return (mixed, logSums)
}

/// From the branch's output back to queries, keys and values.
private func mixedGradient(
  _ operands: AttentionOperands, _ mixed: Tensor, _ logSums: Tensor, _ outputGradient: Tensor,
  _ output: DenseWeights,
  into gradients: AttentionOperands, _ backend: any Backend
) {
  let gradient = operand(outputGradient, backend)
  output.receiveGradients(gradient, input: mixed, backend)
  let mixedGradient = backend.empty(mixed.shape, as: mixed.elementType)
  backend.product(gradient, output.weight, .backward, into: mixedGradient, then: .none)
  backend.attentionGradient(
    operands, out: mixed, logSums: logSums, outputGradient: mixedGradient, into: gradients)
}

extension DenseWeights {
  /// Gradients of a layer whose outputs were computed in parts, one after the other along the weight's rows.
  fileprivate func receiveGradients(
    _ parts: [(outputGradient: Tensor, input: Tensor)], _ backend: any Backend
  ) {
    func eachPart(_ body: (_ outputGradient: Tensor, _ input: Tensor, _ start: Int) -> Void) {
      var start = 0
      for (outputGradient, input) in parts {
        body(outputGradient, input, start)
        start += outputGradient.columns
      }
    }
    weight.node?.receive(shape: weight.shape) { whole, accumulate in
      eachPart { outputGradient, input, start in
        let part = Tensor(sharing: whole, shape: [outputGradient.columns, inputs], start: start * inputs)
        backend.weightGradient(outputGradient, input, into: part, accumulate: accumulate)
      }
    }
    bias?.node?.receive(shape: [outputs]) { whole, accumulate in
      eachPart { outputGradient, _, start in
        let part = Tensor(sharing: whole, shape: [outputGradient.columns], start: start)
        backend.sumRows(outputGradient, into: part, accumulate: accumulate)
      }
    }
  }
}
