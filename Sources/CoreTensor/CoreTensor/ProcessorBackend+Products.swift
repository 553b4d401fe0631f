import CKernels
import COpenBLAS

extension ProcessorBackend {
  public func multiply(
    _ a: Tensor, transposed transposeA: Bool, _ b: Tensor, transposed transposeB: Bool, into out: Tensor,
    _ sizes: ProductSizes, accumulate: Bool
  ) {
    let (m, n, k) = (sizes.m, sizes.n, sizes.k)
    let (aStride, bStride) = (transposeA ? m : k, transposeB ? k : n)
    let beta: Float = accumulate ? 1 : 0
    /// One block of the product, rows × columns of `out`.
    @Sendable func block(_ rows: Range<Int>, _ columns: Range<Int>) {
      cblas_sgemm(
        CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
        blasint(rows.count), blasint(columns.count), blasint(k), 1,
        a.pointer + (transposeA ? rows.lowerBound : rows.lowerBound * k), blasint(aStride),
        b.pointer + (transposeB ? columns.lowerBound * k : columns.lowerBound), blasint(bStride), beta,
        out.pointer + rows.lowerBound * n + columns.lowerBound, blasint(n))
    }
    guard m * n * k > 1 << 18 else { return block(0..<m, 0..<n) }
    if m >= n {
      Compute.ranges(m, grain: Self.productGrain(m)) { block($0, 0..<n) }
    } else {
      Compute.ranges(n, grain: Self.productGrain(n)) { block(0..<m, $0) }
    }
  }

  /// Rows of a product that one chunk covers: four chunks where that leaves enough work to repay packing.
  private static func productGrain(_ rows: Int) -> Int {
    let quarter = (rows + 3) / 4
    return max(32, (quarter + 15) / 16 * 16)
  }

  // projected: (B, N, 3, H, W); for each image and head, S = Q Kᵀ/√W, P = softmax(S), O = P V.
  public func attention(_ projected: Tensor, _ sizes: AttentionSizes, into out: Tensor, logSums: Tensor) {
    let (n, w) = (sizes.tokens, sizes.width)
    eachHead(projected, sizes, scratch: 1) { head, scratch in
      let p = scratch[0]
      product(false, true, n, n, w, head.scale, head.query, head.stride, head.key, head.stride, 0, p, n)
      chex_softmax(p, logSums.pointer + head.index * n, n, n)
      let output = out.pointer + head.outputOffset
      product(false, false, n, w, n, 1, p, n, head.value, head.stride, 0, output, head.outputStride)
    }
  }

  // dV = Pᵀ dO; dP = dO Vᵀ; dS = P ∘ (dP - Σ P dP)/√W; dQ = dS K; dK = dSᵀ Q. P is computed again from S.
  public func attentionGradient(
    _ projected: Tensor, _ sizes: AttentionSizes, output: Tensor, logSums: Tensor, upstream: Tensor,
    into out: Tensor
  ) {
    let (n, w) = (sizes.tokens, sizes.width)
    let modelWidth = sizes.heads * w
    eachHead(projected, sizes, scratch: 2) { head, scratch in
      let (p, slope) = (scratch[0], scratch[1])
      let up = upstream.pointer + head.outputOffset
      let query = out.pointer + head.offset
      let (key, value) = (query + modelWidth, query + 2 * modelWidth)
      product(false, true, n, n, w, head.scale, head.query, head.stride, head.key, head.stride, 0, p, n)
      chex_softmax_again(p, logSums.pointer + head.index * n, n, n)
      product(true, false, n, w, n, 1, p, n, up, head.outputStride, 0, value, head.stride)
      product(false, true, n, n, w, 1, up, head.outputStride, head.value, head.stride, 0, slope, n)
      chex_softmax_gradient(p, slope, head.scale, n, n)
      product(false, false, n, w, n, 1, slope, n, head.key, head.stride, 0, query, head.stride)
      product(true, false, n, w, n, 1, slope, n, head.query, head.stride, 0, key, head.stride)
    }
  }

  private struct Head {
    let index: Int
    /// Distance from the first value of `projected` to this head's queries, and between tokens.
    let offset: Int
    let stride: Int
    let outputOffset: Int
    let outputStride: Int
    let scale: Float
    let query: UnsafeMutablePointer<Float>
    let key: UnsafeMutablePointer<Float>
    let value: UnsafeMutablePointer<Float>
  }

  private func eachHead(
    _ projected: Tensor, _ sizes: AttentionSizes, scratch count: Int,
    _ body: @Sendable (Head, [UnsafeMutablePointer<Float>]) -> Void
  ) {
    let (n, heads, w) = (sizes.tokens, sizes.heads, sizes.width)
    Compute.parallel(sizes.batch * heads) { index in
      let (image, head) = (index / heads, index % heads)
      let offset = image * n * 3 * heads * w + head * w
      let query = projected.pointer + offset
      let matrices = (0..<count).map { _ in Storage(count: n * n) }
      body(
        Head(
          index: index, offset: offset, stride: 3 * heads * w, outputOffset: image * n * heads * w + head * w,
          outputStride: heads * w, scale: 1 / Float(w).squareRoot(), query: query, key: query + heads * w,
          value: query + 2 * heads * w),
        matrices.map(\.pointer))
      withExtendedLifetime(matrices) {}
    }
  }
}

/// out (m, n) = scale · op(a) op(b) + keep · out, on one thread.
private func product(
  _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ scale: Float,
  _ a: UnsafePointer<Float>, _ aStride: Int, _ b: UnsafePointer<Float>, _ bStride: Int, _ keep: Float,
  _ out: UnsafeMutablePointer<Float>, _ outStride: Int
) {
  cblas_sgemm(
    CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans, blasint(m),
    blasint(n), blasint(k), scale, a, blasint(aStride), b, blasint(bStride), keep, out, blasint(outStride))
}
