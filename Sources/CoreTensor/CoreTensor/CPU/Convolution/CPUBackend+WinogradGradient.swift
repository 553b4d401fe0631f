import CKernels

extension CPUBackend {
  func tilesWeightGradient(
    _ outputGradient: Tensor, _ x: Tensor, _ tiles: chex_tiles, into out: Tensor, accumulate: Bool
  ) {
    let (outputs, inputs) = (tiles.outputs, tiles.inputs)
    // Few channels leave the tiles' products half empty.
    guard outputs * inputs > 256 else {
      return directWeightGradient(outputGradient, x, tiles, into: out, accumulate: accumulate)
    }
    let blocks = (inputs + 15) / 16
    let sums = Tensor(uninitialized: [16, outputs, inputs], on: CPUDevice.shared)
    // Rows of panels of all images, so many at a time that their numbers stay in the last cache.
    let perRow = tiles.panelsPerRow * 16
    let rows = x.shape[0] * tiles.rows
    let most = max(1, (1 << 17) / ((blocks * 16 + outputs) * perRow))
    let groups = (rows + most - 1) / most
    for group in 0..<groups {
      let range = rows * group / groups..<rows * (group + 1) / groups
      let count = range.count * perRow
      let right = Tensor(uninitialized: [16, blocks, count, 16], on: CPUDevice.shared)
      let left = Tensor(uninitialized: [16, outputs, count], on: CPUDevice.shared)
      transform(x, outputGradient, tiles, range, into: right, left)
      let (parts, height) = Self.partsOfRows(outputs)
      Compute.parallel(16 * parts) {
        let (point, first) = ($0 / parts, $0 % parts * height)
        let most = min(height, outputs - first)
        let scratch = Storage(byteCount: 4 * chex_panel_scratch(most, count))
        chex_multiply_panels(
          left.pointer + (point * outputs + first) * count, count, 1, most,
          right.pointer + point * blocks * count * 16, count, inputs,
          sums.pointer + (point * outputs + first) * inputs, group > 0 ? 1 : 0, scratch.floats)
        withExtendedLifetime(scratch) {}
      }
    }
    let weights = outputs * inputs
    Compute.ranges(weights, grain: 2048) {
      chex_winograd_weight_gradient(
        sums.pointer + $0.lowerBound, weights, $0.count, out.pointer + 9 * $0.lowerBound, accumulate ? 1 : 0)
    }
  }

  /// Rows of a product in parts of about 48, in whole tiles.
  private static func partsOfRows(_ rows: Int) -> (parts: Int, height: Int) {
    let height = max(1, 48 / chex_tile_rows()) * chex_tile_rows()
    return ((rows + height - 1) / height, height)
  }

  private func transform(
    _ x: Tensor, _ outputGradient: Tensor, _ tiles: chex_tiles, _ rows: Range<Int>, into right: Tensor,
    _ left: Tensor
  ) {
    let perRow = tiles.panelsPerRow * 16
    let count = rows.count * perRow
    Compute.parallel(rows.count) {
      var tiles = tiles
      let (image, row) = ((rows.lowerBound + $0) / tiles.rows, (rows.lowerBound + $0) % tiles.rows)
      let scratch = Storage(byteCount: 4 * chex_winograd_gradient_scratch(&tiles))
      chex_winograd_inputs(
        x.pointer + image * tiles.inputs * tiles.height * tiles.width, &tiles, row, count, $0 * perRow,
        right.pointer, scratch.floats)
      chex_winograd_gradients(
        outputGradient.pointer + image * tiles.outputs * tiles.outHeight * tiles.outWidth, &tiles, row, count,
        $0 * perRow,
        left.pointer, scratch.floats)
      withExtendedLifetime(scratch) {}
    }
  }

  /// Sums over fixed strips of rows, added in order.
  private func directWeightGradient(
    _ outputGradient: Tensor, _ x: Tensor, _ tiles: chex_tiles, into out: Tensor, accumulate: Bool
  ) {
    let rows = max(4, min(tiles.outHeight, (1 << 15) / (tiles.inputs * (tiles.outWidth + 32))))
    let strips = (tiles.outHeight + rows - 1) / rows
    let weights = tiles.outputs * tiles.inputs * 9
    let partial = Tensor(uninitialized: [x.shape[0] * strips, weights], on: CPUDevice.shared)
    Compute.parallel(x.shape[0] * strips) {
      var tiles = tiles
      let (image, first) = ($0 / strips, $0 % strips * rows)
      let count = min(rows, tiles.outHeight - first)
      let scratch = Storage(byteCount: 4 * chex_direct_weight_gradient_scratch(&tiles, count))
      chex_direct_weight_gradient(
        x.pointer + image * tiles.inputs * tiles.height * tiles.width,
        outputGradient.pointer + image * tiles.outputs * tiles.outHeight * tiles.outWidth, &tiles, first,
        count,
        partial.pointer + $0 * weights, scratch.floats)
      withExtendedLifetime(scratch) {}
    }
    sumParts(partial, into: out, accumulate: accumulate)
  }

  /// out (+)= Σ over the first axis.
  func sumParts(_ partial: Tensor, into out: Tensor, accumulate: Bool) {
    guard accumulate else { return reduce(.sum, partial, over: [0], into: out) }
    let whole = Tensor(uninitialized: out.shape, on: CPUDevice.shared)
    reduce(.sum, partial, over: [0], into: whole)
    add(out, whole, into: out)
  }
}
