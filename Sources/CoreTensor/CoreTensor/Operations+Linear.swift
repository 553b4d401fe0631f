/// x (…, k) · weightᵀ (k, n) + bias (n) → (…, n): a dense layer, with the weight as PyTorch keeps it, (n, k).
public func linear(_ x: Tensor, weight: Tensor, bias: Tensor?) -> Tensor {
  let (n, k) = (weight.shape[0], weight.count / weight.shape[0])
  precondition(
    x.columns == k && bias.map { $0.count == n } ?? true,
    "linear: input \(x.shape), weight \(weight.shape), bias \(bias?.shape ?? [])")
  let backend = Compute.backend
  let rows = x.rows
  let out = Tensor(uninitialized: x.shape.dropLast() + [n])
  Observation.measure("linear", phase: .forward) {
    backend.multiply(
      x, transposed: false, weight, transposed: true, into: out, ProductSizes(m: rows, n: n, k: k),
      accumulate: false)
    if let bias { backend.addRowVector(bias, to: out) }
  }
  return record("linear", [x, weight] + (bias.map { [$0] } ?? []), out) { upstream in
    // dx (rows, k) = dy (rows, n) · weight; dweight (n, k) = dyᵀ · x; dbias = Σ rows of dy
    x.node?.receive(shape: x.shape) {
      backend.multiply(
        upstream, transposed: false, weight, transposed: false, into: $0, ProductSizes(m: rows, n: k, k: n),
        accumulate: $1)
    }
    weight.node?.receive(shape: weight.shape) {
      backend.multiply(
        upstream, transposed: true, x, transposed: false, into: $0, ProductSizes(m: n, n: k, k: rows),
        accumulate: $1)
    }
    bias?.node?.receive(shape: [n]) { backend.sumRows(upstream, into: $0, accumulate: $1) }
  }
}

/// Softmax attention over all tokens of an image (Vaswani et al. 2017), without keeping the N × N weights.
/// - Parameter projected: queries, keys and values, `(B, N, 3·D)`, each `D` split into `heads`.
/// - Returns: `(B, N, D)`.
public func attention(_ projected: Tensor, heads: Int) -> Tensor {
  let (batch, tokens, width) = (projected.shape[0], projected.shape[1], projected.shape[2] / 3)
  precondition(
    projected.shape.count == 3 && projected.shape[2] == 3 * width && width % heads == 0,
    "attention: projected \(projected.shape) for \(heads) heads")
  let sizes = AttentionSizes(batch: batch, tokens: tokens, heads: heads, width: width / heads)
  let backend = Compute.backend
  let out = Tensor(uninitialized: [batch, tokens, width])
  let logSums = Tensor(uninitialized: [batch, heads, tokens])
  Observation.measure("attention", phase: .forward) {
    backend.attention(projected, sizes, into: out, logSums: logSums)
  }
  let kept = out
  return record("attention", [projected], out) { upstream in
    projected.node?.receive(shape: projected.shape) { buffer, accumulate in
      let gradient = accumulate ? Tensor(uninitialized: projected.shape) : buffer
      backend.attentionGradient(
        projected, sizes, output: kept, logSums: logSums, upstream: upstream, into: gradient)
      if accumulate { backend.addScaled(gradient, by: 1, into: buffer) }
    }
  }
}
