import CoreTensor

extension BackendTrial {
  /// An operation on inputs of given shapes.
  private struct Operation: Sendable {
    let name: String
    let shapes: [[Int]]
    let function: @Sendable ([Tensor]) -> Tensor
    init(_ name: String, _ shapes: [[Int]], _ function: @escaping @Sendable ([Tensor]) -> Tensor) {
      (self.name, self.shapes, self.function) = (name, shapes, function)
    }
  }

  /// Every operation that the core makes of primitives where a backend has nothing of its own: its result, and the
  /// gradient of each input.
  func operations() throws {
    for operation in Self.models + Self.images + Self.shapesAndSums + Self.losses {
      try compare(operation.name) { backend in
        try Compute.$backend.withValue(backend) {
          var inputs = Inputs(device: backend.device)
          let parameters = operation.shapes.map { Parameter(inputs.normal($0)) }
          let out = operation.function(parameters.map(\.tensor))
          guard out.requiresGradient else { throw Broken("\(operation.name) has no gradient") }
          (out * inputs.normal(out.shape)).sum().backward()
          return [out.detached]
            + parameters.map { $0.gradient ?? .zeros($0.shape, on: backend.device) }
        }
      }
    }
  }

  private static let models: [Operation] = [
    Operation("linear", [[2, 3, 8], [5, 8], [5]]) { linear($0[0], weight: $0[1], bias: $0[2]) },
    Operation("attention", [[2, 5, 24]]) { attention($0[0], heads: 2) },
    Operation("attentionBranch", [[2, 5, 8], [8], [8], [24, 8], [24], [8, 8], [8]]) {
      attentionBranch(
        $0[0], norm: NormWeights(weight: $0[1], bias: $0[2], epsilon: 1e-6),
        projection: DenseWeights(weight: $0[3], bias: $0[4]),
        output: DenseWeights(weight: $0[5], bias: $0[6]), heads: 2)
    },
    Operation("attentionBranch of some tokens", [[2, 5, 8], [8], [8], [24, 8], [24], [8, 8], [8]]) {
      attentionBranch(
        $0[0], of: [[0, 3], [4, 1]], norm: NormWeights(weight: $0[1], bias: $0[2], epsilon: 1e-6),
        projection: DenseWeights(weight: $0[3], bias: $0[4]),
        output: DenseWeights(weight: $0[5], bias: $0[6]), heads: 2)
    },
    Operation("feedForwardBranch", [[2, 5, 8], [8], [8], [16, 8], [16], [8, 16], [8]]) {
      feedForwardBranch(
        $0[0], norm: NormWeights(weight: $0[1], bias: $0[2], epsilon: 1e-6),
        expand: DenseWeights(weight: $0[3], bias: $0[4]),
        contract: DenseWeights(weight: $0[5], bias: $0[6]))
    },
    Operation("layerNorm", [[3, 4, 10], [10], [10]]) {
      layerNorm($0[0], weight: $0[1], bias: $0[2], epsilon: 1e-6)
    },
    Operation("gelu", [[4, 9]]) { gelu($0[0]) }, Operation("relu", [[4, 9]]) { relu($0[0]) },
    Operation("silu", [[4, 9]]) { silu($0[0]) },
    Operation("dropPath", [[4, 6]]) { x in dropPath(x[0], kept: [1, 3], scale: 2) { gelu($0) } },
    Operation("extractPatches", [[2, 3, 8, 8]]) {
      extractPatches($0[0], patches: [[3, 0], [1, 2]], patchSize: 4)
    },
  ]

  private static let images: [Operation] = [
    Operation("convolution2d", [[2, 4, 9, 11], [6, 4, 3, 3], [6]]) {
      convolution2d($0[0], weight: $0[1], bias: $0[2], padding: 1)
    },
    Operation("convolution2d, strided, in groups", [[2, 4, 9, 11], [6, 2, 3, 3]]) {
      convolution2d($0[0], weight: $0[1], stride: 2, groups: 2)
    },
    Operation("transposedConvolution2d", [[2, 4, 5, 6], [4, 3, 2, 2], [3]]) {
      transposedConvolution2d($0[0], weight: $0[1], bias: $0[2], stride: 2)
    },
    Operation("groupNorm", [[2, 6, 5, 4], [6], [6]]) {
      groupNorm($0[0], groups: 3, weight: $0[1], bias: $0[2])
    },
    Operation("batchNorm", [[3, 4, 5, 4], [4], [4]]) { batchNorm($0[0], weight: $0[1], bias: $0[2]) },
    Operation("maxPool2d", [[2, 3, 8, 6]]) { maxPool2d($0[0], size: 2) },
    Operation("averagePool2d", [[2, 3, 8, 6]]) { averagePool2d($0[0], size: 2) },
    Operation("resized, bilinear", [[2, 3, 5, 6]]) { resized($0[0], height: 10, width: 7) },
    Operation("resized, nearest", [[2, 3, 5, 6]]) {
      resized($0[0], height: 10, width: 7, mode: .nearest)
    },
  ]

  private static let shapesAndSums: [Operation] = [
    Operation("broadcast sum and product", [[2, 3, 4], [3, 1]]) { $0[0] * $0[1] + $0[0] },
    Operation("quotient", [[3, 4], [4]]) { $0[0] / (square($0[1]) + 1) },
    Operation("softmax", [[3, 7]]) { softmax($0[0]) },
    Operation("logSoftmax", [[3, 7]]) { logSoftmax($0[0], axis: 0) },
    Operation("variance", [[6, 3]]) { $0[0].variance(over: [0]) },
    Operation("maximum over axes", [[4, 5]]) { $0[0].maximum(over: [1]) },
    Operation("matmul", [[2, 3, 4], [2, 4, 5]]) { matmul($0[0], $0[1]) },
    Operation("permuted and sliced", [[2, 3, 4]]) { slice($0[0].permuted([2, 0, 1]), [1..<3]) },
    Operation("concatenated and padded", [[2, 3], [2, 4]]) {
      padded(concatenate([$0[0], $0[1]], axis: 1), [(before: 1, after: 0)])
    },
    Operation("gather and scatterAdd", [[4, 3]]) {
      scatterAdd(gather($0[0], axis: 0, indices: [3, 1, 1]), axis: 0, indices: [0, 2, 2], size: 3)
    },
    Operation("gatherTokens and meanTokens", [[2, 4, 3]]) {
      meanTokens(gatherTokens($0[0], [[0, 0, 3], [2, 1, 1]]))
    },
  ]

  private static let losses: [Operation] = [
    Operation("meanSquaredError", [[3, 4], [3, 4]]) { meanSquaredError($0[0], $0[1]) },
    Operation("softmaxCrossEntropy", [[3, 4]]) { softmaxCrossEntropy($0[0], classes: [2, nil, 0]) },
    Operation("binaryCrossEntropy", [[2, 2]]) {
      binaryCrossEntropy($0[0], targets: [true, nil, false, true])
    },
  ]
}
