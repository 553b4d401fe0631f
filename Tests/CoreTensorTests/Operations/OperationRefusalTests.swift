import CoreTensor
import Testing

/// Shapes that do not fit end the process with a sentence that names them.
@Suite struct OperationRefusalTests {
  static let refused: [(sentence: String, operation: @Sendable () -> Tensor)] = [
    ("subtract: shapes [2, 3] and [2]", { Tensor.zeros([2, 3]) - Tensor.zeros([2]) }),
    ("add: shapes [2, 3] and [4, 1, 2]", { Tensor.zeros([2, 3]) + Tensor.zeros([4, 1, 2]) }),
    ("select: condition [4], values [3] and [1]", { select(.zeros([4]), .zeros([3]), .zeros([1])) }),
    ("sum: axes [2] of input [2, 3]", { Tensor.zeros([2, 3]).sum(over: [2]) }),
    ("sum: axes [0, -2] of input [2, 3]", { Tensor.zeros([2, 3]).sum(over: [0, -2]) }),
    ("variance: 1 values for each result, correction 1", { Tensor.zeros([1, 3]).variance(over: [0]) }),
    ("matmul: shapes [2, 3] and [2, 3]", { matmul(.zeros([2, 3]), .zeros([2, 3])) }),
    ("matmul: shapes [2, 2, 3] and [4, 3, 5]", { matmul(.zeros([2, 2, 3]), .zeros([4, 3, 5])) }),
    ("permuted: axes [0, 0] of input [2, 3]", { Tensor.zeros([2, 3]).permuted([0, 0]) }),
    ("expanded: [2, 3] to [2, 4]", { expanded(.zeros([2, 3]), to: [2, 4]) }),
    ("slice: ranges", { slice(.zeros([2, 3]), [0..<3]) }),
    (
      "concatenate: shapes [[2, 3], [3, 3]] along axis 1",
      { concatenate([.zeros([2, 3]), .zeros([3, 3])], axis: 1) }
    ),
    ("stacked: shapes [[2], [3]]", { stacked([.zeros([2]), .zeros([3])]) }),
    ("gather: an index is outside axis 1 of [2, 3]", { gather(.zeros([2, 3]), axis: 1, indices: [3]) }),
    ("scatterAdd: 1 indices for axis 0", { scatterAdd(.zeros([2, 3]), axis: 0, indices: [0], size: 4) }),
    (
      "convolution2d: input [1, 3, 4, 4], weight [2, 2, 3, 3]",
      { convolution2d(.zeros([1, 3, 4, 4]), weight: .zeros([2, 2, 3, 3])) }
    ),
    (
      "convolution2d: a window of weight [1, 1, 3, 3] is larger than input [1, 1, 2, 2]",
      { convolution2d(.zeros([1, 1, 2, 2]), weight: .zeros([1, 1, 3, 3])) }
    ),
    (
      "transposedConvolution2d: input [1, 3, 4, 4]",
      { transposedConvolution2d(.zeros([1, 3, 4, 4]), weight: .zeros([2, 2, 3, 3])) }
    ),
    ("groupNorm: input [2, 3, 4] in 2 groups", { groupNorm(.zeros([2, 3, 4]), groups: 2) }),
    ("batchNorm: input [1, 3] has 1 values a channel", { batchNorm(.zeros([1, 3])) }),
    ("resized: input [2, 3, 4] to 2 × 2", { resized(.zeros([2, 3, 4]), height: 2, width: 2) }),
    (
      "maxPool2d: input [1, 1, 4, 4], size 2, stride 2, padding 2",
      { maxPool2d(.zeros([1, 1, 4, 4]), size: 2, padding: 2) }
    ),
  ]

  @Test(arguments: refused.indices)
  func aShapeThatDoesNotFitIsNamed(index: Int) async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [index] in
      _ = OperationRefusalTests.refused[index].operation()
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains(Self.refused[index].sentence), "\(said)")
  }
}
