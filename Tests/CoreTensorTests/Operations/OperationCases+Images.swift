import CoreTensor

/// Operations on images.
extension OperationCase {
  static let images = convolutions + norms + sizes

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
    OperationCase("convolution in tiles of pieces", [[1, 2, 7, 7], [2, 2, 3, 3], [2]], scale: 0.5) {
      convolution2d($0[0], weight: $0[1], bias: $0[2], padding: 1)
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

  /// A batch norm by statistics that it is given.
  private static func frozen(_ inputs: [Tensor]) -> Tensor {
    let statistics = RunningStatistics(mean: fixed([3]), variance: square(fixed([3])))
    return batchNorm(inputs[0], weight: inputs[1], bias: inputs[2], using: statistics)
  }

  private static let norms: [OperationCase] = [
    OperationCase("groupNorm", [[2, 4, 3, 2], [4], [4]]) {
      groupNorm($0[0], groups: 2, weight: $0[1], bias: $0[2])
    },
    OperationCase("groupNorm of one group, without weights", [[2, 3, 5]]) { groupNorm($0[0], groups: 1) },
    OperationCase("groupNorm whose shift alone learns", [[4]]) {
      groupNorm(fixed([2, 4, 3]), groups: 2, weight: fixed([4]), bias: $0[0])
    },
    OperationCase("instanceNorm", [[2, 3, 3, 3], [3], [3]]) {
      instanceNorm($0[0], weight: $0[1], bias: $0[2])
    },
    OperationCase("batchNorm", [[3, 2, 2, 3], [2], [2]]) { batchNorm($0[0], weight: $0[1], bias: $0[2]) },
    OperationCase("batchNorm of rows, without weights", [[5, 3]]) { batchNorm($0[0]) },
    OperationCase("batchNorm by known statistics", [[2, 3, 2, 2], [3], [3]], frozen),
  ]

  private static let sizes: [OperationCase] = [
    OperationCase("resized, twice as large", [[2, 2, 3, 4]]) { resized($0[0], height: 6, width: 8) },
    OperationCase("resized, smaller and larger", [[1, 2, 5, 3]]) { resized($0[0], height: 3, width: 7) },
    OperationCase("resized from one pixel", [[1, 2, 1, 1]]) { resized($0[0], height: 2, width: 3) },
    OperationCase("resized by nearest pixels", [[1, 2, 3, 4]]) {
      resized($0[0], height: 7, width: 8, mode: .nearest)
    },
    OperationCase("resized to fewer nearest pixels", [[1, 2, 5, 4]]) {
      resized($0[0], height: 2, width: 3, mode: .nearest)
    },
    OperationCase("maxPool2d", [[2, 2, 4, 6]]) { maxPool2d($0[0], size: 2) },
    OperationCase("maxPool2d of windows that overlap", [[1, 2, 5, 4]]) {
      maxPool2d($0[0], size: 3, stride: 2, padding: 1)
    },
    OperationCase("averagePool2d", [[2, 2, 4, 6]]) { averagePool2d($0[0], size: 2) },
    OperationCase("averagePool2d of windows that overlap", [[1, 2, 5, 4]]) {
      averagePool2d($0[0], size: 3, stride: 2, padding: 1)
    },
  ]

  /// Sizes that are divided into several parts.
  static let largeImages: [OperationCase] = [
    OperationCase("groupNorm", [[3, 12, 70, 60], [12], [12]]) {
      groupNorm($0[0], groups: 3, weight: $0[1], bias: $0[2])
    },
    OperationCase("batchNorm", [[3, 12, 70, 60], [12], [12]]) {
      batchNorm($0[0], weight: $0[1], bias: $0[2])
    },
    OperationCase("resized to twice by nearest pixels", [[2, 3, 20, 37]]) {
      resized($0[0], height: 40, width: 74, mode: .nearest)
    },
    OperationCase("resized", [[2, 9, 40, 50]]) { resized($0[0], height: 80, width: 75) },
    OperationCase("pools", [[2, 9, 60, 50]]) { maxPool2d($0[0], size: 2) + averagePool2d($0[0], size: 2) },
    OperationCase("convolution in tiles", [[2, 20, 37, 58], [17, 20, 3, 3], [17]], scale: 0.5) {
      convolution2d($0[0], weight: $0[1], bias: $0[2], padding: 1)
    },
    OperationCase("convolution of few channels", [[2, 3, 41, 58], [5, 3, 3, 3], [5]], scale: 0.5) {
      convolution2d($0[0], weight: $0[1], bias: $0[2], padding: 1)
    },
    OperationCase("convolution in tiles, many channels", [[1, 300, 6, 24], [40, 300, 3, 3]], scale: 0.3) {
      convolution2d($0[0], weight: $0[1], padding: 2)
    },
    OperationCase(
      "convolution in tiles of two pieces", [[3, 20, 26, 13], [23, 20, 3, 3], [23]], scale: 0.5
    ) {
      convolution2d($0[0], weight: $0[1], bias: $0[2], padding: 1)
    },
    OperationCase(
      "convolution in tiles of pieces, padding 2", [[2, 40, 13, 7], [20, 40, 3, 3]], scale: 0.5
    ) {
      convolution2d($0[0], weight: $0[1], padding: 2)
    },
    OperationCase(
      "convolution in tiles of pieces, 8 × 8", [[5, 33, 8, 8], [64, 33, 3, 3], [64]], scale: 0.5
    ) {
      convolution2d($0[0], weight: $0[1], bias: $0[2], padding: 1)
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
