import CoreTensor
import Foundation
import TestSupport
import Testing

/// Losses of classifiers at numbers that can be worked out by hand, and at large ones.
@Suite struct ClassificationTests {
  @Test func lossesByHand() {
    let even = softmaxCrossEntropy(Tensor.zeros([2, 4]), classes: [1, nil])
    #expect(abs(Double(even.scalar) - log(4)) < 1e-6)
    let logits = Tensor([0, log(3), -5], shape: [1, 3])
    let binary = binaryCrossEntropy(logits, targets: [true, false, nil])
    #expect(abs(Double(binary.scalar) - (log(2) + log(4)) / 2) < 1e-6)
  }

  @Test func nothingKnownIsNoLossAndNoGradient() {
    let logits = Parameter(Tensor([1, -2, 3, 4], shape: [2, 2]))
    let losses = [
      softmaxCrossEntropy(logits.tensor, classes: [nil, nil]),
      binaryCrossEntropy(logits.tensor, targets: [nil, nil, nil, nil]),
    ]
    for loss in losses {
      loss.backward()
      #expect(loss.scalar == 0 && logits.gradient?.values == [0, 0, 0, 0])
      logits.clearGradient()
    }
  }

  @Test func largeLogitsStayFinite() {
    let logits = Parameter(Tensor([1000, -1000, 0, 1000], shape: [2, 2]))
    let right = softmaxCrossEntropy(logits.tensor, classes: [0, 1])
    #expect(right.scalar == 0)
    let wrong = softmaxCrossEntropy(logits.tensor, classes: [1, 0])
    #expect(wrong.scalar == 1500)
    wrong.backward()
    #expect(logits.gradient?.values == [0.5, -0.5, -0.5, 0.5])
    logits.clearGradient()
    let binary = binaryCrossEntropy(logits.tensor, targets: [false, false, nil, true])
    #expect(abs(binary.scalar - 1000 / 3) < 1e-3)
    binary.backward()
    #expect(relativeDifference(logits.gradient?.values ?? [], [1 / 3, 0, 0, 0]) < 1e-6)
  }

  @Test func whatIsNoNumberIsSeen() {
    let logits = Tensor([.nan, 1, 2, .nan], shape: [2, 2])
    #expect(softmaxCrossEntropy(logits, classes: [1, nil]).scalar.isNaN)
    #expect(softmaxCrossEntropy(logits, classes: [nil, 0]).scalar.isNaN)
    #expect(binaryCrossEntropy(logits, targets: [true, nil, nil, nil]).scalar.isNaN)
    #expect(binaryCrossEntropy(logits, targets: [nil, true, nil, nil]).scalar.isFinite)
  }

  @Test func droppedImagesPassAndKeptOnesAreScaled() {
    let x = Tensor((0..<12).map(Float.init), shape: [3, 2, 2])
    let out = dropPath(x, kept: [1], scale: 4) { $0 * 2 }
    #expect(out.values == [0, 1, 2, 3, 20, 25, 30, 35, 8, 9, 10, 11])
    let all = dropPath(x, kept: [0, 1, 2], scale: 1) { gelu($0) }
    #expect(all.values == gelu(x).values)
    #expect(dropPath(x, kept: [], scale: 9) { _ in Tensor.zeros([1]) }.values == x.values)
  }

  @Test func wrongUseStops() async {
    await #expect(processExitsWith: .failure) {
      _ = softmaxCrossEntropy(Tensor.zeros([1, 2]), classes: [2])
    }
    await #expect(processExitsWith: .failure) {
      _ = binaryCrossEntropy(Tensor.zeros([1, 2]), targets: [true])
    }
    await #expect(processExitsWith: .failure) {
      _ = dropPath(Tensor.zeros([2, 2]), kept: [2], scale: 1) { $0 }
    }
    await #expect(processExitsWith: .failure) {
      _ = dropPath(Tensor.zeros([2, 2]), kept: [0], scale: 1) { _ in Tensor.zeros([2, 2]) }
    }
  }
}
