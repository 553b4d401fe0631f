// Layer norm and attention as primitives.

extension Backend {
  public func layerNorm(
    _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor, _ statistics: RowStatistics
  ) {
    let rows = matrix(x, columns: x.columns)
    if !statistics.areKnown {
      let share = constant(1 / Float(x.columns))
      let mean = combined(.multiply, reduced(.sum, rows, over: [1]), share)
      let squares = mapped(.square, combined(.subtract, rows, mean))
      let variance = combined(.multiply, reduced(.sum, squares, over: [1]), share)
      write(mean, into: statistics.mean)
      map(
        .reciprocalSquareRoot, combined(.add, variance, constant(epsilon)),
        into: Tensor(sharing: statistics.inverse, shape: variance.shape))
    }
    var result = normalised(rows, statistics)
    if let weight { result = combined(.multiply, result, Tensor(sharing: weight, shape: [x.columns])) }
    if let bias { result = combined(.add, result, Tensor(sharing: bias, shape: [x.columns])) }
    write(result, into: out)
  }

  /// (x - mean) · inverse deviation, x (rows, columns).
  private func normalised(_ rows: Tensor, _ statistics: RowStatistics) -> Tensor {
    let shape = [rows.shape[0], 1]
    let centred = combined(.subtract, rows, Tensor(sharing: statistics.mean, shape: shape))
    return combined(.multiply, centred, Tensor(sharing: statistics.inverse, shape: shape))
  }

  public func layerNormGradient(
    _ x: Tensor, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor, residual: Tensor?,
    into out: Tensor, weightGradient: Tensor?, biasGradient: Tensor?
  ) {
    let columns = x.columns
    let normal = normalised(matrix(x, columns: columns), statistics)
    let outputGradient = matrix(widened(outputGradient), columns: columns)
    var gradient = outputGradient
    if let weight {
      gradient = combined(.multiply, outputGradient, Tensor(sharing: weight, shape: [columns]))
    }
    // dx = inverse · (g - mean(g) - normal · mean(g · normal))
    let share = constant(1 / Float(columns))
    let mean = combined(.multiply, reduced(.sum, gradient, over: [1]), share)
    let along = combined(
      .multiply, reduced(.sum, combined(.multiply, gradient, normal), over: [1]), share)
    let centred = combined(
      .subtract, combined(.subtract, gradient, mean), combined(.multiply, normal, along))
    var result = combined(
      .multiply, centred, Tensor(sharing: statistics.inverse, shape: [centred.shape[0], 1]))
    if let residual { result = combined(.add, matrix(residual, columns: columns), result) }
    write(result, into: out)
    if let weightGradient {
      write(reduced(.sum, combined(.multiply, outputGradient, normal), over: [0]), into: weightGradient)
    }
    if let biasGradient { write(reduced(.sum, outputGradient, over: [0]), into: biasGradient) }
  }

  // MARK: Attention

  public func attention(_ operands: AttentionOperands, into out: Tensor, logSums: Tensor) {
    let heads = AttentionHeads(operands, self)
    let scores = heads.scores(self)
    let largest = reduced(.maximum, scores, over: [3])
    let powers = mapped(.exponential, combined(.subtract, scores, largest))
    let sums = reduced(.sum, powers, over: [3])
    let mixed = empty([operands.batch, operands.heads, operands.queryCount, operands.width])
    multiplyMatrices(
      combined(.divide, powers, sums), transposingA: false, heads.value, transposingB: false, into: mixed,
      accumulate: false)
    place(mixed, operands, 0, columns: out.columns, into: out)
    write(combined(.add, largest, mapped(.logarithm, sums)), into: logSums)
  }

