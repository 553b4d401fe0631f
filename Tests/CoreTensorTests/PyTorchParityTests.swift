import CoreTensor
import TestSupport
import Testing

/// Operations on small numbers, beside what PyTorch 2.13 gives for them.
@Suite struct PyTorchParityTests {
  /// Results of PyTorch by name: shape and values.
  static let expected: [String: (shape: [Int], values: [Float])] = [
    "convolution": ([1, 2, 2, 2], [-3.0625, -1.5, -3.6875, -0.3125, 1.0, 0.125, 0.75, 1.0]),
    "transposedConvolution": (
      [1, 1, 4, 4],
      [
        -2.25, -2.1875, -0.6875, -0.5625, -1.0625, -2.6875, -1.0, -0.625, -1.875, -2.75, -0.3125, -0.9375,
        -0.875, -2.3125, -2.1875, -0.625,
      ]
    ),
    "groupNorm": (
      [1, 4, 2, 2],
      [
        0.7812704, -1.9270902, -0.3794556, -3.0878162, -0.1160726, 0.5029812, -0.580363, 0.0386909, 0.9525846,
        1.4898512, 1.1828417, 0.8758322, 0.4023952, -0.8256428, 1.3234237, 0.0953857,
      ]
    ),
    "batchNorm": (
      [3, 2, 2],
      [
        0.3581555, -2.4561167, 0.3152942, -0.7033485, -2.0540776, -0.4459222, -0.5578282, 0.0242534,
        -0.0438833, -2.8581555, 0.1697738, 0.7518554,
      ]
    ),
    "runningMean": ([2], [-0.5875, 0.2291667]),
    "runningVariance": ([2], [1.6474999, 0.9885417]),
    "batchNormEvaluated": (
      [3, 2, 2],
      [
        -0.6048185, -2.3090715, 0.3666884, -0.5133637, -2.0656066, -1.0917479, -0.387642, 0.1152449,
        -0.8482832, -2.552536, 0.2409666, 0.7438535,
      ]
    ),
    "bilinear": (
      [1, 1, 5, 3],
      [
        -1.25, -0.375, 0.5, -0.9499999, -0.075, 0.8, -0.5, 0.375, 1.25, -0.0499999, -1e-07, 0.0499997, 0.25,
        -0.25, -0.75,
      ]
    ),
    "nearest": (
      [1, 1, 5, 3],
      [-1.25, -1.25, 0.5, -1.25, -1.25, 0.5, -0.5, -0.5, 1.25, -0.5, -0.5, 1.25, 0.25, 0.25, -0.75]
    ),
    "bilinearSmaller": ([1, 1, 2, 3], [-0.4375, 0.0625, 0.5625001, -0.1875, 0.3125, -0.3333335]),
    "maxPool": ([1, 1, 2, 2], [0.5, 1.25, 0.75, 1.25]),
    "averagePool": ([1, 1, 2, 2], [-0.1388889, 0.1666667, -0.0833333, 0.0555556]),
    "softmax": ([2, 3], [0.1127192, 0.6486542, 0.2386266, 0.6652409, 0.2447285, 0.0900306]),
    "logSoftmax": ([2, 3], [-2.5788898, -0.5759394, -0.5759394, -0.0788897, -0.8259394, -0.8259394]),
    "normalized": ([2, 3], [-0.8703883, 0.3481553, -0.3481553, 0.8451542, 0.1690308, -0.5070925]),
    "cosineSimilarity": ([2], [0.6038595, 0.5590654]),
    "variance": ([3], [3.125, 0.03125, 0.03125]),
    "silu": ([2, 3], [-0.2783752, 0.3112297, -0.1887703, 0.9716249, 0.1405441, -0.240616]),
    "power": ([2, 3], [7.59375, 2.755676, 2.755676, 7.59375, 1.7469281, 4.0513067]),
    "convolutionInputGradient": (
      [1, 1, 4, 4],
      [
        -1.4375, 0.125, -0.5, -0.125, 0.4375, -0.5625, 1.0, -0.625, 0.4375, -1.375, 1.375, 0.25, 0.1875,
        -0.625, 0.1875, 0.8125,
      ]
    ),
    "convolutionWeightGradient": (
      [1, 1, 3, 3], [-0.75, 1.0625, -0.1875, 0.5, 1.3125, -2.3125, -0.125, 0.5625, 1.0625]
    ),
    "convolutionBiasGradient": ([2], [-0.5, 0.5]),
    "maxPoolGradient": (
      [1, 1, 4, 4], [0.0, -1.25, 0.0, -0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.25, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    ),
  ]

  /// Number i is ((i · step) mod modulus - modulus / 2) / 4, which float32 holds exactly.
  private func numbers(_ shape: [Int], _ step: Int = 7, _ modulus: Int = 11) -> Tensor {
    let values = (0..<shape.reduce(1, *)).map { Float($0 * step % modulus - modulus / 2) / 4 }
    return Tensor(values, shape: shape)
  }

  private func compare(_ name: String, _ actual: Tensor) {
    guard let expected = Self.expected[name] else {
      Issue.record("no figures of \(name)")
      return
    }
    let difference = relativeDifference(actual, Tensor(expected.values, shape: expected.shape))
    #expect(difference < 1e-6, "\(name): \(actual.shape), \(difference)")
  }

  @Test func convolutions() {
    let (x, weight, bias) = (
      Parameter(numbers([1, 2, 4, 4])), Parameter(numbers([2, 2, 3, 3], 5, 7)), Parameter(numbers([2]))
    )
    let out = convolution2d(x.tensor, weight: weight.tensor, bias: bias.tensor, stride: 2, padding: 1)
    compare("convolution", out)
    (out * numbers([1, 2, 2, 2], 3)).sum().backward()
    compare("convolutionInputGradient", slice(x.gradient!, [nil, 0..<1]))
    compare("convolutionWeightGradient", slice(weight.gradient!, [0..<1, 0..<1]))
    compare("convolutionBiasGradient", bias.gradient!)
    compare(
      "transposedConvolution",
      transposedConvolution2d(
        numbers([1, 2, 2, 2]), weight: numbers([2, 1, 3, 3], 5, 7), bias: numbers([1]), stride: 2, padding: 1,
        outputPadding: 1))
  }

  @Test func norms() {
    compare(
      "groupNorm",
      groupNorm(numbers([1, 4, 2, 2]), groups: 2, weight: numbers([4], 3), bias: numbers([4], 5)))
    let running = RunningStatistics(mean: numbers([2]) * 0.5, variance: abs(numbers([2])) + 0.5)
    let (x, weight, bias) = (numbers([3, 2, 2]), numbers([2], 3), numbers([2], 5))
    compare("batchNorm", batchNorm(x, weight: weight, bias: bias, updating: running))
    compare("runningMean", running.mean)
    compare("runningVariance", running.variance)
    compare("batchNormEvaluated", batchNorm(x, weight: weight, bias: bias, using: running))
  }

  @Test func sizesAndPools() {
    let small = numbers([1, 1, 3, 2])
    compare("bilinear", resized(small, height: 5, width: 3))
    compare("nearest", resized(small, height: 5, width: 3, mode: .nearest))
    let x = Parameter(slice(numbers([1, 2, 4, 4]), [nil, 0..<1]))
    compare("bilinearSmaller", resized(x.tensor, height: 2, width: 3))
    compare("averagePool", averagePool2d(x.tensor, size: 3, stride: 2, padding: 1))
    let largest = maxPool2d(x.tensor, size: 3, stride: 2, padding: 1)
    compare("maxPool", largest)
    (largest * numbers([1, 1, 2, 2], 3)).sum().backward()
    compare("maxPoolGradient", x.gradient!)
  }

  @Test func functionsAndReductions() {
    let x = numbers([2, 3])
    compare("softmax", softmax(x))
    compare("logSoftmax", logSoftmax(x, axis: 0))
    compare("normalized", normalized(x))
    compare("cosineSimilarity", cosineSimilarity(x, numbers([2, 3], 3)))
    compare("variance", x.variance(over: [0]))
    compare("silu", silu(x))
    compare("power", power(abs(x) + 1, 2.5))
  }
}
