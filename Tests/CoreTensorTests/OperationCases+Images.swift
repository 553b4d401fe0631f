import CoreTensor

/// Operations on images.
extension OperationCase {
  static let images = convolutions

  private static let convolutions: [OperationCase] = [
    OperationCase("convolution, 3 × 3", [[2, 3, 5, 4], [2, 3, 3, 3], [2]], scale: 0.5) {
      convolution2d($0[0], weight: $0[1], bias: $0[2], padding: 1)
    },
    OperationCase("convolution, 1 × 1", [[2, 3, 3, 4], [5, 3, 1, 1], [5]]) {
      convolution2d($0[0], weight: $0[1], bias: $0[2])
    },
    OperationCase("convolution in tiles", [[1, 2, 4, 26], [2, 2, 3, 3], [2]], scale: 0.5) {
      convolution2d($0[0], weight: $0[1], bias: $0[2], padding: 1)
    },
    OperationCase("convolution in tiles without padding", [[1, 1, 5, 27], [2, 1, 3, 3]], scale: 0.5) {
      convolution2d($0[0], weight: $0[1])
    },
    OperationCase("convolution with stride, dilation and groups", [[2, 4, 7, 6], [6, 2, 3, 2]], scale: 0.5) {
      convolution2d(
        $0[0], weight: $0[1],
        ConvolutionGeometry(stride: [2, 1], padding: [2, 1], dilation: [1, 2], groups: 2))
    },
    OperationCase("convolution whose window skips pixels", [[1, 2, 5, 5], [3, 2, 1, 1], [3]]) {
      convolution2d($0[0], weight: $0[1], bias: $0[2], stride: 2)
    },
    OperationCase("depthwise convolution", [[1, 3, 4, 5], [3, 1, 3, 3], [3]], scale: 0.5) {
      convolution2d($0[0], weight: $0[1], bias: $0[2], padding: 1, groups: 3)
    },
    OperationCase("one weight for two convolutions", [[1, 2, 3, 24], [2, 2, 3, 3]], scale: 0.4) {
      convolution2d(convolution2d($0[0], weight: $0[1], padding: 1), weight: $0[1], padding: 1)
    },
    OperationCase("transposed convolution, 2 × 2", [[2, 3, 3, 4], [3, 2, 2, 2], [2]], scale: 0.5) {
      transposedConvolution2d($0[0], weight: $0[1], bias: $0[2], stride: 2)
    },
    OperationCase(
      "transposed convolution with output padding", [[1, 4, 3, 4], [4, 1, 3, 3], [2]], scale: 0.5
    ) {
      transposedConvolution2d(
        $0[0], weight: $0[1], bias: $0[2], stride: 2, padding: 1, outputPadding: 1, groups: 2)
    },
    OperationCase("transposed convolution in tiles", [[1, 2, 3, 26], [2, 1, 3, 3]], scale: 0.5) {
      transposedConvolution2d($0[0], weight: $0[1], padding: 1)
    },
  ]

  /// Sizes that are divided into several parts.
  static let largeImages: [OperationCase] = [
    OperationCase("convolution in tiles", [[2, 20, 37, 58], [17, 20, 3, 3], [17]], scale: 0.5) {
      convolution2d($0[0], weight: $0[1], bias: $0[2], padding: 1)
    },
    OperationCase("convolution in tiles, many channels", [[1, 300, 6, 24], [40, 300, 3, 3]], scale: 0.3) {
      convolution2d($0[0], weight: $0[1], padding: 2)
    },
    OperationCase("convolution, 1 × 1", [[2, 70, 33, 31], [40, 70, 1, 1], [40]], scale: 0.5) {
      convolution2d($0[0], weight: $0[1], bias: $0[2])
    },
    OperationCase(
      "convolution with stride and groups", [[2, 40, 41, 30], [36, 20, 3, 3], [36]], scale: 0.5
    ) {
      convolution2d($0[0], weight: $0[1], bias: $0[2], stride: 2, padding: 1, groups: 2)
    },
    OperationCase("transposed convolution", [[2, 40, 14, 17], [40, 24, 2, 2], [24]], scale: 0.5) {
      transposedConvolution2d($0[0], weight: $0[1], bias: $0[2], stride: 2)
    },
  ]
}