  public func attentionGradient(
    _ operands: AttentionOperands, out: Tensor, logSums: Tensor, outputGradient: Tensor,
    into gradients: AttentionOperands
  ) {
    let heads = AttentionHeads(operands, self)
    let up = AttentionHeads.part(
      outputGradient, 0, operands, tokens: operands.queryCount, self)
    let (batch, count) = (operands.batch, operands.heads)
    let column = Tensor(sharing: logSums, shape: [batch, count, operands.queryCount, 1])
    let shares = mapped(.exponential, combined(.subtract, heads.scores(self), column))
    func multiplied(
      _ a: Tensor, _ transposingA: Bool, _ b: Tensor, _ transposingB: Bool, _ rows: Int, _ columns: Int
    )
      -> Tensor
    {
      let out = empty([batch, count, rows, columns])
      multiplyMatrices(
        a, transposingA: transposingA, b, transposingB: transposingB, into: out, accumulate: false)
      return out
    }
    let (queries, keys, width) = (operands.queryCount, operands.keyCount, operands.width)
    let valueGradient = multiplied(shares, true, up, false, keys, width)
    // ds = shares · (du - Σ du · shares) · scale, du = up · valueᵀ
    let own = multiplied(up, false, heads.value, true, queries, keys)
    let along = reduced(.sum, combined(.multiply, own, shares), over: [3])
    let scoreGradient = combined(.multiply, shares, combined(.subtract, own, along))
    let scaled = combined(.multiply, scoreGradient, constant(operands.scale))
    place(
      multiplied(scaled, false, heads.key, false, queries, width), gradients, gradients.query,
      columns: gradients.queries.columns, into: gradients.queries)
    for (gradient, start) in [
      (multiplied(scaled, true, heads.query, false, keys, width), gradients.key),
      (valueGradient, gradients.value),
    ] {
      place(gradient, gradients, start, columns: gradients.keysValues.columns, into: gradients.keysValues)
    }
  }

  /// x (B, heads, T, width) into columns from `start` on of out (B, T, columns).
  private func place(_ x: Tensor, _ operands: AttentionOperands, _ start: Int, columns: Int, into out: Tensor)
  {
    let (tokens, width) = (x.shape[2], x.shape[3])
    var x = x
    if out.elementType != .float32 {
      let converted = empty(x.shape, as: out.elementType)
      convert(x, into: converted)
      x = converted
    }
    copyStrided(
      x,
      StridedPlace(start: 0, strides: [operands.heads * tokens * width, tokens * width, width, 1]), to: out,
      StridedPlace(start: start, strides: [tokens * columns, width, columns, 1]),
      sizes: [x.shape[0], operands.heads, tokens, width])
  }
}

/// Queries, keys and values with heads as an axis, `(B, heads, T, width)`, float32.
private struct AttentionHeads {
  let query: Tensor
  let key: Tensor
  let value: Tensor
  let scale: Float

  init(_ operands: AttentionOperands, _ backend: some Backend) {
    query = Self.part(
      operands.queries, operands.query, operands, tokens: operands.queryCount, backend)
    key = Self.part(operands.keysValues, operands.key, operands, tokens: operands.keyCount, backend)
    value = Self.part(operands.keysValues, operands.value, operands, tokens: operands.keyCount, backend)
    scale = operands.scale
  }

  /// Columns from `start` on of x (B, T, columns).
  static func part(
    _ x: Tensor, _ start: Int, _ operands: AttentionOperands, tokens: Int, _ backend: some Backend
  ) -> Tensor {
    let (heads, width, columns) = (operands.heads, operands.width, x.columns)
    let out = backend.empty([operands.batch, heads, tokens, width], as: x.elementType)
    backend.copyStrided(
      x, StridedPlace(start: start, strides: [tokens * columns, width, columns, 1]), to: out,
      StridedPlace(start: 0, strides: [heads * tokens * width, tokens * width, width, 1]),
      sizes: [operands.batch, heads, tokens, width])
    return backend.widened(out)
  }

  /// scale · query · keyᵀ, `(B, heads, T, N)`.
  func scores(_ backend: some Backend) -> Tensor {
    let out = backend.empty([query.shape[0], query.shape[1], query.shape[2], key.shape[2]])
    backend.multiplyMatrices(
      query, transposingA: false, key, transposingB: true, into: out, accumulate: false)
    backend.combine(.multiply, out, backend.constant(scale), into: out)
    return out
  }
}
