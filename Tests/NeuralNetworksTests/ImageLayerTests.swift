import CoreTensor
import TestSupport
import Testing

@testable import NeuralNetworks

/// Convolutional layers and norms of images: names, shapes, and a step of each.
@Suite struct ImageLayerTests {
  private func initializer() -> Initializer { Initializer(random: RandomStream(seed: 1, stream: "layers")) }

  @Test func namesAndShapesAreThoseOfPyTorch() {
    var initializer = initializer()
    let convolution = Convolution2d(6, 4, kernel: 3, groups: 2, initializer: &initializer)
    #expect(convolution.entries.map(\.name) == ["weight", "bias"])
    #expect(convolution.weight.shape == [4, 3, 3, 3])
    let plain = Convolution2d(6, 4, kernel: 1, hasBias: false, initializer: &initializer)
    #expect(plain.entries.map(\.name) == ["weight"])
    let transposed = TransposedConvolution2d(6, 4, kernel: 2, stride: 2, initializer: &initializer)
    #expect(transposed.weight.shape == [6, 4, 2, 2])
    let norm = BatchNorm(4, initializer: initializer)
    #expect(norm.entries.map(\.name) == ["weight", "bias", "running_mean", "running_var"])
    #expect(norm.entries.map(\.isBuffer) == [false, false, true, true])
  }

  @Test func weightsBeginWithinTheirBound() {
    var initializer = initializer()
    let values = Convolution2d(8, 32, kernel: 3, initializer: &initializer).weight.tensor.values
    let bound = 1 / Float(72).squareRoot()
    #expect(values.allSatisfy { abs($0) <= bound } && (values.max() ?? 0) > 0.98 * bound)
    let spread = (values.reduce(0) { $0 + $1 * $1 } / Float(values.count)).squareRoot()
    #expect(abs(spread / (bound / Float(3).squareRoot()) - 1) < 0.05)
  }

  /// Down by a convolution, up by a transposed one, joined with what was there: a step of a U-Net.
  @Test func aSmallUNetHasItsSlopes() {
    var initializer = initializer()
    let down = Convolution2d(2, 4, kernel: 3, stride: 2, initializer: &initializer)
    let up = TransposedConvolution2d(4, 2, kernel: 2, stride: 2, initializer: &initializer)
    let last = Convolution2d(4, 1, kernel: 3, initializer: &initializer)
    let (norm, batch) = (
      GroupNorm(4, groups: 2, initializer: initializer), BatchNorm(2, initializer: initializer)
    )
    var random = RandomTensors("images")
    let image = Parameter(random.normal([2, 2, 4, 6]))
    let modules: [any Module] = [down, up, last, norm, batch]
    let parameters = modules.flatMap { $0.entries.filter { !$0.isBuffer }.map(\.parameter) } + [image]
    let report = checkGradient(parameters: parameters, tolerance: 4e-3) {
      let small = silu(norm(down(image.tensor)))
      return last(concatenate([batch(up(small), training: true), image.tensor], axis: 1))
    }
    #expect(report.passes, "\(report)")
    #expect(report.checked > 200)
  }

  @Test func runningStatisticsMoveWhileTrainingAlone() {
    let norm = BatchNorm(3, initializer: initializer())
    var random = RandomTensors("batch")
    let x = random.normal([4, 3, 5], scale: 2) + 3
    let first = norm(x, training: true)
    #expect(first.mean(over: [0, 2]).values.allSatisfy { abs($0) < 1e-5 })
    let (mean, variance) = (x.mean(over: [0, 2]) * 0.1, x.variance(over: [0, 2]) * 0.1 + 0.9)
    #expect(relativeDifference(norm.runningMean.tensor, mean) < 1e-5)
    #expect(relativeDifference(norm.runningVariance.tensor, variance) < 1e-5)
    let kept = norm.runningMean.tensor.values
    let evaluated = norm(x, training: false)
    #expect(norm.runningMean.tensor.values == kept && evaluated.values != first.values)
  }
}
