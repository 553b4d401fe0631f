import CoreTensor
import TestSupport
import Testing

/// One operation on inputs of given shapes; its gradients are those of the inputs.
struct OperationCase: Sendable, CustomTestStringConvertible {
  let name: String
  let shapes: [[Int]]
  /// Size of the inputs' values.
  let scale: Float
  let function: @Sendable ([Tensor]) -> Tensor

  init(
    _ name: String, _ shapes: [[Int]], scale: Float = 1, _ function: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    self.name = name
    self.shapes = shapes
    self.scale = scale
    self.function = function
  }

  var testDescription: String { name }

  var inputs: [Tensor] {
    var random = RandomTensors(name)
    return shapes.map { random.normal($0, scale: scale, gap: 0.05) }
  }

  /// The output, and the gradient of each input for a fixed random gradient of the output.
  func results() -> [Tensor] {
    let parameters = inputs.map { Parameter($0) }
    let output = function(parameters.map(\.tensor))
    guard output.requiresGradient else { return [output] }
    var random = RandomTensors("outputGradient")
    let weights = random.normal([1, output.count])
    linear(reshape(output, [1, output.count]), weight: weights, bias: nil).backward()
    return [output.detached] + parameters.compactMap(\.gradient)
  }

  /// Fixed values that no gradient flows to.
  static func fixed(_ shape: [Int]) -> Tensor {
    var random = RandomTensors("fixed")
    return random.normal(shape)
  }
}

extension OperationCase {
  static let small: [OperationCase] =
    products + elementwise + classification + tokens + branches + shared
    + general + images

  private static let products: [OperationCase] = [
    OperationCase("linear with bias", [[2, 3, 5], [4, 5], [4]]) { linear($0[0], weight: $0[1], bias: $0[2]) },
    OperationCase("linear without bias", [[3, 5], [4, 5]]) { linear($0[0], weight: $0[1], bias: nil) },
    OperationCase("linear with a convolution's weight", [[2, 12], [5, 3, 2, 2], [5]]) {
      linear($0[0], weight: $0[1], bias: $0[2])
    },
    OperationCase("linear on one value", [[1, 1], [1, 1], [1]]) { linear($0[0], weight: $0[1], bias: $0[2]) },
    OperationCase("attention, two heads", [[2, 5, 18]]) { CoreTensor.attention($0[0], heads: 2) },
    OperationCase("attention, one head", [[1, 4, 9]]) { CoreTensor.attention($0[0], heads: 1) },
    OperationCase("attention, heads of width 1", [[1, 3, 9]]) { CoreTensor.attention($0[0], heads: 3) },
  ]

  private static let elementwise: [OperationCase] = [
    OperationCase("gelu", [[3, 7]]) { gelu($0[0]) },
    OperationCase("relu", [[3, 7]]) { relu($0[0]) },
    OperationCase("add", [[2, 3], [2, 3]]) { $0[0] + $0[1] },
    OperationCase("scale", [[2, 3]]) { $0[0] * -1.5 },
    OperationCase("addRowVector", [[2, 3, 4], [4]]) { addRowVector($0[0], $0[1]) },
    OperationCase("meanSquaredError", [[2, 3, 4]]) { meanSquaredError($0[0], fixed([2, 3, 4])) },
    OperationCase("meanSquaredError with a target that learns", [[2, 3, 4], [2, 3, 4]]) {
      meanSquaredError($0[0], gelu($0[1]))
    },
    OperationCase("meanSquaredError with a fixed prediction", [[2, 3]]) {
      meanSquaredError(fixed([2, 3]), $0[0])
    },
    OperationCase("layerNorm whose shift alone learns", [[6]]) {
      layerNorm(fixed([3, 6]), weight: fixed([6]), bias: $0[0], epsilon: 1e-6)
    },
    OperationCase("layerNorm with weights", [[2, 3, 6], [6], [6]]) {
      layerNorm($0[0], weight: $0[1], bias: $0[2], epsilon: 1e-6)
    },
    OperationCase("layerNorm without weights", [[4, 7]]) {
      layerNorm($0[0], weight: nil, bias: nil, epsilon: 1e-5)
    },
  ]

