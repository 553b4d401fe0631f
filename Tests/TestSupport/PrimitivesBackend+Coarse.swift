import CoreTensor

// Operations that have no default in primitives.
extension PrimitivesBackend {
  public func product(
    _ x: Tensor, _ weight: Tensor, _ direction: ProductDirection, into out: Tensor,
    then epilogue: ProductEpilogue
  ) {
    inner.product(x, weight, direction, into: out, then: epilogue)
  }
  public func weightGradient(_ upstream: Tensor, _ x: Tensor, into out: Tensor, accumulate: Bool) {
    inner.weightGradient(upstream, x, into: out, accumulate: accumulate)
  }
  public func sumRows(_ x: Tensor, into out: Tensor, accumulate: Bool) {
    inner.sumRows(x, into: out, accumulate: accumulate)
  }
  public func addRowVector(_ vector: Tensor, to x: Tensor) { inner.addRowVector(vector, to: x) }
  public func add(_ a: Tensor, _ b: Tensor, into out: Tensor) { inner.add(a, b, into: out) }
  public func scale(_ x: Tensor, by factor: Float, into out: Tensor) { inner.scale(x, by: factor, into: out) }
  public func addScaled(_ x: Tensor, by factor: Float, into out: Tensor) {
    inner.addScaled(x, by: factor, into: out)
  }
  public func gelu(_ x: Tensor, into out: Tensor) { inner.gelu(x, into: out) }
  public func geluGradient(_ x: Tensor, _ upstream: Tensor, into out: Tensor) {
    inner.geluGradient(x, upstream, into: out)
  }
  public func relu(_ x: Tensor, into out: Tensor) { inner.relu(x, into: out) }
  public func reluGradient(_ x: Tensor, _ upstream: Tensor, into out: Tensor) {
    inner.reluGradient(x, upstream, into: out)
  }
  public func firstNonFinite(_ x: Tensor) -> Int? { inner.firstNonFinite(x) }
  public func layerNorm(
    _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor, _ statistics: RowStatistics
  ) {
    inner.layerNorm(x, weight: weight, bias: bias, epsilon: epsilon, into: out, statistics)
  }
  public func layerNormGradient(
    _ x: Tensor, weight: Tensor?, _ statistics: RowStatistics, upstream: Tensor, residual: Tensor?,
    into out: Tensor, weightGradient: Tensor?, biasGradient: Tensor?
  ) {
    inner.layerNormGradient(
      x, weight: weight, statistics, upstream: upstream, residual: residual, into: out,
      weightGradient: weightGradient, biasGradient: biasGradient)
  }
  public func attention(_ operands: AttentionOperands, into out: Tensor, logSums: Tensor) {
    inner.attention(operands, into: out, logSums: logSums)
  }
  public func attentionGradient(
    _ operands: AttentionOperands, logSums: Tensor, upstream: Tensor, into gradients: AttentionOperands
  ) {
    inner.attentionGradient(operands, logSums: logSums, upstream: upstream, into: gradients)
  }
  public func copyBlock(
    _ x: Tensor, _ from: BlockPlace, to out: Tensor, _ place: BlockPlace, rows: Int, columns: Int
  ) {
    inner.copyBlock(x, from, to: out, place, rows: rows, columns: columns)
  }
  public func extractPatches(_ images: Tensor, patches: [[Int]], patchSize: Int, into out: Tensor) {
    inner.extractPatches(images, patches: patches, patchSize: patchSize, into: out)
  }
  public func squaredError(_ a: Tensor, _ b: Tensor) -> Double { inner.squaredError(a, b) }
  public func difference(_ a: Tensor, _ b: Tensor, by factor: Float, into out: Tensor) {
    inner.difference(a, b, by: factor, into: out)
  }
  public func sumOfSquares(_ x: Tensor) -> Double { inner.sumOfSquares(x) }
  public func softmaxCrossEntropy(_ logits: Tensor, classes: [Int?], into slopes: Tensor) -> Double {
    inner.softmaxCrossEntropy(logits, classes: classes, into: slopes)
  }
  public func binaryCrossEntropy(_ logits: Tensor, targets: [Bool?], into slopes: Tensor) -> Double {
    inner.binaryCrossEntropy(logits, targets: targets, into: slopes)
  }
  public func adamW(
    _ parameter: Tensor, gradient: Tensor, first: Tensor, second: Tensor, follower: Tensor?, _ step: AdamWStep
  ) {
    inner.adamW(parameter, gradient: gradient, first: first, second: second, follower: follower, step)
  }
  public func movingAverage(_ x: Tensor, keep: Float, into out: Tensor) {
    inner.movingAverage(x, keep: keep, into: out)
  }
}
