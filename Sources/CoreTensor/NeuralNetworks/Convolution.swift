import CoreTensor

/// A convolution, `convolution2d`, with square windows.
///
/// Parameters, under PyTorch's names: `weight` (outputs, inputs / groups, kernel, kernel) and, unless it is left out,
/// `bias` (outputs), both uniform within ±1/√(inputs of an output), as PyTorch begins.
public final class Convolution2d: Module {
  public let weight: Parameter
  public let bias: Parameter?
  let geometry: ConvolutionGeometry

  /// - Parameters:
  ///   - inputs: channels of the input.
  ///   - outputs: channels of the output.
  ///   - kernel: side of the window.
  ///   - stride: pixels from one window to the next.
  ///   - padding: zeros on each side; nil for as many as keep an image's size at stride 1.
  ///   - dilation: pixels from one weight to the next.
  ///   - groups: parts that channels are divided into.
  ///   - hasBias: whether a bias is added.
  ///   - initializer: gives the first weights.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int? = nil, dilation: Int = 1,
    groups: Int = 1, hasBias: Bool = true, initializer: inout Initializer
  ) {
    require(
      inputs % groups == 0 && outputs % groups == 0,
      "Convolution2d: \(inputs) inputs and \(outputs) outputs in \(groups) groups")
    let padding = padding ?? dilation * (kernel - 1) / 2
    geometry = ConvolutionGeometry(
      stride: [stride, stride], padding: [padding, padding], dilation: [dilation, dilation], groups: groups)
    let bound = 1 / Float(inputs / groups * kernel * kernel).squareRoot()
    weight = initializer.uniform([outputs, inputs / groups, kernel, kernel], within: bound)
    bias = hasBias ? initializer.uniform([outputs], within: bound) : nil
  }

  /// x (B, inputs, H, W) → (B, outputs, H', W')
  public func callAsFunction(_ x: Tensor) -> Tensor {
    convolution2d(x, weight: weight.tensor, bias: bias?.tensor, geometry)
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    visitor.parameter(weight, "weight")
    if let bias { visitor.parameter(bias, "bias") }
  }
}

/// A transposed convolution, `transposedConvolution2d`, with square windows, which enlarges images `stride` times
/// where the window's side is the stride.
///
/// Parameters, under PyTorch's names: `weight` (inputs, outputs / groups, kernel, kernel) and, unless it is left out,
/// `bias` (outputs), both uniform within ±1/√(outputs / groups · kernel²), as PyTorch begins.
public final class TransposedConvolution2d: Module {
  public let weight: Parameter
  public let bias: Parameter?
  let stride: Int
  let padding: Int
  let outputPadding: Int
  let groups: Int

  /// - Parameters:
  ///   - inputs: channels of the input.
  ///   - outputs: channels of the output.
  ///   - kernel: side of the window.
  ///   - stride: pixels from one window to the next.
  ///   - padding: pixels that are left out on each side of the outputs.
  ///   - outputPadding: pixels that are added at the bottom and on the right.
  ///   - groups: parts that channels are divided into.
  ///   - hasBias: whether a bias is added.
  ///   - initializer: gives the first weights.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, outputPadding: Int = 0,
    groups: Int = 1, hasBias: Bool = true, initializer: inout Initializer
  ) {
    require(
      inputs % groups == 0 && outputs % groups == 0,
      "TransposedConvolution2d: \(inputs) inputs and \(outputs) outputs in \(groups) groups")
    (self.stride, self.padding, self.outputPadding, self.groups) = (stride, padding, outputPadding, groups)
    let bound = 1 / Float(outputs / groups * kernel * kernel).squareRoot()
    weight = initializer.uniform([inputs, outputs / groups, kernel, kernel], within: bound)
    bias = hasBias ? initializer.uniform([outputs], within: bound) : nil
  }

  /// x (B, inputs, H, W) → (B, outputs, H', W')
  public func callAsFunction(_ x: Tensor) -> Tensor {
    transposedConvolution2d(
      x, weight: weight.tensor, bias: bias?.tensor, stride: stride, padding: padding,
      outputPadding: outputPadding,
      groups: groups)
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    visitor.parameter(weight, "weight")
    if let bias { visitor.parameter(bias, "bias") }
  }
}
