/// How a window of weights moves over an image. Every setting has two numbers, of the vertical and the horizontal
/// direction.
public struct ConvolutionGeometry: Sendable, Equatable {
  /// Pixels from one place of the window to the next.
  public let stride: [Int]
  /// Zeros on each side of the image.
  public let padding: [Int]
  /// Pixels from one weight to the next.
  public let dilation: [Int]
  /// Parts that channels are divided into; outputs of a part see its inputs alone.
  public let groups: Int

  public init(stride: [Int] = [1, 1], padding: [Int] = [0, 0], dilation: [Int] = [1, 1], groups: Int = 1) {
    require(
      [stride, padding, dilation].allSatisfy { $0.count == 2 } && (stride + dilation).allSatisfy { $0 > 0 }
        && padding.allSatisfy { $0 >= 0 } && groups > 0,
      "ConvolutionGeometry: stride \(stride), padding \(padding), dilation \(dilation), \(groups) groups")
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
  }

  /// Height and width of the outputs for an image and a kernel of given sizes.
  public func outputSize(of image: [Int], kernel: [Int]) -> [Int] {
    (0..<2).map { axis in
      let reach = dilation[axis] * (kernel[axis] - 1) + 1
      let room = image[axis] + 2 * padding[axis] - reach
      return room < 0 ? 0 : room / stride[axis] + 1
    }
  }

  /// Height and width of the images whose outputs have given sizes: of a transposed convolution's outputs.
  func inputSize(of outputs: [Int], kernel: [Int], added: [Int]) -> [Int] {
    (0..<2).map {
      (outputs[$0] - 1) * stride[$0] - 2 * padding[$0] + dilation[$0] * (kernel[$0] - 1) + 1 + added[$0]
    }
  }
}
