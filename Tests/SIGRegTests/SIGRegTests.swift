import CoreTensor
import Foundation
import Imaging
import NeuralNetworks
import PluginChecks
import TestSupport
import Testing

@testable import LocalTask
@testable import SIGRegTask
@testable import WorldModel

@Suite struct SIGRegTests {
  private static let small: [String: OptionValue] = [
    "proj_dim": .integer(8), "proj_hidden_dim": .integer(16), "num_slices": .integer(30),
  ]

  @Test(arguments: [(8, 2), (0, 2), (0, 1), (8, 3)]) func keepsEveryPromise(width: Int, views: Int) {
    let options: [String: OptionValue] = ["proj_dim": .integer(width), "views": .integer(views)]
    let checks = checkTask(
      SIGRegTask.definition, options: Self.small.merging(options) { $1 }, alongside: [LocalTask.definition])
    #expect(checks.filter { !$0.isKept } == [])
  }

  private static func input(_ features: Tensor, views: Int, numbers: Tensor) -> ObjectiveInput {
    let contexts = (0..<views).map { view in
      let own = reshape(slice(features, view..<view + 1), Array(features.shape.dropFirst()))
      return ObjectiveInput.Context(
        view: view, images: .zeros([own.shape[0], 3, 12, 12]),
        visible: Array(repeating: Array(0..<own.shape[1]), count: own.shape[0]), features: own, hidden: nil)
    }
    return ObjectiveInput(
      geometry: ImageGeometry(imageSize: 12, patchSize: 4), contexts: contexts, targets: [],
      targetFeatures: [], predictions: [], numbers: numbers)
  }

  /// Values of PyTorch in double precision (`Benchmarks/peer_pooled.py sigreg`).
  @Test(arguments: [("projected", 5), ("plain", 6)])
  func lossAndGradientsAreThoseOfPyTorch(name: String, width: Int) throws {
    let golden = try #require(GoldenLoss.cases()[name])
    var initializer = Initializer(random: RandomStream(seed: 0, stream: "weights"))
    let objective = SIGReg(
      projector: name == "plain"
        ? nil
        : ProjectionHead([6, 8, 8, 5], norm: .batch, normalizesLast: false, initializer: &initializer),
      test: EppsPulley(points: 5, end: 3), slices: 7, lambda: 0.3, weight: 1)
    GoldenLoss.fill(objective)
    let features = Parameter(GoldenLoss.wave([2, 4, 3, 6], 0.25))
    let input = Self.input(features.tensor, views: 2, numbers: GoldenLoss.wave([4, 2 * width], 0.75))
    Compute.$backend.withValue(CPUBackend(.float32)) {
      let terms = objective(input)
      #expect(terms.map(\.name) == ["gaussian", "invariance"])
      #expect(terms.map(\.weight) == [0.3, 0.7])
      let loss = terms[0].value * terms[0].weight + terms[1].value * terms[1].weight
      #expect(golden.differences(loss, objective, inputs: ["features": features]) == [])
    }
  }

  /// The statistic is small for a Gaussian and large for what has collapsed, is too wide, or is no Gaussian.
  @Test func theStatisticKnowsAGaussian() {
    var random = RandomStream(seed: 1, stream: "sample")
    func statistic(_ make: (inout RandomStream) -> Double) -> Float {
      let values = (0..<512).map { _ in Float(make(&random)) }
      let test = EppsPulley(points: 17, end: 3)
      return test(Tensor(values, shape: [1, 512, 1]), along: Tensor([1], shape: [1, 1])).scalar
    }
    let gaussian = statistic { $0.normal() }
    #expect(gaussian < 2)
    for other in [
      statistic { _ in 0.1 }, statistic { 3 * $0.normal() }, statistic { $0.normal() + 1 },
      statistic { $0.chance(0.5) ? 1 : -1 },
    ] { #expect(other > 10 * gaussian) }
    // All numbers at 0: N ∫ (1 - exp(-t²/2))² exp(-t²/2) dt, by the same rule in double precision.
    let step = 3.0 / 16
    let expected = (0..<17).reduce(0.0) { sum, index in
      let value = Foundation.exp(-pow(Double(index) * step, 2) / 2)
      return sum + 512 * (1 - value) * (1 - value) * value * (index % 16 == 0 ? step : 2 * step)
    }
    #expect(Swift.abs(Double(statistic { _ in 0 }) / expected - 1) < 1e-5)
  }

  /// Directions are those of the seed and the step, whatever the batch, and there are as many as asked for.
  @Test(arguments: [2, 4, 7]) func directionsAreThoseOfTheStep(batch: Int) throws {
    let shape = WorldModelConfiguration(
      encoder: .init(imageSize: 32, patchSize: 4, width: 32, depth: 1, heads: 2),
      predictor: .init(featureWidth: 32, width: 16, depth: 1, heads: 2, gridSize: 8))
    let options = Options(SIGRegTask.definition.options, given: Self.small)
    let task = SIGRegTask(options: options, environment: shape.environment(.paper))
    func numbers(seed: UInt64, step: Int) -> [[Float]] {
      let scope = BatchScope(seed: seed, step: step, batchSize: batch, geometry: shape.geometry)
      let image = GrayImage(width: 40, height: 40)
      return (0..<batch).map { index in
        task.plan(batch: scope).draw(
          sample: SampleScope(batch: scope, index: index, views: [], radiograph: image)
        ).numbers
      }
    }
    let first = numbers(seed: 0, step: 3)
    #expect(first == numbers(seed: 0, step: 3))
    #expect(first != numbers(seed: 1, step: 3) && first != numbers(seed: 0, step: 4))
    let count = first.reduce(0) { $0 + $1.count } / 8
    #expect(count >= 30 && count < 30 + batch && Set(first.flatMap { $0 }).count == 8 * count)
  }
}
