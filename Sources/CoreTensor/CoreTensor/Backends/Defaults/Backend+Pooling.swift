/// Pools in terms of primitives: for each place in the window, a copy of the pixels that it meets.
extension Backend {
  public func maxPool(_ x: Tensor, kernel: [Int], _ geometry: ConvolutionGeometry, into out: Tensor) {
    let taps = ConvolutionTaps(windows: kernel, of: x.shape, output: out.shape, geometry)
    let image = taps.padded(x, around: -.infinity, self)
    let largest = Tensor(sharing: out, shape: taps.outputMatrices)
    for tap in 0..<taps.count {
      let values = taps.inputs(image, tap, self)
      if tap == 0 {
        convert(values, into: largest)
      } else {
        combine(.maximum, largest, values, into: largest)
      }
    }
  }

  public func maxPoolGradient(
    _ x: Tensor, _ out: Tensor, outputGradient: Tensor, kernel: [Int], _ geometry: ConvolutionGeometry,
    into inputGradient: Tensor
  ) {
    let taps = ConvolutionTaps(windows: kernel, of: x.shape, output: out.shape, geometry)
    let image = taps.padded(x, around: -.infinity, self)
    let largest = Tensor(sharing: out, shape: taps.outputMatrices)
    // What is still to be handed to each window's first largest value.
    let left = empty(largest.shape)
    convert(Tensor(sharing: outputGradient, shape: largest.shape), into: left)
    let sums = filled(taps.paddedShape, with: 0)
    let zero = constant(0)
    for tap in 0..<taps.count {
      let isLargest = combined(.equal, taps.inputs(image, tap, self), largest)
      taps.add(combined(.multiply, isLargest, left), tap, to: sums, self)
      select(isLargest, zero, left, into: left)
    }
    taps.cut(sums, into: inputGradient, self)
  }
}
