import CoreTensor
import TestSupport
import Testing

/// How gradients travel, and to whom.
@Suite struct AutogradTests {
  static func parameter(_ values: [Float], trainable: Bool = true) -> Parameter {
    Parameter(Tensor(values, shape: [values.count]), trainable: trainable)
  }
  /// Σ x · weights as a scalar.
  static func weighted(_ x: Tensor, _ weights: [Float]) -> Tensor {
    linear(reshape(x, [1, x.count]), weight: Tensor(weights, shape: [1, weights.count]), bias: nil)
  }

  @Test func aTensorUsedSeveralTimesAddsUpItsGradients() {
    let x = Self.parameter([1, -2, 3])
    let doubled = x.tensor * 2
    Self.weighted(doubled + doubled + x.tensor, [1, 10, 100]).backward()
    #expect(x.gradient?.values == [5, 50, 500])
  }

  @Test func backwardPassesAddUpUntilCleared() {
    let x = Self.parameter([1, 2])
    Self.weighted(x.tensor * 3, [1, 1]).backward()
    #expect(x.gradient?.values == [3, 3])
    Self.weighted(x.tensor, [1, 2]).backward()
    #expect(x.gradient?.values == [4, 5])
    x.clearGradient()
    #expect(x.gradient == nil)
    Self.weighted(x.tensor, [7, 8]).backward()
    #expect(x.gradient?.values == [7, 8])
  }

  @Test func twoParametersThatReceiveOneGradientDoNotShareIt() {
    let (a, b) = (Self.parameter([1, 2]), Self.parameter([3, 4]))
    Self.weighted(a.tensor + b.tensor, [1, 2]).backward()
    Self.weighted(a.tensor, [10, 10]).backward()
    #expect(a.gradient?.values == [11, 12])
    #expect(b.gradient?.values == [1, 2])
  }

  @Test func frozenParametersGetNoGradient() {
    let weight = Parameter(Tensor([1, 2, 3, 4], shape: [2, 2]), trainable: false)
    let bias = Self.parameter([0, 0])
    let x = Self.parameter([5, 6])
    let out = linear(reshape(x.tensor, [1, 2]), weight: weight.tensor, bias: bias.tensor)
    Self.weighted(out, [1, 1]).backward()
    #expect(weight.gradient == nil && !weight.isTrainable && !weight.tensor.requiresGradient)
    #expect(x.gradient?.values == [4, 6] && bias.gradient?.values == [1, 1])
  }

  @Test func frozenInputsMakeNoHistory() {
    let x = Self.parameter([1, 2], trainable: false)
    #expect(!(gelu(x.tensor) + x.tensor).requiresGradient)
    #expect((x.tensor + Self.parameter([1, 2]).tensor).requiresGradient)
  }

  @Test func detachedTensorsStopGradients() {
    let x = Self.parameter([2, 3])
    let fixed = (x.tensor * 5).detached
    #expect(!fixed.requiresGradient && fixed.values == [10, 15])
    Self.weighted(x.tensor + fixed, [1, 1]).backward()
    #expect(x.gradient?.values == [1, 1])
  }

  @Test func noGradientFlowsToTheTargetOfAMeanSquaredError() {
    let (prediction, target) = (Self.parameter([1, 2]), Self.parameter([0, 4]))
    let loss = meanSquaredError(prediction.tensor * 1, target.tensor * 1)
    #expect(loss.scalar == 2.5)
    loss.backward()
    #expect(prediction.gradient?.values == [1, -2])
    #expect(target.gradient == nil)
  }

  @Test func aParameterReadsItsValueInPlace() {
    let x = Self.parameter([1, 2])
    let before = x.tensor * 1
    [Float(5), 6].withUnsafeBufferPointer { x.assign($0) }
    #expect((x.tensor * 1).values == [5, 6] && before.values == [1, 2])
    let copy = x.tensor.copied()
    x.tensor.pointer[0] = 9
    #expect(copy.values == [5, 6] && !copy.requiresGradient)
  }

  @Test func gradientsDoNotChangeWhatWasSharedForward() {
    // reshape and items share memory with their input, and stack's gradients with their upstream.
    let x = Self.parameter([1, 2, 3, 4])
    let square = reshape(x.tensor, [2, 2])
    let rows = items(square, 0..<1) + items(square, 1..<2)
    Self.weighted(stack([rows, rows, square * 2]), [1, 2, 3, 4, 5, 6, 7, 8]).backward()
    #expect(x.tensor.values == [1, 2, 3, 4])
    #expect(x.gradient?.values == [14, 18, 18, 22])
  }

  @Test func longChainsNeedNoDeepStack() {
    let x = Self.parameter([1])
    var y = x.tensor
    for _ in 0..<20_000 { y = y * 1 }
    y.backward()
    #expect(x.gradient?.values == [1])
  }

  @Test func wrongUseStops() async {
    await #expect(processExitsWith: .failure) { Tensor([1, 2], shape: [2]).backward() }
    await #expect(processExitsWith: .failure) { Tensor([1], shape: [1]).backward() }
    await #expect(processExitsWith: .failure) { _ = Tensor([1, 2], shape: [3]) }
    await #expect(processExitsWith: .failure) { _ = Tensor.zeros([2]) + Tensor.zeros([3]) }
    await #expect(processExitsWith: .failure) { _ = gatherTokens(Tensor.zeros([1, 2, 3]), [[2]]) }
    await #expect(processExitsWith: .failure) {
      _ = linear(Tensor.zeros([2, 3]), weight: Tensor.zeros([4, 5]), bias: nil)
    }
  }
}
