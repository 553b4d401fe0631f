import CKernels

// Kernels of our own: oneDNN's read images in an order of theirs, which costs a pass before and one after, and take the
// multiplications that tiles save.
extension CPUBackend {
  public func convolution(
    _ x: Tensor, weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry, into out: Tensor
  ) {
    let sizes = ConvolutionSizes(input: x.shape, weight: weight.shape, output: out.shape, geometry)
    let (x, weight) = (rounded(x), rounded(weight))
    if let tiles = sizes.tiles {
      convolveTiles(x, weight, bias, tiles, isBackward: false, into: out)
    } else {
      multiplyUnfolded(x, weight, bias, sizes, into: out)
    }
  }

  public func convolutionInputGradient(
    _ outputGradient: Tensor, weight: Tensor, _ geometry: ConvolutionGeometry, into out: Tensor
  ) {
    let sizes = ConvolutionSizes(
      input: out.shape, weight: weight.shape, output: outputGradient.shape, geometry)
    let (outputGradient, weight) = (rounded(outputGradient), rounded(weight))
    if let tiles = sizes.backwardTiles {
      convolveTiles(outputGradient, weight, nil, tiles, isBackward: true, into: out)
    } else if sizes.isPointwise {
      multiplyPoints(outputGradient, weight, sizes, into: out)
    } else {
      foldProducts(outputGradient, weight, sizes, into: out)
    }
  }

  public func convolutionWeightGradient(
    _ outputGradient: Tensor, _ x: Tensor, _ geometry: ConvolutionGeometry, into out: Tensor, accumulate: Bool
  ) {
    let sizes = ConvolutionSizes(input: x.shape, weight: out.shape, output: outputGradient.shape, geometry)
    let (outputGradient, x) = (rounded(outputGradient), rounded(x))
    if let tiles = sizes.tiles {
      tilesWeightGradient(outputGradient, x, tiles, into: out, accumulate: accumulate)
    } else {
      unfoldedWeightGradient(outputGradient, x, sizes, into: out, accumulate: accumulate)
    }
  }

  /// float32 numbers as `activationType` holds them.
  private func rounded(_ x: Tensor) -> Tensor {
    guard activationType == .bfloat16 || x.elementType != .float32 else { return x }
    let numbers = Tensor(uninitialized: x.shape, on: CPUDevice.shared)
    convert(asOperand(x), into: numbers)
    return numbers
  }
}

/// Sizes of a convolution and what they let it be.
struct ConvolutionSizes: Sendable {
  let batch: Int
  let groups: Int
  /// Channels of a group, on either side.
  let inputs: Int
  let outputs: Int
  let kernel: [Int]
  let how: chex_convolution
  let isPointwise: Bool

  init(input: [Int], weight: [Int], output: [Int], _ geometry: ConvolutionGeometry) {
    (batch, groups) = (input[0], geometry.groups)
    (inputs, outputs, kernel) = (weight[1], weight[0] / geometry.groups, Array(weight[2...]))
    how = chex_convolution(
      height: input[2], width: input[3], kernelHeight: weight[2], kernelWidth: weight[3],
      strideY: geometry.stride[0], strideX: geometry.stride[1], paddingY: geometry.padding[0],
      paddingX: geometry.padding[1], dilationY: geometry.dilation[0], dilationX: geometry.dilation[1],
      outHeight: output[2], outWidth: output[3])
    isPointwise = kernel == [1, 1] && geometry.stride == [1, 1] && geometry.padding == [0, 0]
  }

  /// Numbers of an image's channel on either side.
  var inputPlane: Int { how.height * how.width }
  var outputPlane: Int { how.outHeight * how.outWidth }
  /// Weights of an output.
  var depth: Int { inputs * kernel[0] * kernel[1] }

  /// Where Winograd's tiles serve: 3 × 3 weights that move by one pixel over an image whose tiles fill vectors.
  var tiles: chex_tiles? { tiles(backward: false) }
  var backwardTiles: chex_tiles? { tiles(backward: true) }

  private func tiles(backward: Bool) -> chex_tiles? {
    let steps = [how.strideY, how.strideX, how.dilationY, how.dilationX]
    guard groups == 1, kernel == [3, 3], steps.allSatisfy({ $0 == 1 }), how.paddingX == how.paddingY,
      how.paddingX <= 2
    else { return nil }
    let tiles =
      backward
      ? chex_tiles(
        inputs: outputs, outputs: inputs, height: how.outHeight, width: how.outWidth,
        padding: 2 - how.paddingX,
        outHeight: how.height, outWidth: how.width)
      : chex_tiles(
        inputs: inputs, outputs: outputs, height: how.height, width: how.width, padding: how.paddingX,
        outHeight: how.outHeight, outWidth: how.outWidth)
    // Below this share of lanes in use, the tiles save less than they waste.
    let used = ((tiles.outWidth + 1) / 2) * ((tiles.outHeight + 1) / 2)
    return 10 * used >= 6 * tiles.rows * tiles.panelsPerRow * 16 ? tiles : nil
  }
}

extension chex_tiles {
  /// Rows of panels of an image, and panels in one.
  var rows: Int { tiling.rows }
  var panelsPerRow: Int { tiling.panels_per_row }
  private var tiling: chex_tiling { withUnsafePointer(to: self, chex_tiling_of) }
}
