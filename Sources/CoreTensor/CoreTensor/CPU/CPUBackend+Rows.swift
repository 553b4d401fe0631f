import CKernels

extension CPUBackend {
  public func addRowVector(_ vector: Tensor, to x: Tensor) {
    rowwise(x.rows, columns: x.columns) {
      chex_add_row_vector(x.row($0.lowerBound), vector.pointer, x.elementType.code, $0.count, x.columns)
    }
  }

  public func sumRows(_ x: Tensor, into out: Tensor, accumulate: Bool) {
    let columns = x.columns
    let grain = Self.reductionRows(x.rows)
    let chunks = (x.rows + grain - 1) / grain
    let partial = Tensor(uninitialized: [chunks, columns], on: CPUDevice.shared)
    Compute.ranges(x.rows, grain: grain) {
      chex_sum_rows(
        x.row($0.lowerBound), x.elementType.code, partial.pointer + $0.lowerBound / grain * columns, $0.count,
        columns, 0)
    }
    chex_sum_rows(partial.bytes, CHEX_FLOAT32, out.pointer, chunks, columns, accumulate ? 1 : 0)
  }

  /// Rows a chunk when a sum over rows is divided: at most sixteen partial sums.
  private static func reductionRows(_ rows: Int) -> Int { max(64, (rows + 15) / 16) }

  public func layerNorm(
    _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor, _ statistics: RowStatistics
  ) {
    let columns = x.columns
    rowwise(x.rows, columns: columns) {
      let first = $0.lowerBound
      chex_layer_norm(
        x.pointer + first * columns, weight?.pointer, bias?.pointer, epsilon, out.row(first),
        out.elementType.code,
        statistics.mean.pointer + first, statistics.inverse.pointer + first, statistics.areKnown ? 1 : 0,
        $0.count,
        columns)
    }
  }

  public func layerNormGradient(
    _ x: Tensor, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor, residual: Tensor?,
    into out: Tensor, weightGradient: Tensor?, biasGradient: Tensor?
  ) {
    let columns = x.columns
    let grain = Self.reductionRows(x.rows)
    let chunks = (x.rows + grain - 1) / grain
    let needsSums = weightGradient != nil
    let partial = Tensor.zeros([2, needsSums ? chunks : 0, columns], on: CPUDevice.shared)
    nonisolated(unsafe) let biasSums = partial.pointer + chunks * columns
    Compute.ranges(x.rows, grain: grain) {
      let (first, chunk) = ($0.lowerBound, $0.lowerBound / grain)
      chex_layer_norm_gradient(
        x.pointer + first * columns, weight?.pointer, statistics.mean.pointer + first,
        statistics.inverse.pointer + first, outputGradient.row(first), outputGradient.elementType.code,
        residual.map { $0.pointer + first * columns }, out.pointer + first * columns,
        needsSums ? partial.pointer + chunk * columns : nil, needsSums ? biasSums + chunk * columns : nil,
        $0.count, columns)
    }
    guard let weightGradient, let biasGradient else { return }
    chex_sum_rows(partial.bytes, CHEX_FLOAT32, weightGradient.pointer, chunks, columns, 0)
    chex_sum_rows(biasSums, CHEX_FLOAT32, biasGradient.pointer, chunks, columns, 0)
  }

  public func gatherRows(_ x: Tensor, _ rows: [Int], into out: Tensor) {
    let byteCount = out.columns * out.elementType.byteCount
    rowwise(rows.count, columns: out.columns) {
      for row in $0 { out.row(row).copyMemory(from: x.row(rows[row]), byteCount: byteCount) }
    }
  }

  public func scatterRows(_ x: Tensor, _ rows: [Int], into out: Tensor) {
    let columns = x.columns
    rowwise(rows.count, columns: columns) {
      for row in $0 {
        chex_add_scaled(x.pointer + row * columns, 1, out.pointer + rows[row] * columns, columns)
      }
    }
  }

  // images: (B, C, S, S) → out: (B·K, C·P·P), values of a patch in (channel, row, column) order.
  public func extractPatches(_ images: Tensor, patches: [[Int]], patchSize: Int, into out: Tensor) {
    let (channels, side) = (images.shape[1], images.shape[3])
    let (grid, kept) = (side / patchSize, patches.first?.count ?? 0)
    Compute.ranges(patches.count * kept, grain: 16) {
      for row in $0 {
        let (image, patch) = (row / kept, patches[row / kept][row % kept])
        var target = out.pointer + row * channels * patchSize * patchSize
        for channel in 0..<channels {
          var source =
            images.pointer + ((image * channels + channel) * side + patch / grid * patchSize) * side
            + patch % grid * patchSize
          for _ in 0..<patchSize {
            target.update(from: source, count: patchSize)
            target += patchSize
            source += side
          }
        }
      }
    }
  }
}
