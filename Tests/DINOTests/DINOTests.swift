import CoreTensor
import Imaging
import NeuralNetworks
import PluginChecks
import TestSupport
import Testing

@testable import DINOTask
@testable import LocalTask
@testable import WorldModel

@Suite struct DINOTests {
  private static let small: [String: OptionValue] = [
    "out_dim": .integer(12), "hidden_dim": .integer(16), "bottleneck_dim": .integer(8),
  ]

  @Test(arguments: [0, 0.9]) func keepsEveryPromise(decay: Double) {
    let checks = checkTask(
      DINOTask.definition,
      options: Self.small.merging(["center_momentum": .number(decay)]) { $1 },
      alongside: [LocalTask.definition])
    #expect(checks.filter { !$0.isKept } == [])
  }

  private static func objective() -> DINO {
    DINO(
      .init(features: 6, hidden: 8, bottleneck: 5, prototypes: 7),
      temperatures: (student: 0.1, teacher: 0.04),
      decay: 0.75, weight: 1, random: RandomStream(seed: 0, stream: "weights"))
  }

  private static func input(_ contexts: Tensor, _ targets: Tensor) -> ObjectiveInput {
    func view(_ x: Tensor, _ view: Int) -> Tensor {
      reshape(slice(x, view..<view + 1), Array(x.shape.dropFirst()))
    }
    func rows(_ x: Tensor) -> [[Int]] { Array(repeating: Array(0..<x.shape[2]), count: x.shape[1]) }
    return ObjectiveInput(
      geometry: ImageGeometry(imageSize: 12, patchSize: 4),
      contexts: (0..<2).map {
        .init(
          view: $0, images: .zeros([contexts.shape[1], 3, 12, 12]), visible: rows(contexts),
          features: view(contexts, $0), hidden: nil)
      },
      targets: [],
      targetFeatures: (0..<2).map { .init(patches: rows(targets), features: view(targets, $0)) },
      predictions: [], numbers: nil)
  }

  /// Values of PyTorch in double precision (`Benchmarks/peer_pooled.py dino`), and what the center follows.
  @Test func lossAndGradientsAreThoseOfPyTorch() throws {
    let cases = try GoldenLoss.cases()
    let (golden, followed) = (try #require(cases["case"]), try #require(cases["followed"]))
    let objective = Self.objective()
    GoldenLoss.fill(objective)
    let center = try #require(objective.entries.first { $0.name == "center" && $0.isBuffer })
    center.parameter.assign(GoldenLoss.wave(7, 0.1, scale: 0.1))
    let features = Parameter(GoldenLoss.wave([2, 4, 3, 6], 0.25))
    try Compute.$backend.withValue(CPUBackend(.float32)) {
      let terms = objective(Self.input(features.tensor, GoldenLoss.wave([2, 4, 9, 6], 0.5)))
      #expect(terms.map(\.name) == ["cross_entropy"] && terms[0].weight == 1)
      let statistic = try #require(terms[0].statistics.first)
      #expect(statistic.buffer === center.parameter && statistic.decay == 0.75)
      let product = zip(statistic.value.values, GoldenLoss.wave(7, 3)).reduce(0) {
        $0 + Double($1.0) * Double($1.1)
      }
      #expect(Swift.abs(product - followed.loss) < 1e-5 * Swift.abs(followed.loss))
      #expect(golden.differences(terms[0].value, objective, inputs: ["features": features]) == [])
      // A forward pass leaves the center as it is.
      #expect(center.parameter.tensor.values == GoldenLoss.wave(7, 0.1, scale: 0.1))
    }
  }

  /// After a step the center is what it was and the mean of what the step's micro-batches say, each with its share.
  @Test func theCenterFollowsAllMicroBatches() throws {
    let shape = WorldModelConfiguration(
      encoder: .init(imageSize: 32, patchSize: 8, width: 32, depth: 1, heads: 2),
      predictor: .init(featureWidth: 32, width: 16, depth: 1, heads: 2, gridSize: 4))
    let definition = DINOTask.definition
    let tasks = try TaskSet(
      [(definition, Options(definition.options, given: Self.small))], environment: shape.environment(.paper))
    let optimization = Optimization(
      tasks.model(shape, seed: 0), settings: AdamWSettings(), reduction: .mean)
    let center = try #require(optimization.model.entries.first { $0.name == "tasks.dino.center" }).parameter
    center.assign((0..<12).map { Float($0) / 50 })
    let batches = try (0..<3).map { step in
      let scope = BatchScope(seed: 0, step: step, batchSize: 2, geometry: shape.geometry)
      let plan = TaskAssembly(tasks: tasks.tasks, views: ViewSettings()).plan(scope)
      return try plan.collate(
        try (0..<2).map { index in
          var radiograph = GrayImage(width: 60, height: 50)
          var random = RandomStream(seed: 1, stream: "pixels", step: step, index: index)
          for row in 0..<50 { for column in 0..<60 { radiograph[row, column] = Float(random.unit()) } }
          return try plan.sample(radiograph, index: index)
        })
    }
    let said = try batches.map { batch in
      try #require(try optimization.model(batch, reduction: .mean).statistics.first).value.values
    }
    #expect(said[0] != said[1])
    let before = center.tensor.values
    _ = try optimization.step(batches, learningRate: 1e-3, emaDecay: 0.99)
    for index in before.indices {
      let mean = (said[0][index] + said[1][index] + said[2][index]) / 3
      #expect(Swift.abs(center.tensor.values[index] - (0.9 * before[index] + 0.1 * mean)) < 1e-6)
    }
    // A step that is refused moves nothing.
    let held = center.tensor.values
    optimization.model.trainable[0].assign(
      Array(repeating: Float.nan, count: optimization.model.trainable[0].tensor.count))
    #expect(throws: NonFiniteStep.self) {
      try optimization.step(batches, learningRate: 1e-3, emaDecay: 0.99)
    }
    #expect(center.tensor.values == held)
  }
}
