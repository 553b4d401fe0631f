/// What each place in the kernel of a convolution meets.
struct ConvolutionTaps {
  let batch: Int
  let geometry: ConvolutionGeometry
  let input: [Int]
  let weight: [Int]
  let output: [Int]
  var count: Int { weight[2] * weight[3] }
  var groups: Int { geometry.groups }

  init(input: [Int], weight: [Int], output: [Int], _ geometry: ConvolutionGeometry) {
    (batch, self.input, self.weight, self.output, self.geometry) = (input[0], input, weight, output, geometry)
  }

  /// Windows of each channel by itself.
  init(windows kernel: [Int], of input: [Int], output: [Int], _ geometry: ConvolutionGeometry) {
    let alone = ConvolutionGeometry(
      stride: geometry.stride, padding: geometry.padding, dilation: geometry.dilation,
      groups: max(input[1], 1))
    self.init(input: input, weight: [input[1], 1] + kernel, output: output, alone)
  }

  var paddedShape: [Int] {
    [batch, input[1], input[2] + 2 * geometry.padding[0], input[3] + 2 * geometry.padding[1]]
  }
  /// Outputs of each image and group.
  var outputMatrices: [Int] { [batch, groups, output[1] / groups, output[2] * output[3]] }
  var weightMatrices: [Int] { [groups, output[1] / groups, weight[1]] }

  private var box: BoxOfAxes {
    let (top, left) = (geometry.padding[0], geometry.padding[1])
    return BoxOfAxes(paddedShape, [0..<batch, 0..<input[1], top..<top + input[2], left..<left + input[3]])
  }
  func padded(_ x: Tensor, around value: Float = 0, _ backend: any Backend) -> Tensor {
    box.placed(x, around: value, backend)
  }
  func cut(_ image: Tensor, into out: Tensor, _ backend: any Backend) { box.cut(image, into: out, backend) }
  func cut(_ image: Tensor, _ backend: any Backend) -> Tensor { box.cut(image, backend) }

  /// Sizes of a tap's inputs, and where they lie in the padded image.
  private func meeting(_ tap: Int) -> (sizes: [Int], place: StridedPlace) {
    let strides = rowMajorStrides(paddedShape)
    let (row, column) = (tap / weight[3] * geometry.dilation[0], tap % weight[3] * geometry.dilation[1])
    return (
      [batch, input[1], output[2], output[3]],
      StridedPlace(
        start: row * strides[2] + column,
        strides: [strides[0], strides[1], strides[2] * geometry.stride[0], geometry.stride[1]])
    )
  }

  /// A tap's inputs: of each image and group, channels by places of outputs.
  func inputs(_ image: Tensor, _ tap: Int, _ backend: any Backend) -> Tensor {
    let (sizes, place) = meeting(tap)
    let out = Tensor(
      uninitialized: [batch, groups, input[1] / groups, output[2] * output[3]], on: backend.device)
    backend.copyStrided(image, place, to: out, StridedPlace(strides: rowMajorStrides(sizes)), sizes: sizes)
    return out
  }
  func place(_ inputs: Tensor, _ tap: Int, in image: Tensor, _ backend: any Backend) {
    let (sizes, place) = meeting(tap)
    backend.copyStrided(inputs, StridedPlace(strides: rowMajorStrides(sizes)), to: image, place, sizes: sizes)
  }

  /// Adds to what the image holds where a tap's inputs lie.
  func add(_ inputs: Tensor, _ tap: Int, to image: Tensor, _ backend: any Backend) {
    let sums = self.inputs(image, tap, backend)
    backend.combine(.add, sums, inputs, into: sums)
    place(sums, tap, in: image, backend)
  }

  /// A tap's weights, outputs by inputs of each group, for every image.
  func weights(_ weight: Tensor, _ tap: Int, _ backend: any Backend) -> Tensor {
    let sizes = [batch, weight.shape[0], weight.shape[1]]
    let out = backend.empty([batch] + weightMatrices)
    backend.copyStrided(
      weight, StridedPlace(start: tap, strides: [0, count * weight.shape[1], count]), to: out,
      StridedPlace(strides: rowMajorStrides(sizes)), sizes: sizes)
    return out
  }
  func place(_ sums: Tensor, _ tap: Int, inWeight out: Tensor, _ backend: any Backend) {
    let sizes = [out.shape[0], out.shape[1]]
    backend.copyStrided(
      sums, StridedPlace(strides: rowMajorStrides(sizes)), to: out,
      StridedPlace(start: tap, strides: [count * out.shape[1], count]), sizes: sizes)
  }
}
