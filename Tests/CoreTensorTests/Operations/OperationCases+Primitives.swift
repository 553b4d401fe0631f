import CoreTensor

/// Operations on any shapes, which are made of primitives.
extension OperationCase {
  static let general = arithmetic + functions + reductions + matrices + shapes + slices

  private static let arithmetic: [OperationCase] = [
    OperationCase("add, repeated", [[2, 1, 3], [4, 1]]) { $0[0] + $0[1] },
    OperationCase("add a number", [[2, 3]]) { 2 + ($0[0] + 0.5) },
    OperationCase("subtract", [[2, 3], [2, 3]]) { $0[0] - $0[1] },
    OperationCase("subtract, repeated", [[3], [2, 4, 1]]) { $0[0] - $0[1] },
    OperationCase("subtract a number, and from one", [[2, 3]]) { 1 - ($0[0] - 0.25) },
    OperationCase("multiply", [[2, 3], [2, 3]]) { $0[0] * $0[1] },
    OperationCase("multiply by itself", [[2, 3]]) { $0[0] * $0[0] },
    OperationCase("multiply, repeated", [[2, 3, 4], [3, 1]]) { $0[0] * $0[1] },
    OperationCase("multiply by one value", [[2, 3], [1]]) { 2 * ($0[0] * $0[1]) },
    OperationCase("divide", [[2, 3], [2, 3]]) { $0[0] / ($0[1] * $0[1] + 1) },
    OperationCase("divide, repeated", [[4], [2, 1]]) { $0[0] / ($0[1] * $0[1] + 1) },
    OperationCase("divide by a number, and one by", [[2, 3]]) { 2 / ($0[0] * $0[0] / 3 + 1) },
    OperationCase("negate", [[2, 3]]) { -$0[0] },
    OperationCase("power of two tensors", [[2, 3], [3]]) { power(exp($0[0] * 0.3), $0[1]) },
    OperationCase("power, a number", [[2, 3]]) { power(exp($0[0] * 0.3), 2.5) },
    OperationCase("power, cubes of any sign", [[2, 3]]) { power($0[0], 3) },
    OperationCase("maximum and minimum", [[2, 3], [3]]) { maximum($0[0], $0[1]) - minimum($0[1], $0[0] * 2) },
    OperationCase("maximum and minimum with a number", [[3, 5]]) { minimum(maximum($0[0], 0), 0.7) },
    OperationCase("select", [[2, 3], [2, 1]]) { select(greater(fixed([3]), fixed([2, 1])), $0[0], $0[1]) },
    OperationCase("select with one side fixed", [[2, 3]]) {
      select(greaterOrEqual($0[0], fixed([2, 3])), fixed([1]), $0[0])
    },
  ]

  private static let functions: [OperationCase] = [
    OperationCase("exp", [[3, 7]]) { exp($0[0]) },
    OperationCase("log", [[3, 7]]) { log($0[0] * $0[0] + 0.5) },
    OperationCase("sqrt", [[3, 7]]) { sqrt($0[0] * $0[0] + 0.5) },
    OperationCase("reciprocalSquareRoot", [[3, 7]]) { reciprocalSquareRoot($0[0] * $0[0] + 0.5) },
    OperationCase("square", [[3, 7]]) { square($0[0]) },
    OperationCase("abs", [[3, 7]]) { abs($0[0]) },
    OperationCase("sigmoid", [[3, 7]]) { sigmoid($0[0]) },
    OperationCase("tanh", [[3, 7]]) { tanh($0[0]) },
    OperationCase("silu", [[3, 7]]) { silu($0[0]) },
    OperationCase("sin and cos", [[3, 7]]) { sin($0[0]) + cos($0[0] * 2) },
  ]

  private static let reductions: [OperationCase] = [
    OperationCase("sum of all", [[2, 3, 4]]) { $0[0].sum() },
    OperationCase("sum over the middle", [[2, 3, 4]]) { $0[0].sum(over: [1]) },
    OperationCase("sum over two axes that stay", [[2, 3, 4]]) {
      $0[0].sum(over: [0, -1], keepingDimensions: true)
    },
    OperationCase("mean", [[2, 3, 4]]) { $0[0].mean(over: [-1]) * $0[0].mean(over: [0, 2]).mean() },
    OperationCase("maximum over an axis", [[3, 5]]) { $0[0].maximum(over: [1]) },
    OperationCase("maximum over the first axis", [[4, 3]]) {
      $0[0].maximum(over: [0], keepingDimensions: true)
    },
    OperationCase("variance", [[4, 5]]) { $0[0].variance(over: [0]) },
    OperationCase("variance without correction", [[2, 3, 2]]) {
      $0[0].variance(over: [1, 2], keepingDimensions: true, correction: 0)
    },
    OperationCase("softmax", [[3, 7]]) { softmax($0[0]) },
    OperationCase("softmax over the first axis", [[4, 3]]) { softmax($0[0], axis: 0) },
    OperationCase("softmax over the middle", [[2, 5, 3]]) { softmax($0[0], axis: -2) },
    OperationCase("logSoftmax", [[3, 7]]) { logSoftmax($0[0]) },
    OperationCase("logSoftmax over the middle", [[2, 5, 3]]) { logSoftmax($0[0], axis: 1) },
    OperationCase("normalized", [[3, 7]]) { normalized($0[0]) },
    OperationCase("normalized along the first axis", [[3, 4]]) { normalized($0[0], axis: 0) },
    OperationCase("cosineSimilarity", [[3, 5], [3, 5]]) { cosineSimilarity($0[0], $0[1]) },
  ]

