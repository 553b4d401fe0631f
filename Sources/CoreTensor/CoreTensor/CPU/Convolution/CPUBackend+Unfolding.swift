import CKernels

// Convolutions of any geometry as products of the weights and unfolded inputs, some rows of outputs at a time.
extension CPUBackend {
  /// Columns of a product that are computed together: whole rows of outputs, or, where the window is one pixel, pixels.
  private struct Stretch {
    let first: Int
    let rows: Int
    let start: Int
    let count: Int
  }

  private static func stretches(_ sizes: ConvolutionSizes, kibibytes: Int = 128) -> [Stretch] {
    // Matrices that stay in the second cache.
    let most = max(1, kibibytes * 256 / sizes.depth)
    guard !sizes.isPointwise else {
      let step = max(16, most / 16 * 16)
      return stride(from: 0, to: sizes.outputPlane, by: step).map {
        Stretch(first: 0, rows: 0, start: $0, count: min(step, sizes.outputPlane - $0))
      }
    }
    let (height, width) = (sizes.how.outHeight, sizes.how.outWidth)
    let rows = max(1, min(height, most / max(width, 1)))
    return stride(from: 0, to: height, by: rows).map {
      let count = min(rows, height - $0)
      return Stretch(first: $0, rows: count, start: $0 * width, count: count * width)
    }
  }

  /// The inputs of a stretch as a matrix of a row for each weight of an output: its first number, and numbers a row.
  private func withUnfolded(
    _ image: UnsafePointer<Float>, _ sizes: ConvolutionSizes, _ stretch: Stretch,
    _ body: (UnsafePointer<Float>, _ stride: Int) -> Void
  ) {
    guard !sizes.isPointwise else { return body(image + stretch.start, sizes.inputPlane) }
    var how = sizes.how
    let matrix = Storage(byteCount: 4 * sizes.depth * stretch.count)
    chex_unfold(image, &how, sizes.inputs, stretch.first, stretch.rows, matrix.floats)
    body(matrix.floats, stretch.count)
    withExtendedLifetime(matrix) {}
  }

  /// A matrix (depth, columns) as a right operand.
  private func withPanels(
    _ matrix: UnsafePointer<Float>, _ strides: (row: Int, column: Int), depth: Int, columns: Int,
    _ body: (UnsafePointer<Float>) -> Void
  ) {
    let panels = Storage(byteCount: 4 * (columns + 15) / 16 * 16 * depth)
    for first in Swift.stride(from: 0, to: columns, by: 16) {
      chex_pack(
        matrix + first * strides.column, CHEX_FLOAT32, strides.row, strides.column, depth,
        min(16, columns - first),
        panels.floats + first * depth, CHEX_FLOAT32, depth, 16)
    }
    body(panels.floats)
    withExtendedLifetime(panels) {}
  }

  /// Rows of a left operand in whole tiles.
  private func packedLeft(
    _ matrix: UnsafePointer<Float>, _ strides: (row: Int, depth: Int), rows: Int, depth: Int
  ) -> Storage {
    let height = chex_tile_rows()
    let packed = Storage(byteCount: 4 * (rows + height - 1) / height * height * depth)
    chex_pack_left(matrix, strides.row, strides.depth, rows, depth, packed.floats)
    return packed
  }

  func multiplyUnfolded(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ sizes: ConvolutionSizes, into out: Tensor
  ) {
    let (depth, outputs, groups) = (sizes.depth, sizes.outputs, sizes.groups)
    let weights = (0..<groups).map {
      packedLeft(weight.pointer + $0 * outputs * depth, (depth, 1), rows: outputs, depth: depth)
    }
    let stretches = Self.stretches(sizes)
    Compute.parallel(sizes.batch * groups * stretches.count) {
      let (part, stretch) = ($0 / stretches.count, stretches[$0 % stretches.count])
      let group = part % groups
      withUnfolded(x.pointer + part * sizes.inputs * sizes.inputPlane, sizes, stretch) { matrix, stride in
        withPanels(matrix, (stride, 1), depth: depth, columns: stretch.count) {
          chex_multiply_packed(
            weights[group].floats, outputs, $0, depth, stretch.count,
            out.pointer + part * outputs * sizes.outputPlane + stretch.start, sizes.outputPlane,
            bias.map { $0.pointer + group * outputs })
        }
      }
    }
  }

