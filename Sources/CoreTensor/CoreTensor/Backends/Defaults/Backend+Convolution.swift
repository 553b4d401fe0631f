/// Convolution in terms of primitives: for each place in the kernel, a copy of the inputs that it meets and a product
/// of matrices.
extension Backend {
  public func convolution(
    _ x: Tensor, weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry, into out: Tensor
  ) {
    let taps = ConvolutionTaps(input: x.shape, weight: weight.shape, output: out.shape, geometry)
    let image = taps.padded(x, self)
    let sums = Tensor(sharing: out, shape: taps.outputMatrices)
    for tap in 0..<taps.count {
      multiplyMatrices(
        taps.weights(weight, tap, self), transposingA: false, taps.inputs(image, tap, self),
        transposingB: false,
        into: sums, accumulate: tap > 0)
    }
    guard let bias else { return }
    combine(.add, out, Tensor(sharing: bias, shape: [bias.count, 1, 1]), into: out)
  }

  public func convolutionInputGradient(
    _ outputGradient: Tensor, weight: Tensor, _ geometry: ConvolutionGeometry, into out: Tensor
  ) {
    let taps = ConvolutionTaps(input: out.shape, weight: weight.shape, output: outputGradient.shape, geometry)
    let image = filled(taps.paddedShape, with: 0)
    let gradients = Tensor(sharing: outputGradient, shape: taps.outputMatrices)
    for tap in 0..<taps.count {
      let inputs = taps.inputs(image, tap, self)
      multiplyMatrices(
        taps.weights(weight, tap, self), transposingA: true, gradients, transposingB: false, into: inputs,
        accumulate: true)
      taps.place(inputs, tap, in: image, self)
    }
    taps.cut(image, into: out, self)
  }

  public func convolutionWeightGradient(
    _ outputGradient: Tensor, _ x: Tensor, _ geometry: ConvolutionGeometry, into out: Tensor, accumulate: Bool
  ) {
    let taps = ConvolutionTaps(input: x.shape, weight: out.shape, output: outputGradient.shape, geometry)
    let image = taps.padded(x, self)
    let gradients = Tensor(sharing: outputGradient, shape: taps.outputMatrices)
    let whole = accumulate ? empty(out.shape) : out
    for tap in 0..<taps.count {
      let products = empty([taps.batch] + taps.weightMatrices)
      multiplyMatrices(
        gradients, transposingA: false, taps.inputs(image, tap, self), transposingB: true, into: products,
        accumulate: false)
      taps.place(reduced(.sum, products, over: [0]), tap, inWeight: whole, self)
    }
    if accumulate { combine(.add, out, whole, into: out) }
  }
}
