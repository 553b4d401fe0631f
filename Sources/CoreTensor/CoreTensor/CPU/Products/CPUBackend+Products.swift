import CKernels

extension CPUBackend {
  public func product(
    _ x: Tensor, _ weight: Tensor, _ direction: ProductDirection, into out: Tensor,
    then epilogue: ProductEpilogue
  ) {
    let library = matrixProducts
    let (x, type) = (asOperand(x), activationType)
    let packed = PackedWeights.packed(weight, direction, as: type, by: library)
    let rows = x.count / packed.k
    // Large enough to repay reading the right operand, small enough that what follows finds it in the cache.
    Self.eachPart(of: rows, most: 96, of: library.tileRows) { range in
      library.multiply(
        LeftOperand(rows: range, of: x, depth: packed.k), packed,
        into: out.bytes + range.lowerBound * packed.n * out.elementType.byteCount, out.elementType,
        accumulate: false)
      finish(out, epilogue, rows: range, columns: packed.n)
    }
  }

  /// Runs `body` for parts of a product's rows, in whole tiles: an even number of parts, so that two threads end
  /// together, of some `most` rows at the most.
  static func eachPart(
    of rows: Int, most: Int, of tile: Int, _ body: @Sendable (Range<Int>) -> Void
  ) {
    let tiles = (rows + tile - 1) / tile
    let parts = max(1, (rows + 2 * most - 1) / (2 * most)) * 2
    Compute.parts(tiles, into: parts) { body($0.lowerBound * tile..<min(rows, $0.upperBound * tile)) }
  }

  /// x as products multiply it.
  func asOperand(_ x: Tensor) -> Tensor {
    guard x.elementType != activationType else { return x }
    let converted = Tensor(uninitialized: x.shape, as: activationType, on: CPUDevice.shared)
    convert(x, into: converted)
    return converted
  }

  private func finish(_ out: Tensor, _ epilogue: ProductEpilogue, rows: Range<Int>, columns: Int) {
    let (start, type) = (rows.lowerBound * columns, out.elementType)
    func place(_ tensor: Tensor) -> UnsafeMutableRawPointer { tensor.bytes + start * type.byteCount }
    switch epilogue {
    case .none: break
    case .bias(let bias):
      chex_add_row_vector(place(out), bias.pointer, type.code, rows.count, columns)
    case .biasResidual(let bias, let residual):
      chex_bias_residual(out.pointer + start, bias.pointer, residual.pointer + start, rows.count, columns)
    case .biasGELU(let bias, let activated):
      chex_bias_gelu(place(out), bias.pointer, place(activated), type.code, rows.count, columns)
    case .geluGradient(let x, let activated):
      chex_gelu_backward(place(out), place(x), place(activated), type.code, rows.count * columns)
    }
  }

  // out (n, k) = outputGradientᵀ (n, rows) · x (rows, k)
  public func weightGradient(_ outputGradient: Tensor, _ x: Tensor, into out: Tensor, accumulate: Bool) {
    let library = matrixProducts
    let (outputGradient, type) = (asOperand(outputGradient), activationType)
    let (rows, n) = (outputGradient.rows, outputGradient.columns)
    let k = x.count / rows
    let packed = library.pack(MatrixView(x, rows: rows, columns: k), as: type)
    // The left operand's rows are outputGradient's columns.
    Self.eachPart(of: n, most: 384 / type.byteCount, of: library.tileRows) { range in
      library.multiply(
        LeftOperand(columns: range, of: outputGradient), packed, into: out.bytes + range.lowerBound * k * 4,
        .float32, accumulate: accumulate)
    }
  }

  // MARK: Attention

  public func attention(_ operands: AttentionOperands, into out: Tensor, logSums: Tensor) {
    let size = out.elementType.byteCount
    eachHead(operands, backward: false) { head, image, index, scratch in
      let output = out.bytes + (image * operands.queryCount * out.columns + index * operands.width) * size
      let sums = logSums.pointer + (image * operands.heads + index) * operands.queryCount
      chex_attention(head, sums, output, out.columns, scratch)
    }
  }

  public func attentionGradient(
    _ operands: AttentionOperands, out: Tensor, logSums: Tensor, outputGradient: Tensor,
    into gradients: AttentionOperands
  ) {
    let size = outputGradient.elementType.byteCount
    eachHead(operands, backward: true) { head, image, index, scratch in
      let up =
        outputGradient.bytes + (image * operands.queryCount * outputGradient.columns + index * operands.width)
        * size
      let sums = logSums.pointer + (image * operands.heads + index) * operands.queryCount
      let gradients = chex_head_gradients(
        query: gradients.place(gradients.queries, gradients.query, image, index),
        key: gradients.place(gradients.keysValues, gradients.key, image, index),
        value: gradients.place(gradients.keysValues, gradients.value, image, index),
        queryStride: gradients.queries.columns, keyStride: gradients.keysValues.columns)
      chex_attention_gradient(head, sums, up, outputGradient.columns, gradients, scratch)
    }
  }

  private func eachHead(
    _ operands: AttentionOperands, backward: Bool,
    _ body: @Sendable (chex_head, _ image: Int, _ head: Int, UnsafeMutableRawPointer) -> Void
  ) {
    let type = operands.queries.elementType
    require(operands.keysValues.elementType == type, "attention: queries and keys of different types")
    let heads = operands.heads
    let count = operands.batch * heads
    // Some heads at a time, since each asks for the memory of the one beside it; at least sixteen parts where possible.
    let grain = max(1, min(4, count / 16), (1 << 16) / (operands.queryCount * operands.keyCount))
    Compute.ranges(count, grain: grain) { range in
      func head(_ index: Int) -> chex_head {
        let (image, number) = (index / heads, index % heads)
        return chex_head(
          query: operands.place(operands.queries, operands.query, image, number),
          key: operands.place(operands.keysValues, operands.key, image, number),
          value: operands.place(operands.keysValues, operands.value, image, number),
          queryStride: operands.queries.columns, keyStride: operands.keysValues.columns,
          queries: operands.queryCount, keys: operands.keyCount, width: operands.width, scale: operands.scale,
          type: type.code)
      }
      let words = chex_attention_scratch(head(range.lowerBound), backward ? 1 : 0)
      let scratch = Storage(byteCount: words * 4)
      for index in range { body(head(index), index / heads, index % heads, scratch.pointer) }
      withExtendedLifetime(scratch) {}
    }
  }
}

extension AttentionOperands {
  /// A head's first value in one of the operands.
  fileprivate func place(_ tensor: Tensor, _ column: Int, _ image: Int, _ head: Int)
    -> UnsafeMutableRawPointer
  {
    tensor.bytes
      + (image * tensor.shape[1] * tensor.columns + column + head * width) * tensor.elementType.byteCount
  }
}