  private static let tokens: [OperationCase] = [
    OperationCase("gatherTokens", [[2, 5, 3]]) { gatherTokens($0[0], [[4, 0, 2], [1, 3, 0]]) },
    OperationCase("gatherTokens, tokens taken twice", [[2, 5, 3]]) {
      gatherTokens($0[0], [[4, 0, 4, 4], [1, 3, 1, 0]])
    },
    OperationCase("repeatRows", [[3, 4]]) { repeatRows($0[0], 5) },
    OperationCase("repeatRows, once", [[2, 3]]) { repeatRows(gelu($0[0]), 1) },
    OperationCase("repeated rows used elsewhere", [[2, 3]]) {
      let x = gelu($0[0])
      return reshape(repeatRows(x, 2), [4, 3]) + concatenate([x, x])
    },
    OperationCase("extractPatches", [[2, 2, 6, 6]]) {
      extractPatches(gelu($0[0]), patches: [[0, 8, 4], [5, 1, 2]], patchSize: 2)
    },
    OperationCase("extractPatches, a patch taken twice", [[1, 3, 4, 4]]) {
      extractPatches($0[0], patches: [[3, 3, 1]], patchSize: 2)
    },
    OperationCase("concatenateTokens", [[2, 3, 4], [2, 1, 4]]) { concatenateTokens($0[0], $0[1]) },
    OperationCase("concatenateFeatures", [[2, 3, 4], [2, 3, 2]]) { concatenateFeatures($0[0], $0[1]) },
    OperationCase("concatenateFeatures, one side fixed", [[3, 4]]) {
      concatenateFeatures($0[0], fixed([3, 2]))
    },
    OperationCase("stack", [[2, 3, 2], [1, 3, 2], [3, 3, 2]]) { concatenate([$0[0], $0[1], $0[2]]) },
    OperationCase("stack of one", [[2, 3]]) { concatenate([$0[0]]) },
    OperationCase("meanTokens", [[3, 5, 4]]) { meanTokens($0[0]) },
    OperationCase("meanTokens of one token", [[2, 1, 3]]) { meanTokens($0[0]) },
    OperationCase("items", [[4, 2, 3]]) { slice($0[0], 1..<3) },
    OperationCase("reshape", [[4, 6]]) { reshape($0[0], [2, 3, 4]) },
  ]

  /// Norm, projection and output of a branch over width 6, in the order that `attention` below takes them.
  private static let attentionShapes = [[2, 5, 6], [6], [6], [18, 6], [18], [6, 6], [6]]
  static func attention(_ inputs: [Tensor], of tokens: [[Int]]? = nil, heads: Int = 2) -> Tensor {
    let norm = NormWeights(weight: inputs[1], bias: inputs[2], epsilon: 1e-6)
    let (projection, output) = (
      DenseWeights(weight: inputs[3], bias: inputs[4]), DenseWeights(weight: inputs[5], bias: inputs[6])
    )
    guard let tokens else {
      return attentionBranch(inputs[0], norm: norm, projection: projection, output: output, heads: heads)
    }
    return attentionBranch(
      inputs[0], of: tokens, norm: norm, projection: projection, output: output, heads: heads)
  }
  static func feedForward(_ inputs: [Tensor]) -> Tensor {
    feedForwardBranch(
      inputs[0], norm: NormWeights(weight: inputs[1], bias: inputs[2], epsilon: 1e-6),
      expand: DenseWeights(weight: inputs[3], bias: inputs[4]),
      contract: DenseWeights(weight: inputs[5], bias: inputs[6]))
  }

  private static let branches: [OperationCase] = [
    OperationCase("feedForwardBranch", [[2, 3, 6], [6], [6], [10, 6], [10], [6, 10], [6]], feedForward),
    OperationCase("attentionBranch", attentionShapes, scale: 0.4) { attention($0) },
    OperationCase("attentionBranch of some tokens", attentionShapes, scale: 0.4) {
      attention($0, of: [[4, 1], [0, 2]])
    },
    OperationCase("attentionBranch of tokens taken twice", attentionShapes, scale: 0.4) {
      attention($0, of: [[4, 1, 4], [2, 2, 2]])
    },
    OperationCase("feedForwardBranch whose norm's shift alone learns", [[2, 3, 6], [6]]) {
      feedForward([$0[0], fixed([6]), $0[1], fixed([10, 6]), fixed([10]), fixed([6, 10]), fixed([6])])
    },
    OperationCase("attentionBranch without biases", [[1, 4, 6], [6], [6], [18, 6], [6, 6]], scale: 0.4) {
      attentionBranch(
        $0[0], norm: NormWeights(weight: $0[1], bias: $0[2], epsilon: 1e-6),
        projection: DenseWeights(weight: $0[3], bias: nil), output: DenseWeights(weight: $0[4], bias: nil),
        heads: 3)
    },
    OperationCase("a branch computed again", [[2, 3, 6], [6], [6], [10, 6], [10], [6, 10], [6]]) { inputs in
      recomputed(gelu(inputs[0])) { x in feedForward([x] + inputs.dropFirst()) }
    },
    OperationCase("one weight in two branches", attentionShapes, scale: 0.4) {
      attention([attention($0)] + $0.dropFirst(), of: [[1, 2, 3], [0, 1, 4]])
    },
  ]