  /// The gradient of the inputs of a window of one pixel: a product with the transposed weights.
  func multiplyPoints(_ outputGradient: Tensor, _ weight: Tensor, _ sizes: ConvolutionSizes, into out: Tensor)
  {
    let (inputs, outputs, groups, plane) = (sizes.inputs, sizes.outputs, sizes.groups, sizes.inputPlane)
    let weights = (0..<groups).map {
      packedLeft(weight.pointer + $0 * outputs * inputs, (1, inputs), rows: inputs, depth: outputs)
    }
    let stretches = Self.stretches(sizes)
    Compute.parallel(sizes.batch * groups * stretches.count) {
      let (part, stretch) = ($0 / stretches.count, stretches[$0 % stretches.count])
      let gradients = outputGradient.pointer + part * outputs * plane + stretch.start
      withPanels(gradients, (plane, 1), depth: outputs, columns: stretch.count) {
        chex_multiply_packed(
          weights[part % groups].floats, inputs, $0, outputs, stretch.count,
          out.pointer + part * inputs * plane + stretch.start, plane, nil)
      }
    }
  }

  /// The gradient of the inputs: that of unfolded inputs, folded back. Each part has channels of its own, so that no
  /// two threads add to one number.
  func foldProducts(_ outputGradient: Tensor, _ weight: Tensor, _ sizes: ConvolutionSizes, into out: Tensor) {
    let (inputs, outputs, groups, depth) = (sizes.inputs, sizes.outputs, sizes.groups, sizes.depth)
    let window = sizes.kernel[0] * sizes.kernel[1]
    let channels = min(inputs, max(1, 256 / window))
    let blocks = (inputs + channels - 1) / channels
    let weights = (0..<groups * blocks).map { index in
      let (group, first) = (index / blocks, index % blocks * channels)
      return packedLeft(
        weight.pointer + group * outputs * depth + first * window, (1, depth),
        rows: min(channels, inputs - first) * window, depth: outputs)
    }
    let stretches = Self.stretches(sizes)
    Compute.parallel(sizes.batch * groups * blocks) {
      var how = sizes.how
      let (part, block) = ($0 / blocks, $0 % blocks)
      let count = min(channels, inputs - block * channels)
      let result = out.pointer + (part * inputs + block * channels) * sizes.inputPlane
      result.update(repeating: 0, count: count * sizes.inputPlane)
      for stretch in stretches {
        let gradients = outputGradient.pointer + part * outputs * sizes.outputPlane + stretch.start
        withPanels(gradients, (sizes.outputPlane, 1), depth: outputs, columns: stretch.count) {
          let columns = Storage(byteCount: 4 * count * window * stretch.count)
          chex_multiply_packed(
            weights[part % groups * blocks + block].floats, count * window, $0, outputs, stretch.count,
            columns.floats, stretch.count, nil)
          chex_fold(columns.floats, &how, count, stretch.first, stretch.rows, result)
          withExtendedLifetime(columns) {}
        }
      }
    }
  }

  /// Sums over fixed parts of the images' stretches, added in order.
  func unfoldedWeightGradient(
    _ outputGradient: Tensor, _ x: Tensor, _ sizes: ConvolutionSizes, into out: Tensor, accumulate: Bool
  ) {
    let (outputs, groups, depth) = (sizes.outputs, sizes.groups, sizes.depth)
    // Columns are this product's depth: few of them would pass over the sums too often.
    let stretches = Self.stretches(sizes, kibibytes: 512)
    let units = sizes.batch * stretches.count
    let parts = min(16, units)
    let partial = Tensor(uninitialized: [parts, groups, outputs * depth], on: CPUDevice.shared)
    Compute.parallel(parts * groups) {
      let (part, group) = ($0 / groups, $0 % groups)
      let sums = partial.pointer + $0 * outputs * depth
      let range = units * part / parts..<units * (part + 1) / parts
      for unit in range {
        let (image, stretch) = (unit / stretches.count * groups + group, stretches[unit % stretches.count])
        let gradients = outputGradient.pointer + image * outputs * sizes.outputPlane + stretch.start
        withUnfolded(x.pointer + image * sizes.inputs * sizes.inputPlane, sizes, stretch) { matrix, stride in
          withPanels(matrix, (1, stride), depth: stretch.count, columns: depth) {
            let scratch = Storage(byteCount: 4 * chex_panel_scratch(outputs, stretch.count))
            chex_multiply_panels(
              gradients, sizes.outputPlane, 1, outputs, $0, stretch.count, depth, sums,
              unit > range.lowerBound ? 1 : 0, scratch.floats)
            withExtendedLifetime(scratch) {}
          }
        }
      }
    }
    sumParts(partial, into: out, accumulate: accumulate)
  }
}
