/// The matrix product of the last two axes: `(…, m, k) · (…, k, n) → (…, m, n)`. Leading axes are matched as
/// `broadcastShape` says. Operands are multiplied in the backend's `activationType`.
/// - Parameters:
///   - a: the left operand.
///   - b: the right operand.
///   - transposingA: a is `(…, k, m)`.
///   - transposingB: b is `(…, n, k)`.
public func matmul(
  _ a: Tensor, _ b: Tensor, transposingA: Bool = false, transposingB: Bool = false
) -> Tensor {
  let sentence =
    "matmul: shapes \(a.shape)\(transposingA ? " transposed" : "") and \(b.shape)\(transposingB ? " transposed" : "")"
  require(a.shape.count >= 2 && b.shape.count >= 2, sentence)
  let (rows, columns) = (a.shape.suffix(2), b.shape.suffix(2))
  let depth = transposingA ? rows.first : rows.last
  require(depth == (transposingB ? columns.last : columns.first), sentence)
  let (leadA, leadB) = (Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)))
  if leadB.isEmpty, !leadA.isEmpty, !transposingA {
    // One product of all rows.
    let flat = reshape(a, [a.count / max(a.columns, 1), a.columns])
    let product = product(flat, b, false, transposingB)
    return reshape(product, a.shape.dropLast() + [product.columns])
  }
  guard let lead = broadcastShape(leadA, leadB) else { fail(sentence) }
  let (left, right) = (expanded(a, to: lead + rows), expanded(b, to: lead + columns))
  return product(left, right, transposingA, transposingB)
}

/// The same for equal leading axes.
private func product(_ a: Tensor, _ b: Tensor, _ transposingA: Bool, _ transposingB: Bool) -> Tensor {
  let (rank, backend) = (a.shape.count, Compute.backend("matmul", a, b))
  let m = a.shape[rank - (transposingA ? 1 : 2)]
  let n = b.shape[rank - (transposingB ? 2 : 1)]
  let out = backend.empty(a.shape.dropLast(2) + [m, n])
  let (left, right) = (a.detached, b.detached)
  backend.multiplyMatrices(
    left, transposingA: transposingA, right, transposingB: transposingB, into: out, accumulate: false)
  return differentiable("matmul", [a, b], out) { outputGradient in
    a.node?.receive(shape: a.shape) { sum, accumulate in
      if transposingA {
        backend.multiplyMatrices(
          right, transposingA: transposingB, outputGradient, transposingB: true, into: sum,
          accumulate: accumulate)
      } else {
        backend.multiplyMatrices(
          outputGradient, transposingA: false, right, transposingB: !transposingB, into: sum,
          accumulate: accumulate
        )
      }
    }
    b.node?.receive(shape: b.shape) { sum, accumulate in
      if transposingB {
        backend.multiplyMatrices(
          outputGradient, transposingA: true, left, transposingB: transposingA, into: sum,
          accumulate: accumulate)
      } else {
        backend.multiplyMatrices(
          left, transposingA: !transposingA, outputGradient, transposingB: false, into: sum,
          accumulate: accumulate)
      }
    }
  }
}
