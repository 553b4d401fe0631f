import CoreTensor
import Foundation
import TestSupport
import Testing

@testable import NeuralNetworks

/// The optimiser against a plain statement of AdamW, number by number in double.
@Suite struct AdamWTests {
  /// A parameter's values and moments.
  struct Plain {
    var values: [Double]
    var first: [Double]
    var second: [Double]
    let decays: Bool

    init(_ parameter: Parameter) {
      values = parameter.tensor.values.map { Double($0) }
      (first, second) = (values.map { _ in 0 }, values.map { _ in 0 })
      decays = parameter.shape.count > 1
    }

    mutating func step(_ gradient: [Double], rate: Double, _ settings: AdamWSettings, count: Int) {
      for index in values.indices {
        let g = gradient[index]
        first[index] = settings.beta1 * first[index] + (1 - settings.beta1) * g
        second[index] = settings.beta2 * second[index] + (1 - settings.beta2) * g * g
        let mean = first[index] / (1 - pow(settings.beta1, Double(count)))
        let square = second[index] / (1 - pow(settings.beta2, Double(count)))
        if decays { values[index] -= rate * settings.weightDecay * values[index] }
        values[index] -= rate * mean / (square.squareRoot() + settings.epsilon)
      }
    }
  }

  /// Adds `gradient` to what `parameter` has, by a backward pass.
  static func give(_ gradient: Tensor, to parameter: Parameter) {
    let flat = reshape(parameter.tensor, [1, gradient.count])
    linear(flat, weight: reshape(gradient, [1, gradient.count]), bias: nil).backward()
  }

  static func parameters() -> [Parameter] {
    var random = RandomTensors("adam parameters")
    return [[4, 5], [7], [2, 3, 2, 2], [1]].map { Parameter(random.normal($0)) }
  }

  @Test(arguments: [(0.0, 0.05), (1.0, 0.05), (1.0, 0.0), (0.3, 0.5)])
  func followsThePlainStatement(clipNorm: Double, weightDecay: Double) throws {
    let parameters = Self.parameters()
    let settings = AdamWSettings(weightDecay: weightDecay, clipNorm: clipNorm)
    let optimizer = AdamW(parameters, settings: settings)
    var plain = parameters.map { Plain($0) }
    var random = RandomTensors("gradients")
    for count in 1...6 {
      // Large and small in turn, so that clipping acts on some steps only.
      let gradients = parameters.map { random.normal($0.shape, scale: count % 2 == 0 ? 0.01 : 1) }
      for (gradient, parameter) in zip(gradients, parameters) { Self.give(gradient, to: parameter) }
      let squares = gradients.flatMap(\.values).reduce(0) { $0 + Double($1) * Double($1) }
      #expect(abs(optimizer.gradientNorm() - squares.squareRoot()) < 1e-6 * squares.squareRoot())
      let rate = 0.01 * Double(count)
      optimizer.step(learningRate: rate)
      let clip = clipNorm > 0 ? min(1, clipNorm / (squares.squareRoot() + 1e-6)) : 1
      for index in plain.indices {
        let scaled = gradients[index].values.map { Double($0) * clip }
        plain[index].step(scaled, rate: rate, settings, count: count)
        let expected = plain[index].values.map { Float($0) }
        let difference = relativeDifference(parameters[index].tensor.values, expected)
        #expect(difference < 1e-5, "update \(count), parameter \(index): \(difference)")
      }
      #expect(parameters.allSatisfy { $0.gradient == nil })
    }
    #expect(optimizer.updates == 6)
  }

  @Test func vectorsDoNotDecay() {
    let (matrix, vector) = (
      Parameter(Tensor([1, 2], shape: [1, 2])), Parameter(Tensor([1, 2], shape: [2]))
    )
    let optimizer = AdamW([matrix, vector], settings: AdamWSettings(weightDecay: 0.5))
    for parameter in [matrix, vector] { Self.give(Tensor.zeros([2]), to: parameter) }
    optimizer.step(learningRate: 0.1)
    #expect(relativeDifference(matrix.tensor.values, [0.95, 1.9]) < 1e-6)
    #expect(vector.tensor.values == [1, 2])
  }

  @Test func averagesFollowWhatIsUpdatedAndWhatIsNot() {
    let leading = [Parameter(Tensor([1, 2], shape: [2])), Parameter(Tensor([3], shape: [1]))]
    let following = leading.map { Parameter(Tensor($0.shape, repeating: 0), trainable: false) }
    let averages = Dictionary(
      uniqueKeysWithValues: zip(leading, following).map { (ObjectIdentifier($0), $1) })
    let optimizer = AdamW(leading, averages: averages, settings: AdamWSettings())
    Self.give(Tensor([1, 1], shape: [2]), to: leading[0])
    optimizer.step(learningRate: 0.5, emaDecay: 0.75)
    #expect(relativeDifference(leading[0].tensor.values, [0.5, 1.5]) < 1e-5)
    #expect(relativeDifference(following[0].tensor.values, [0.125, 0.375]) < 1e-5)
    #expect(following[1].tensor.values == [0.75] && leading[1].tensor.values == [3])
  }