  /// Tensors used more than once, and shared memory: gradients must add up.
  private static let shared: [OperationCase] = [
    OperationCase("a tensor plus itself", [[2, 3]]) { $0[0] + $0[0] },
    OperationCase("one weight for two layers", [[3, 4], [4, 4], [4]]) {
      linear(gelu(linear($0[0], weight: $0[1], bias: $0[2])), weight: $0[1], bias: $0[2])
    },
    OperationCase("attention twice on the same projection", [[1, 4, 12]]) {
      let x = gelu($0[0])
      return CoreTensor.attention(x, heads: 2) + CoreTensor.attention(x, heads: 1)
    },
    OperationCase("overlapping items", [[4, 3]]) {
      let x = $0[0] * 2
      return slice(x, 0..<3) + slice(x, 1..<4)
    },
    OperationCase("tokens gathered twice", [[1, 4, 3]]) {
      let x = gelu($0[0])
      return gatherTokens(x, [[0, 1]]) + gatherTokens(x, [[1, 3]]) + gatherTokens(x, [[2, 3]])
    },
    OperationCase("residual branches", [[2, 3, 6], [6], [6]]) {
      let x = $0[0] + layerNorm($0[0], weight: $0[1], bias: $0[2], epsilon: 1e-6)
      return x + reshape(gelu(reshape(x, [6, 6])), [2, 3, 6])
    },
    OperationCase("a stack's parts used elsewhere", [[2, 3], [2, 3]]) {
      let (a, b) = ($0[0] * 2, relu($0[1]))
      return concatenate([a, b, a]) + concatenate([b, b, a + b])
    },
    OperationCase("a difference of two branches", [[2, 4]]) {
      let up = $0[0] * 3
      return meanSquaredError(up + gelu($0[0]) * -1, fixed([2, 4])) + meanSquaredError(up, fixed([2, 4]))
    },
  ]

  /// Sizes that are divided into several chunks: more than 64 × 16 rows, 2¹⁵ values, or 2¹⁸ products.
  static let large: [OperationCase] =
    largeGeneral + [
      OperationCase("linear, many rows", [[1100, 40], [33, 40], [33]]) {
        linear($0[0], weight: $0[1], bias: $0[2])
      },
      OperationCase("linear, many outputs", [[37, 65], [301, 65], [301]]) {
        linear($0[0], weight: $0[1], bias: $0[2])
      },
      OperationCase("attention", [[3, 67, 96]]) { CoreTensor.attention($0[0], heads: 4) },
      OperationCase(
        "feedForwardBranch", [[5, 67, 48], [48], [48], [80, 48], [80], [48, 80], [48]], scale: 0.3,
        feedForward),
      OperationCase(
        "attentionBranch", [[4, 67, 48], [48], [48], [144, 48], [144], [48, 48], [48]], scale: 0.2
      ) {
        attention($0, heads: 3)
      },
      OperationCase(
        "attentionBranch of some tokens", [[4, 67, 48], [48], [48], [144, 48], [144], [48, 48], [48]],
        scale: 0.2
      ) {
        attention($0, of: (0..<4).map { first in (0..<31).map { first + 2 * $0 } }, heads: 3)
      },
      OperationCase("gelu", [[1100, 61]]) { gelu($0[0]) },
      OperationCase("relu", [[1100, 61]]) { relu($0[0]) },
      OperationCase("add and scale", [[1100, 61], [1100, 61]]) { $0[0] + $0[1] * 0.3 },
      OperationCase("addRowVector", [[1100, 61], [61]]) { addRowVector($0[0], $0[1]) },
      OperationCase("meanSquaredError", [[1100, 61]]) { meanSquaredError($0[0], fixed([1100, 61])) },
      OperationCase("layerNorm with weights", [[1100, 61], [61], [61]]) {
        layerNorm($0[0], weight: $0[1], bias: $0[2], epsilon: 1e-6)
      },
      OperationCase("layerNorm without weights", [[1100, 61]]) {
        layerNorm($0[0], weight: nil, bias: nil, epsilon: 1e-5)
      },
      OperationCase("tokens gathered and joined", [[2, 600, 64], [2, 300, 64]]) {
        let even = Array(stride(from: 598, through: 0, by: -2))
        let gathered = gatherTokens($0[0], [even, even.map { $0 + 1 }])
        return concatenateFeatures(concatenateTokens(gathered, $0[1]), $0[0])
      },
      OperationCase("stacked and cut", [[700, 64], [600, 64]]) {
        slice(concatenate([$0[0], $0[1]]), 100..<1250)
      },
      OperationCase("meanTokens", [[20, 49, 192]]) { meanTokens($0[0]) },
      OperationCase("repeatRows", [[40, 40]]) { repeatRows($0[0], 30) },
      OperationCase("extractPatches", [[3, 3, 64, 64]]) {
        extractPatches($0[0], patches: [[0, 63, 9, 17], [62, 1, 8, 20], [5, 4, 3, 2]], patchSize: 8)
      },
    ]
}
