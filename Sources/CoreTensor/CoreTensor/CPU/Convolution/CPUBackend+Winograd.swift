import CKernels

extension CPUBackend {
  /// A convolution, or, backward, its gradient of the inputs, which is one by the weights turned round.
  func convolveTiles(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ tiles: chex_tiles, isBackward: Bool, into out: Tensor
  ) {
    let packed = transformed(weight, tiles, isBackward: isBackward)
    // Rows of panels whose numbers, 1 KiB for each channel and vector, stay in the second cache.
    let rows = max(1, min(tiles.rows, 384 / ((tiles.inputs + tiles.outputs) * tiles.panelsPerRow)))
    let strips = (tiles.rows + rows - 1) / rows
    let (image, result) = (
      tiles.inputs * tiles.height * tiles.width, tiles.outputs * tiles.outHeight * tiles.outWidth
    )
    Compute.parallel(x.shape[0] * strips) {
      var tiles = tiles
      let (index, first) = ($0 / strips, $0 % strips * rows)
      let count = min(rows, tiles.rows - first)
      let scratch = Storage(byteCount: 4 * chex_winograd_scratch(&tiles, count))
      chex_winograd(
        x.pointer + index * image, packed.pointer, bias?.pointer, out.pointer + index * result, &tiles, first,
        count,
        scratch.floats)
      withExtendedLifetime(scratch) {}
    }
  }

  private func transformed(_ weight: Tensor, _ tiles: chex_tiles, isBackward: Bool) -> Tensor {
    let (outputs, inputs) = (tiles.outputs, tiles.inputs)
    let packed = Tensor(uninitialized: [chex_winograd_weights_size(outputs, inputs)], on: CPUDevice.shared)
    let height = chex_tile_rows()
    let whole = (outputs + height - 1) / height * height
    Compute.ranges(whole, grain: max(1, 2048 / inputs)) {
      chex_winograd_weights(
        weight.pointer, outputs, inputs, isBackward ? 1 : 0, $0.lowerBound, $0.count, packed.pointer)
    }
    return packed
  }
}

extension Storage {
  var floats: UnsafeMutablePointer<Float> { pointer.assumingMemoryBound(to: Float.self) }
}