  @Test func aParameterWithoutGradientStays() {
    let parameters = Self.parameters()
    let before = parameters.map(\.tensor.values)
    let optimizer = AdamW(parameters, settings: AdamWSettings())
    var random = RandomTensors("one gradient")
    Self.give(random.normal([7]), to: parameters[1])
    optimizer.step(learningRate: 0.1)
    for index in parameters.indices {
      #expect((parameters[index].tensor.values == before[index]) == (index != 1))
    }
  }

  @Test func accumulatedGradientsAreAveraged() {
    let (one, four) = (Self.parameters(), Self.parameters())
    let settings = AdamWSettings(clipNorm: 0.5)
    let (single, accumulated) = (AdamW(one, settings: settings), AdamW(four, settings: settings))
    var random = RandomTensors("accumulation")
    for index in one.indices {
      let gradient = random.normal(one[index].shape)
      Self.give(gradient, to: one[index])
      for _ in 0..<4 { Self.give(gradient, to: four[index]) }
    }
    #expect(abs(accumulated.gradientNorm() / single.gradientNorm() - 4) < 1e-5)
    single.step(learningRate: 0.1)
    accumulated.step(learningRate: 0.1, share: 0.25)
    for (a, b) in zip(one, four) { #expect(relativeDifference(a.tensor, b.tensor) < 1e-5) }
  }

  @Test func theFirstStepMovesByTheLearningRate() {
    // m / √v is ±1 after one update, whatever the gradient's size.
    let x = Parameter(Tensor([0, 0, 0], shape: [3]))
    let optimizer = AdamW([x], settings: AdamWSettings(clipNorm: 0))
    Self.give(Tensor([1e-3, -50, 2], shape: [3]), to: x)
    optimizer.step(learningRate: 0.25)
    #expect(relativeDifference(x.tensor.values, [-0.25, 0.25, -0.25]) < 2e-5)
  }

  @Test func numbersComeBackAndAStepThatIsNotFiniteChangesNothing() {
    let x = Parameter(Tensor([1, 2], shape: [1, 2]))
    let optimizer = AdamW([x], settings: AdamWSettings())
    Self.give(Tensor([3, 4], shape: [2]), to: x)
    let good = optimizer.step(
      learningRate: 0.1, losses: [Tensor([7, 8], shape: [2]), Tensor([9], shape: [1])])
    #expect(good.losses == [7, 8, 9] && good.isFinite && abs(good.gradientNorm - 5) < 1e-5)
    #expect(optimizer.updates == 1 && x.gradient == nil)
    let state = { [x.tensor.values, optimizer.slots[0].first.values, optimizer.slots[0].second.values] }
    let before = state()
    for (gradient, loss) in [(Float.nan, Float(1)), (.infinity, 1), (1, .nan), (1, -.infinity)] {
      Self.give(Tensor([1, gradient], shape: [2]), to: x)
      let bad = optimizer.step(learningRate: 0.1, losses: [Tensor([loss], shape: [1])])
      #expect(!bad.isFinite && optimizer.updates == 1 && state() == before && x.gradient != nil)
      optimizer.clearGradients()
    }
  }

  @Test func scalesActOnOneParameterAlone() {
    func pair() -> [Parameter] { (0..<2).map { _ in Parameter(Tensor([1, 2], shape: [1, 2])) } }
    let settings = AdamWSettings(weightDecay: 0.5, clipNorm: 0)
    let (scaled, plain, slower) = (pair(), pair(), pair())
    let second = ObjectIdentifier(scaled[1])
    let optimizers = [
      AdamW(scaled, settings: settings) {
        ObjectIdentifier($0) == second
          ? UpdateScale(learningRate: 0.25, weightDecay: 0.5) : .standard(for: $0)
      },
      AdamW(plain, settings: settings),
      AdamW(slower, settings: AdamWSettings(weightDecay: 0.25, clipNorm: 0)),
    ]
    for (optimizer, rate) in zip(optimizers, [0.1, 0.1, 0.025]) {
      for slot in optimizer.slots { Self.give(Tensor([3, -1], shape: [2]), to: slot.parameter) }
      optimizer.step(learningRate: rate)
    }
    #expect(scaled[0].tensor.values == plain[0].tensor.values)
    #expect(scaled[1].tensor.values == slower[1].tensor.values)
    #expect(scaled[1].tensor.values != plain[1].tensor.values)
  }
}
