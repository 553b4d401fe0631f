/// Images of another size.
/// - Parameters:
///   - x: images `(B, C, H, W)`.
///   - height: of the result; any.
///   - width: of the result; any.
///   - mode: as PyTorch's `interpolate` has it, with `align_corners=False`.
/// - Returns: `(B, C, height, width)`.
public func resized(_ x: Tensor, height: Int, width: Int, mode: ResizeMode = .bilinear) -> Tensor {
  require(
    x.shape.count == 4 && x.shape[2] > 0 && x.shape[3] > 0 && height > 0 && width > 0,
    "resized: input \(x.shape) to \(height) × \(width)")
  let backend = Compute.backend("resized", x)
  let out = backend.empty([x.shape[0], x.shape[1], height, width])
  backend.resize(x, mode, into: out)
  let source = x.receiver
  return differentiable("resized", [x], out) { outputGradient in
    let inputGradient = backend.empty(source.shape)
    backend.resizeGradient(outputGradient, mode, into: inputGradient)
    source.node?.receive(inputGradient)
  }
}

/// The largest value of each window. The first of equal largest values gets the gradient.
/// - Parameters:
///   - x: images `(B, C, H, W)`.
///   - size: side of a window.
///   - stride: pixels from one window to the next; nil for the size.
///   - padding: pixels beyond each side that count as smaller than any; at most half the size.
/// - Returns: `(B, C, H', W')`, where H' = (H + 2 padding - size) / stride + 1, rounded down.
public func maxPool2d(_ x: Tensor, size: Int, stride: Int? = nil, padding: Int = 0) -> Tensor {
  let taps = poolTaps("maxPool2d", x, size, stride ?? size, padding)
  let (backend, geometry, image) = (Compute.backend("maxPool2d", x), taps.geometry, x.detached)
  let out = backend.empty(taps.output)
  backend.maxPool(image, kernel: [size, size], geometry, into: out)
  return differentiable("maxPool2d", [x], out) { outputGradient in
    let inputGradient = backend.empty(image.shape)
    backend.maxPoolGradient(
      image, out, outputGradient: outputGradient, kernel: [size, size], geometry, into: inputGradient)
    x.node?.receive(inputGradient)
  }
}

/// The mean of each window.
/// - Parameters:
///   - x: images `(B, C, H, W)`.
///   - size: side of a window.
///   - stride: pixels from one window to the next; nil for the size.
///   - padding: zeros beyond each side, which count; at most half the size.
/// - Returns: `(B, C, H', W')`, where H' = (H + 2 padding - size) / stride + 1, rounded down.
public func averagePool2d(_ x: Tensor, size: Int, stride: Int? = nil, padding: Int = 0) -> Tensor {
  let taps = poolTaps("averagePool2d", x, size, stride ?? size, padding)
  let backend = Compute.backend("averagePool2d", x)
  let image = taps.padded(x, around: 0, backend)
  let share = backend.constant(1 / Float(taps.count))
  let out = taps.inputs(image, 0, backend)
  for tap in 1..<max(taps.count, 1) {
    backend.combine(.add, out, taps.inputs(image, tap, backend), into: out)
  }
  backend.combine(.multiply, out, share, into: out)
  let source = x.receiver
  return differentiable("averagePool2d", [x], Tensor(sharing: out, shape: taps.output)) { outputGradient in
    let part = backend.combined(.multiply, Tensor(sharing: outputGradient, shape: out.shape), share)
    let sums = backend.filled(taps.paddedShape, with: 0)
    for tap in 0..<taps.count { taps.add(part, tap, to: sums, backend) }
    source.node?.receive(taps.cut(sums, backend))
  }
}

/// A window for each channel by itself.
private func poolTaps(_ name: String, _ x: Tensor, _ size: Int, _ stride: Int, _ padding: Int)
  -> ConvolutionTaps
{
  require(
    x.shape.count == 4 && size > 0 && stride > 0 && padding >= 0 && 2 * padding <= size,
    "\(name): input \(x.shape), size \(size), stride \(stride), padding \(padding)")
  let geometry = ConvolutionGeometry(
    stride: [stride, stride], padding: [padding, padding], groups: max(x.shape[1], 1))
  let places = geometry.outputSize(of: Array(x.shape[2...]), kernel: [size, size])
  require(places.allSatisfy { $0 > 0 }, "\(name): a window of \(size) is larger than input \(x.shape)")
  return ConvolutionTaps(
    input: x.shape, weight: [x.shape[1], 1, size, size], output: [x.shape[0], x.shape[1]] + places, geometry)
}
