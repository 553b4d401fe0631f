import CoreTensor

extension ReferenceBackend {
  public func convolution(
    _ x: Tensor, weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry, into out: Tensor
  ) {
    let (inputs, weights) = (operand(x), operand(weight))
    let before = bias?.values
    var sums = (0..<out.count).map { Double(before?[$0 / (out.shape[2] * out.shape[3]) % out.shape[1]] ?? 0) }
    eachMeeting(x.shape, weight.shape, out.shape, geometry) { input, weight, output in
      sums[output] += Double(inputs[input]) * Double(weights[weight])
    }
    write(sums, to: out)
  }

  public func convolutionInputGradient(
    _ outputGradient: Tensor, weight: Tensor, _ geometry: ConvolutionGeometry, into out: Tensor
  ) {
    let (gradients, weights) = (operand(outputGradient), operand(weight))
    var sums = [Double](repeating: 0, count: out.count)
    eachMeeting(out.shape, weight.shape, outputGradient.shape, geometry) { input, weight, output in
      sums[input] += Double(gradients[output]) * Double(weights[weight])
    }
    write(sums, to: out)
  }

  public func convolutionWeightGradient(
    _ outputGradient: Tensor, _ x: Tensor, _ geometry: ConvolutionGeometry, into out: Tensor, accumulate: Bool
  ) {
    let (gradients, inputs) = (operand(outputGradient), operand(x))
    var sums = accumulate ? out.values.map(Double.init) : [Double](repeating: 0, count: out.count)
    eachMeeting(x.shape, out.shape, outputGradient.shape, geometry) { input, weight, output in
      sums[weight] += Double(gradients[output]) * Double(inputs[input])
    }
    write(sums, to: out)
  }

  /// Every input, weight and output that belong together, by their places.
  private func eachMeeting(
    _ input: [Int], _ weight: [Int], _ output: [Int], _ geometry: ConvolutionGeometry,
    _ body: (_ input: Int, _ weight: Int, _ output: Int) -> Void
  ) {
    let outputsOfGroup = weight[0] / geometry.groups
    for place in 0..<output.reduce(1, *) {
      let (column, row) = (place % output[3], place / output[3] % output[2])
      let channel = place / (output[3] * output[2]) % output[1]
      let image = place / (output[3] * output[2] * output[1])
      for tap in 0..<weight[1] * weight[2] * weight[3] {
        let own = tap / (weight[2] * weight[3])
        let y =
          row * geometry.stride[0] + tap / weight[3] % weight[2] * geometry.dilation[0] - geometry.padding[0]
        let x = column * geometry.stride[1] + tap % weight[3] * geometry.dilation[1] - geometry.padding[1]
        guard 0..<input[2] ~= y, 0..<input[3] ~= x else { continue }
        let from = channel / outputsOfGroup * weight[1] + own
        body(
          ((image * input[1] + from) * input[2] + y) * input[3] + x,
          channel * weight[1] * weight[2] * weight[3] + tap, place)
      }
    }
  }
}
