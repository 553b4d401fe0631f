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

  @Test func gradientsFlowToBothSidesOfAMeanSquaredErrorUnlessDetached() {
    let (prediction, target) = (Self.parameter([1, 2]), Self.parameter([0, 4]))
    let loss = meanSquaredError(prediction.tensor * 1, target.tensor * 1)
    #expect(loss.scalar == 2.5)
    loss.backward()
    #expect(prediction.gradient?.values == [1, -2] && target.gradient?.values == [-1, 2])
    target.clearGradient()
    meanSquaredError(prediction.tensor * 1, target.tensor.detached).backward()
    #expect(target.gradient == nil)
  }

  /// Of parameters that gradients reach, within what is computed again too, whose are not of a model.
  @Test func usesOfParametersAreKnown() {
    let (known, forgotten, hidden) = (
      Self.parameter([1, 2]), Self.parameter([3, 4]), Self.parameter([5, 6])
    )
    let unused = Self.parameter([7, 8])
    let uses = ParameterUses()
    let inner = PluginCode("task \"a\"", "objective").run { relu(known.tensor + forgotten.tensor) }
    let sum = inner + recomputed(known.tensor) { addRowVector($0, hidden.tensor) }
    uses.watching { Self.weighted(sum, [1, 1]).backward() }
    let others = uses.others(than: [known, unused])
    let told = others.map { "\($0.operation) \($0.shape) \($0.code ?? "program")" }
    #expect(Set(told) == ["add [2] task \"a\", objective", "addRowVector [2] program"] && told.count == 2)
    #expect(uses.others(than: [known, forgotten, hidden]).isEmpty)
    Self.weighted(unused.tensor, [1, 1]).backward()
    #expect(uses.others(than: []).count == 3)
  }

  /// What would silently get no gradient is refused in words.
  @Test func lostGradientsAreRefused() async throws {
    let twice = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let shared = gelu(AutogradTests.parameter([1, 2]).tensor)
      AutogradTests.weighted(shared, [1, 1]).backward()
      AutogradTests.weighted(shared, [1, 2]).backward()
    }
    #expect(Self.text(twice).contains("reached gelu, through which a backward pass went before"))
    let captured = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = AutogradTests.parameter([1, 2]).tensor
      let outside = relu(x)
      AutogradTests.weighted(recomputed(x * 2) { $0 + outside }, [1, 1]).backward()
    }
    #expect(Self.text(captured).contains("recomputed: its body uses a result of relu"))
  }

  private static func text(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  /// The sentence of a failed requirement stays in release builds, with the plugin whose code ran, on any thread.
  @Test func failuresSayWhyAndWhose() async {
    let alone = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2]) + Tensor.zeros([3])
    }
    #expect(Self.text(alone).contains("\nadd: shapes [2] and [3]\n"))
    let owned = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      PluginCode("task \"a\"", "condition").run {
        Compute.parallel(4) { chunk in require(chunk < 3, "chunk \(chunk) of 3") }
      }
    }
    #expect(Self.text(owned).contains("\nchunk 3 of 3\nin task \"a\", condition\n"))
    let backward = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = AutogradTests.parameter([1]).tensor
      let odd = PluginCode("task \"a\"", "objective").run {
        differentiable("odd", [x], x * 2) { _ in fail("no gradient") }
      }
      odd.backward()
    }
    #expect(Self.text(backward).contains("\nno gradient\nin task \"a\", objective\n"))
  }

  @Test func aParameterReadsItsValueInPlace() {
    let x = Self.parameter([1, 2])
    let before = x.tensor * 1
    x.assign([Float(5), 6])
    #expect((x.tensor * 1).values == [5, 6] && before.values == [1, 2])
    let copy = x.tensor.copied()
    x.tensor.pointer[0] = 9
    #expect(copy.values == [5, 6] && !copy.requiresGradient)
  }

  @Test func gradientsDoNotChangeWhatWasSharedForward() {
    // reshape and items share memory with their input, and stack's gradients with their outputGradient.
    let x = Self.parameter([1, 2, 3, 4])
    let square = reshape(x.tensor, [2, 2])
    let rows = slice(square, 0..<1) + slice(square, 1..<2)
    Self.weighted(concatenate([rows, rows, square * 2]), [1, 2, 3, 4, 5, 6, 7, 8]).backward()
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