  private static let matrices: [OperationCase] = [
    OperationCase("matmul", [[3, 5], [5, 4]]) { matmul($0[0], $0[1]) },
    OperationCase("matmul, the first transposed", [[5, 3], [5, 4]]) {
      matmul($0[0], $0[1], transposingA: true)
    },
    OperationCase("matmul, the second transposed", [[3, 5], [4, 5]]) {
      matmul($0[0], $0[1], transposingB: true)
    },
    OperationCase("matmul, both transposed", [[2, 5, 3], [2, 4, 5]]) {
      matmul($0[0], $0[1], transposingA: true, transposingB: true)
    },
    OperationCase("matmul of many", [[2, 3, 4, 5], [2, 3, 5, 2]]) { matmul($0[0], $0[1]) },
    OperationCase("matmul, one right matrix for all", [[2, 3, 5], [5, 4]]) { matmul($0[0], $0[1]) },
    OperationCase("matmul, one left matrix for all", [[4, 5], [3, 5, 2]]) { matmul($0[0], $0[1]) },
    OperationCase("matmul, leading axes repeated", [[2, 1, 3, 4], [5, 4, 2]]) { matmul($0[0], $0[1]) },
    OperationCase("matmul with itself", [[4, 3]]) { matmul($0[0], $0[0], transposingB: true) },
    OperationCase("attention of matmuls", [[2, 4, 3], [2, 4, 3], [2, 4, 3]], scale: 0.7) {
      matmul(softmax(matmul($0[0], $0[1], transposingB: true) * 0.577), $0[2])
    },
  ]

  private static let shapes: [OperationCase] = [
    OperationCase("permuted", [[2, 3, 4]]) { $0[0].permuted([2, 0, 1]) },
    OperationCase("permuted back and forth", [[2, 3, 4, 5]]) {
      $0[0].permuted([0, 2, 1, 3]).permuted([0, -1, 1, 2])
    },
    OperationCase("transposed", [[2, 3, 4]]) { $0[0].transposed() },
    OperationCase("transposed, axes far apart", [[2, 3, 4]]) { $0[0].transposed(0, -1) },
    OperationCase("expanded", [[3, 1]]) { expanded($0[0], to: [2, 3, 4]) },
    OperationCase("slice", [[4, 3, 5]]) { slice($0[0], [1..<3, nil, 2..<5]) },
    OperationCase("slices that overlap", [[4, 3]]) {
      let x = $0[0] * 2
      return slice(x, [0..<3]) * slice(x, [1..<4])
    },
    OperationCase("padded", [[2, 3]]) {
      padded($0[0], [(before: 1, after: 0), (before: 2, after: 3)], value: 0.5)
    },
    OperationCase("concatenate, the last axis", [[2, 3], [2, 1], [2, 4]]) {
      concatenate([$0[0], $0[1], $0[2]], axis: -1)
    },
    OperationCase("concatenate, the middle, one of them twice", [[2, 3, 2], [2, 1, 2]]) {
      concatenate([$0[0], $0[1], $0[0]], axis: 1)
    },
    OperationCase("stacked", [[2, 3], [2, 3]]) { stacked([$0[0], $0[1], $0[0]], axis: 1) },
    OperationCase("stacked at the end", [[2, 3], [2, 3]]) { stacked([$0[0], $0[1]], axis: -1) },
  ]

  private static let slices: [OperationCase] = [
    OperationCase("gather", [[3, 4]]) { gather($0[0], axis: 0, indices: [2, 0, 2, 2]) },
    OperationCase("gather along the last axis", [[3, 4]]) { gather($0[0], axis: -1, indices: [3, 1]) },
    OperationCase("gather along the middle", [[2, 4, 3]]) { gather($0[0], axis: 1, indices: [0, 3, 3]) },
    OperationCase("scatterAdd", [[4, 3]]) { scatterAdd($0[0], axis: 0, indices: [1, 5, 1, 0], size: 6) },
    OperationCase("scatterAdd along the last axis", [[2, 3]]) {
      scatterAdd($0[0], axis: 1, indices: [2, 0, 2], size: 4)
    },
  ]

  /// Sizes that are divided into several chunks.
  static let largeGeneral: [OperationCase] = [
    OperationCase("arithmetic", [[1100, 61], [61], [1100, 1]]) {
      ($0[0] - $0[1]) * $0[2] / (square($0[1]) + 1)
    },
    OperationCase("functions", [[1100, 61]]) { exp($0[0]) + sigmoid($0[0]) * tanh($0[0]) - silu($0[0]) },
    OperationCase("means over each axis", [[40, 50, 60]]) {
      $0[0] * $0[0].mean(over: [1], keepingDimensions: true)
        * $0[0].mean(over: [0, 2], keepingDimensions: true)
    },
    OperationCase("variances", [[600, 150]]) { $0[0].variance(over: [0]) },
    OperationCase("softmax", [[900, 70]]) { softmax($0[0]) + logSoftmax($0[0], axis: 0) },
    OperationCase("matmul of many", [[20, 70, 33], [20, 33, 40]]) { matmul($0[0], $0[1]) },
    OperationCase("permuted and cut", [[30, 40, 50]]) {
      slice($0[0].permuted([2, 0, 1]), [3..<49, 1..<30]).transposed()
    },
    OperationCase("joined and padded", [[30, 40, 30], [30, 7, 30]]) {
      padded(concatenate([$0[0], $0[1]], axis: 1), [(before: 1, after: 2), (before: 0, after: 3)])
    },
    OperationCase("gathered and scattered", [[20, 60, 30]]) {
      let order = (0..<90).map { $0 * 7 % 60 }
      return scatterAdd(gather($0[0], axis: 1, indices: order), axis: 1, indices: order, size: 60)
    },
  ]
}
