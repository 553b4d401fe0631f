/// Each output is the sum, over a window of the image, of inputs times weights, plus its bias.
/// - Parameters:
///   - x: images `(B, C, H, W)`.
///   - weight: `(O, C / groups, h, w)`.
///   - bias: `(O)`; nil for none.
///   - stride: pixels from one window to the next.
///   - padding: zeros on each side of the image.
///   - dilation: pixels from one weight to the next.
///   - groups: parts that channels are divided into; outputs of a part see its inputs alone.
/// - Returns: `(B, O, H', W')`, where H' = (H + 2 padding - dilation (h - 1) - 1) / stride + 1, rounded down.
public func convolution2d(
  _ x: Tensor, weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
  groups: Int = 1
) -> Tensor {
  convolution2d(
    x, weight: weight, bias: bias,
    ConvolutionGeometry(
      stride: [stride, stride], padding: [padding, padding], dilation: [dilation, dilation], groups: groups))
}

/// The same with settings of each direction.
public func convolution2d(
  _ x: Tensor, weight: Tensor, bias: Tensor? = nil, _ geometry: ConvolutionGeometry
) -> Tensor {
  let groups = geometry.groups
  require(
    x.shape.count == 4 && weight.shape.count == 4 && weight.shape[1] * groups == x.shape[1]
      && weight.shape[0] % groups == 0 && bias.map { $0.shape == [weight.shape[0]] } ?? true,
    "convolution2d: input \(x.shape), weight \(weight.shape), bias \(bias?.shape ?? []), \(groups) groups")
  let size = geometry.outputSize(of: Array(x.shape[2...]), kernel: Array(weight.shape[2...]))
  require(
    size.allSatisfy { $0 > 0 },
    "convolution2d: a window of weight \(weight.shape) is larger than input \(x.shape)")
  let backend = Compute.backend("convolution2d", x, weight, bias)
  let (image, filter) = (x.detached, weight.detached)
  let out = backend.empty([x.shape[0], weight.shape[0]] + size)
  backend.convolution(image, weight: filter, bias: bias, geometry, into: out)
  return differentiable("convolution2d", [x, weight] + (bias.map { [$0] } ?? []), out) { outputGradient in
    if let node = x.node {
      let inputGradient = backend.empty(image.shape)
      backend.convolutionInputGradient(outputGradient, weight: filter, geometry, into: inputGradient)
      node.receive(inputGradient)
    }
    weight.node?.receive(shape: filter.shape) {
      backend.convolutionWeightGradient(outputGradient, image, geometry, into: $0, accumulate: $1)
    }
    bias?.node?.receive(channelSums(outputGradient, backend))
  }
}

/// The transpose of `convolution2d` as a linear map, which enlarges images: each input adds its weights to a window
/// of the outputs.
/// - Parameters:
///   - x: images `(B, C, H, W)`.
///   - weight: `(C, O / groups, h, w)`, as PyTorch keeps it.
///   - bias: `(O)`; nil for none.
///   - stride: pixels from one window to the next in the outputs.
///   - padding: pixels that are left out on each side of the outputs.
///   - outputPadding: pixels that are added at the bottom and on the right, fewer than the stride.
///   - dilation: pixels from one weight to the next.
///   - groups: parts that channels are divided into.
/// - Returns: `(B, O, H', W')`, where H' = (H - 1) stride - 2 padding + dilation (h - 1) + 1 + outputPadding.
public func transposedConvolution2d(
  _ x: Tensor, weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, outputPadding: Int = 0,
  dilation: Int = 1, groups: Int = 1
) -> Tensor {
  let geometry = ConvolutionGeometry(
    stride: [stride, stride], padding: [padding, padding], dilation: [dilation, dilation], groups: groups)
  let outputs = (weight.shape.count == 4 ? weight.shape[1] : 0) * groups
  require(
    x.shape.count == 4 && weight.shape.count == 4 && weight.shape[0] == x.shape[1] && x.shape[1] % groups == 0
      && bias.map { $0.shape == [outputs] } ?? true && (0..<max(stride, dilation)).contains(outputPadding),
    "transposedConvolution2d: input \(x.shape), weight \(weight.shape), bias \(bias?.shape ?? []), "
      + "\(groups) groups, output padding \(outputPadding)")
  let size = geometry.inputSize(
    of: Array(x.shape[2...]), kernel: Array(weight.shape[2...]), added: [outputPadding, outputPadding])
  require(
    size.allSatisfy { $0 > 0 },
    "transposedConvolution2d: padding \(padding) leaves nothing of weight \(weight.shape) on input \(x.shape)"
  )
  let backend = Compute.backend("transposedConvolution2d", x, weight, bias)
  let (image, filter) = (x.detached, weight.detached)
  let out = backend.empty([x.shape[0], outputs] + size)
  backend.convolutionInputGradient(image, weight: filter, geometry, into: out)
  if let bias { backend.combine(.add, out, Tensor(sharing: bias, shape: [outputs, 1, 1]), into: out) }
  return differentiable("transposedConvolution2d", [x, weight] + (bias.map { [$0] } ?? []), out) {
    outputGradient in
    if let node = x.node {
      let inputGradient = backend.empty(image.shape)
      backend.convolution(outputGradient, weight: filter, bias: nil, geometry, into: inputGradient)
      node.receive(inputGradient)
    }
    weight.node?.receive(shape: filter.shape) {
      backend.convolutionWeightGradient(image, outputGradient, geometry, into: $0, accumulate: $1)
    }
    bias?.node?.receive(channelSums(outputGradient, backend))
  }
}

/// Σ over images and pixels of x (B, C, H, W) → (C).
func channelSums(_ x: Tensor, _ backend: any Backend) -> Tensor {
  Tensor(sharing: backend.reduced(.sum, x, over: [0, 2, 3]), shape: [x.shape[1]])
}
