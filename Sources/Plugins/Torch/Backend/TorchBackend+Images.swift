import CTorch
import CoreTensor

// Convolutions, norms of images, pools and other sizes.
extension TorchBackend {
  public func convolution(
    _ x: Tensor, weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry, into out: Tensor
  ) {
    own.finish(
      own.library.table.convolution(
        own.handle, activationType.torchCode, own.view(x), own.view(weight), own.view(bias),
        geometry.asGiven, own.view(out)))
  }

  public func convolutionInputGradient(
    _ outputGradient: Tensor, weight: Tensor, _ geometry: ConvolutionGeometry, into out: Tensor
  ) {
    own.finish(
      own.library.table.convolutionInputGradient(
        own.handle, activationType.torchCode, own.view(outputGradient), own.view(weight), geometry.asGiven,
        own.view(out)))
  }

  public func convolutionWeightGradient(
    _ outputGradient: Tensor, _ x: Tensor, _ geometry: ConvolutionGeometry, into out: Tensor, accumulate: Bool
  ) {
    own.finish(
      own.library.table.convolutionWeightGradient(
        own.handle, activationType.torchCode, own.view(outputGradient), own.view(x), geometry.asGiven,
        own.view(out), accumulate ? 1 : 0))
  }

  // MARK: Norms

  public func groupNorm(
    _ x: Tensor, groups: Int, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor,
    _ statistics: RowStatistics
  ) {
    imageNorm(x, groups, weight, bias, epsilon, into: out, statistics)
  }

  public func groupNormGradient(
    _ x: Tensor, groups: Int, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor,
    into out: Tensor, weightGradient: Tensor?, biasGradient: Tensor?
  ) {
    imageNormGradient(x, groups, weight, statistics, outputGradient, into: out, weightGradient, biasGradient)
  }

  public func batchNorm(
    _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor, _ statistics: RowStatistics
  ) {
    guard !statistics.areKnown else {
      return primitives.batchNorm(
        x, weight: weight, bias: bias, epsilon: epsilon, into: out, statistics)
    }
    imageNorm(x, 0, weight, bias, epsilon, into: out, statistics)
  }

  public func batchNormGradient(
    _ x: Tensor, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor, into out: Tensor,
    weightGradient: Tensor?, biasGradient: Tensor?
  ) {
    // Statistics that were known do not depend on x, which libtorch says by variances in place of deviations.
    guard !statistics.areKnown else {
      return primitives.batchNormGradient(
        x, weight: weight, statistics, outputGradient: outputGradient, into: out,
        weightGradient: weightGradient, biasGradient: biasGradient)
    }
    imageNormGradient(x, 0, weight, statistics, outputGradient, into: out, weightGradient, biasGradient)
  }

  private func imageNorm(
    _ x: Tensor, _ groups: Int, _ weight: Tensor?, _ bias: Tensor?, _ epsilon: Float, into out: Tensor,
    _ statistics: RowStatistics
  ) {
    own.finish(
      own.library.table.imageNorm(
        own.handle, own.view(x), Int64(groups), own.view(weight), own.view(bias), Double(epsilon),
        own.view(out), own.view(statistics.mean), own.view(statistics.inverse)))
  }

  private func imageNormGradient(
    _ x: Tensor, _ groups: Int, _ weight: Tensor?, _ statistics: RowStatistics, _ outputGradient: Tensor,
    into out: Tensor, _ weightGradient: Tensor?, _ biasGradient: Tensor?
  ) {
    own.finish(
      own.library.table.imageNormGradient(
        own.handle, own.view(x), Int64(groups), own.view(weight), own.view(statistics.mean),
        own.view(statistics.inverse), own.view(outputGradient), own.view(out), own.view(weightGradient),
        own.view(biasGradient)))
  }

  // MARK: Pools

  public func maxPool(_ x: Tensor, kernel: [Int], _ geometry: ConvolutionGeometry, into out: Tensor) {
    guard isKnownPool(kernel, geometry) else {
      return primitives.maxPool(x, kernel: kernel, geometry, into: out)
    }
    own.finish(
      own.library.table.maxPool(
        own.handle, own.view(x), kernel.map(Int64.init), geometry.asGiven, own.view(out)))
  }

  public func maxPoolGradient(
    _ x: Tensor, _ out: Tensor, outputGradient: Tensor, kernel: [Int], _ geometry: ConvolutionGeometry,
    into inputGradient: Tensor
  ) {
    // On a GPU libtorch adds in whatever order windows come.
    guard own.isProcessor, isKnownPool(kernel, geometry) else {
      return primitives.maxPoolGradient(
        x, out, outputGradient: outputGradient, kernel: kernel, geometry, into: inputGradient)
    }
    own.finish(
      own.library.table.maxPoolGradient(
        own.handle, own.view(x), own.view(outputGradient), kernel.map(Int64.init), geometry.asGiven,
        own.view(inputGradient)))
  }

  /// libtorch refuses windows that could lie in the padding altogether.
  private func isKnownPool(_ kernel: [Int], _ geometry: ConvolutionGeometry) -> Bool {
    zip(kernel, geometry.padding).allSatisfy { 2 * $1 <= $0 }
  }

  // MARK: Other sizes

  public func resize(_ x: Tensor, _ mode: ResizeMode, into out: Tensor) {
    // libtorch computes the nearest place in float32, which is another where the core's falls on a whole number.
    guard mode == .bilinear else { return primitives.resize(x, mode, into: out) }
    own.finish(own.library.table.resize(own.handle, own.view(x), own.view(out)))
  }

  public func resizeGradient(_ outputGradient: Tensor, _ mode: ResizeMode, into out: Tensor) {
    // On a GPU libtorch adds in whatever order pixels come.
    guard mode == .bilinear, own.isProcessor else {
      return primitives.resizeGradient(outputGradient, mode, into: out)
    }
    own.finish(own.library.table.resizeGradient(own.handle, own.view(outputGradient), own.view(out)))
  }
}

extension ConvolutionGeometry {
  fileprivate var asGiven: chex_torch_geometry {
    func two(_ numbers: [Int]) -> (Int64, Int64) { (Int64(numbers[0]), Int64(numbers[1])) }
    return chex_torch_geometry(
      stride: two(stride), padding: two(padding), dilation: two(dilation), groups: Int64(groups))
  }
}
