extension ProfilingBackend {
  public func multiplyMapped(_ function: UnaryFunction, _ x: Tensor, by factors: Tensor, into out: Tensor) {
    measure(.elementwise, operations: 16 * out.count, [x, factors, out]) {
      inner.multiplyMapped(function, x, by: factors, into: out)
    }
  }
  public func softmax(_ x: Tensor, axis: Int, into out: Tensor) {
    measure(.elementwise, operations: 13 * out.count, [x, out]) { inner.softmax(x, axis: axis, into: out) }
  }
  public func softmaxGradient(_ out: Tensor, outputGradient: Tensor, axis: Int, into inputGradient: Tensor) {
    measure(.elementwise, operations: 4 * out.count, [out, outputGradient, inputGradient]) {
      inner.softmaxGradient(out, outputGradient: outputGradient, axis: axis, into: inputGradient)
    }
  }

  // MARK: Convolution

  public func convolution(
    _ x: Tensor, weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry, into out: Tensor
  ) {
    measure(.convolution, operations: 0, products: products(out, weight), [x, weight, out]) {
      inner.convolution(x, weight: weight, bias: bias, geometry, into: out)
    }
  }
  public func convolutionInputGradient(
    _ outputGradient: Tensor, weight: Tensor, _ geometry: ConvolutionGeometry, into out: Tensor
  ) {
    measure(
      .convolutionGradient, operations: 0, products: products(outputGradient, weight),
      [outputGradient, weight, out]
    ) {
      inner.convolutionInputGradient(outputGradient, weight: weight, geometry, into: out)
    }
  }
  public func convolutionWeightGradient(
    _ outputGradient: Tensor, _ x: Tensor, _ geometry: ConvolutionGeometry, into out: Tensor, accumulate: Bool
  ) {
    measure(
      .convolutionGradient, operations: 0, products: products(outputGradient, out), [outputGradient, x, out]
    ) {
      inner.convolutionWeightGradient(outputGradient, x, geometry, into: out, accumulate: accumulate)
    }
  }
  /// Multiplications and additions by the definition, whatever the kernels save.
  private func products(_ out: Tensor, _ weight: Tensor) -> Int {
    2 * out.count * weight.count / max(weight.shape[0], 1)
  }

  // MARK: Norms and resizing

  public func groupNorm(
    _ x: Tensor, groups: Int, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor,
    _ statistics: RowStatistics
  ) {
    measure(.imageNorm, operations: 6 * x.count, [x, out]) {
      inner.groupNorm(
        x, groups: groups, weight: weight, bias: bias, epsilon: epsilon, into: out, statistics)
    }
  }
  public func groupNormGradient(
    _ x: Tensor, groups: Int, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor,
    into out: Tensor,
    weightGradient: Tensor?, biasGradient: Tensor?
  ) {
    measure(.imageNorm, operations: 8 * x.count, [x, outputGradient, out]) {
      inner.groupNormGradient(
        x, groups: groups, weight: weight, statistics, outputGradient: outputGradient, into: out,
        weightGradient: weightGradient, biasGradient: biasGradient)
    }
  }
  public func batchNorm(
    _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor, _ statistics: RowStatistics
  ) {
    measure(.imageNorm, operations: 6 * x.count, [x, out]) {
      inner.batchNorm(x, weight: weight, bias: bias, epsilon: epsilon, into: out, statistics)
    }
  }
  public func batchNormGradient(
    _ x: Tensor, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor, into out: Tensor,
    weightGradient: Tensor?, biasGradient: Tensor?
  ) {
    measure(.imageNorm, operations: 8 * x.count, [x, outputGradient, out]) {
      inner.batchNormGradient(
        x, weight: weight, statistics, outputGradient: outputGradient, into: out,
        weightGradient: weightGradient,
        biasGradient: biasGradient)
    }
  }
  public func maxPool(_ x: Tensor, kernel: [Int], _ geometry: ConvolutionGeometry, into out: Tensor) {
    measure(.resizing, operations: kernel.reduce(out.count, *), [x, out]) {
      inner.maxPool(x, kernel: kernel, geometry, into: out)
    }
  }
  public func maxPoolGradient(
    _ x: Tensor, _ out: Tensor, outputGradient: Tensor, kernel: [Int], _ geometry: ConvolutionGeometry,
    into inputGradient: Tensor
  ) {
    measure(.resizing, operations: kernel.reduce(out.count, *), [x, outputGradient, inputGradient]) {
      inner.maxPoolGradient(
        x, out, outputGradient: outputGradient, kernel: kernel, geometry, into: inputGradient)
    }
  }
  public func resize(_ x: Tensor, _ mode: ResizeMode, into out: Tensor) {
    measure(.resizing, operations: 5 * out.count, [x, out]) { inner.resize(x, mode, into: out) }
  }
  public func resizeGradient(_ outputGradient: Tensor, _ mode: ResizeMode, into out: Tensor) {
    measure(.resizing, operations: 5 * outputGradient.count, [outputGradient, out]) {
      inner.resizeGradient(outputGradient, mode, into: out)
    }
  }
}
