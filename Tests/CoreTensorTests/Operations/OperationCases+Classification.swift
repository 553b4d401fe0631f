import CoreTensor

extension OperationCase {
  /// Losses of classifiers, and branches that some images drop.
  static let classification: [OperationCase] = [
    OperationCase("softmaxCrossEntropy", [[4, 5]]) {
      softmaxCrossEntropy($0[0], classes: [0, 4, 2, 2])
    },
    OperationCase("softmaxCrossEntropy, a class not known", [[3, 2]]) {
      softmaxCrossEntropy($0[0] * 3, classes: [1, nil, 0])
    },
    OperationCase("binaryCrossEntropy", [[2, 3]]) {
      binaryCrossEntropy($0[0], targets: [true, false, true, true, false, false])
    },
    OperationCase("binaryCrossEntropy, targets not known", [[2, 3]]) {
      binaryCrossEntropy($0[0] * 2, targets: [true, nil, nil, nil, false, true])
    },
    OperationCase("dropPath", [[4, 2, 3], [3, 3]]) { inputs in
      dropPath(gelu(inputs[0]), kept: [0, 3], scale: 2.5) {
        $0 + gelu(linear($0, weight: inputs[1], bias: nil))
      }
    },
    OperationCase("dropPath of no image", [[2, 3]]) {
      dropPath($0[0] * 2, kept: [], scale: 4) { relu($0) }
    },
    OperationCase("dropPath of fixed images", [[3, 3], [3]]) { inputs in
      let fixed = fixed([3, 3])
      return inputs[0] + dropPath(fixed, kept: [2, 1], scale: 1.5) { addRowVector($0, inputs[1]) }
    },
    OperationCase("one branch dropped twice", [[3, 4], [4]]) { inputs in
      func branch(_ x: Tensor) -> Tensor { x + gelu(addRowVector(x, inputs[1])) }
      let once = dropPath(inputs[0], kept: [1, 2], scale: 1.25, branch)
      return dropPath(once, kept: [0, 2], scale: 2, branch)
    },
  ]
}
