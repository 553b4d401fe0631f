import CoreTensor
import TestSupport
import Testing

/// Values at the ends of what float32 holds.
@Suite struct NumericRangeTests {
  @Test func geluOverItsWholeRange() {
    let magnitudes: [Float] = [0, 1e-38, 1e-30, 1e-3, 0.5, 1, 2, 3.9, 4.1, 5.5, 6, 10, 14, 100, 1e20, 3e38]
    let values = magnitudes + magnitudes.map { -$0 } + stride(from: Float(-12), to: 12, by: 0.0137)
    let x = Tensor(values, shape: [values.count])
    let outputGradient = Tensor(x.shape, repeating: 1)
    let results = [CPUBackend.shared as any Backend, ReferenceBackend()].map { backend in
      let (out, gradient) = (Tensor(uninitialized: x.shape), Tensor(uninitialized: x.shape))
      backend.gelu(x, into: out)
      backend.geluGradient(x, outputGradient, into: gradient)
      return [out.values, gradient.values]
    }
    for (position, value) in values.enumerated() {
      for kind in 0..<2 {
        let (actual, expected) = (results[0][kind][position], results[1][kind][position])
        let allowed = 1e-6 + 1e-6 * abs(expected)
        #expect(abs(actual - expected) <= allowed, "kind \(kind) at \(value): \(actual), not \(expected)")
      }
    }
  }

  @Test func attentionIsStableForLargeScores() {
    let random = OperationCase("large scores", [[1, 6, 12]]) { $0[0] }
    let projected = Tensor(random.inputs[0].values.map { $0 * 60 }, shape: [1, 6, 12])
    let operation = { attention(projected, heads: 1) }
    let expected = Compute.$backend.withValue(ReferenceBackend()) { operation() }
    #expect(relativeDifference(operation(), expected) < 1e-4)
  }

  @Test func layerNormOfConstantRowsIsTheBias() {
    let x = Tensor([3, 8], repeating: 1000)
    let (weight, bias) = (Tensor([8], repeating: 2), Tensor((0..<8).map(Float.init), shape: [8]))
    let out = layerNorm(x, weight: weight, bias: bias, epsilon: 1e-6)
    #expect(out.values == bias.values + bias.values + bias.values)
  }

  /// A check of results finds nothing where an operation swallows what is not a number.
  @Test(arguments: [1, 5, 8, 17])
  func notANumberPassesThrough(position: Int) {
    var values = [Float](repeating: 0.5, count: 18)
    values[position] = .nan
    let x = Tensor(values, shape: [1, 2, 9])
    let one = Tensor([9], repeating: 1)
    #expect(gelu(x).values[position].isNaN, "gelu")
    #expect(relu(x).values[position].isNaN, "relu")
    #expect((x * 2).values[position].isNaN && (x + x).values[position].isNaN, "add or scale")
    #expect(layerNorm(x, weight: one, bias: one, epsilon: 1e-6).values[position].isNaN, "layerNorm")
    #expect(attention(x, heads: 1).values.contains { $0.isNaN }, "attention")
    #expect(meanSquaredError(x, Tensor.zeros(x.shape)).scalar.isNaN, "meanSquaredError")
    #expect(
      linear(x, weight: Tensor([2, 9], repeating: 1), bias: nil).values.contains { $0.isNaN }, "linear")
  }
}
