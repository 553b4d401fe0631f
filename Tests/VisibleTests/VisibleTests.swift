import CoreTensor
import NeuralNetworks
import PluginChecks
import TestSupport
import Testing

@testable import LocalTask
@testable import VisibleTask
@testable import WorldModel

@Suite struct VisibleTests {
  @Test(arguments: [1, 2]) func keepsEveryPromise(exponent: Int) {
    let checks = checkTask(
      VisibleTask.definition, options: ["loss_exp": .integer(exponent)], alongside: [LocalTask.definition])
    #expect(checks.filter { !$0.isKept } == [])
  }

  /// Values of PyTorch in double precision (`Benchmarks/peer_masked.py visible`).
  @Test(arguments: [("absolute", 1), ("square", 2)])
  func lossAndGradientsAreThoseOfPyTorch(name: String, exponent: Int) throws {
    let golden = try #require(GoldenLoss.cases()[name])
    let loss = Self.loss(exponent: exponent)
    GoldenLoss.fill(loss)
    let tokens = Parameter(GoldenLoss.wave([2, 3, 8], 0.25))
    let visible = [[0, 1, 5], [2, 6, 8]]
    let images = GoldenLoss.wave([2, 3, 12, 12], 1)
    let features = GoldenLoss.wave([2, 9, 12], 0.5)
    let input = ObjectiveInput(
      geometry: ImageGeometry(imageSize: 12, patchSize: 4),
      contexts: [.init(view: 0, images: images, visible: visible, features: features, hidden: nil)],
      targets: [images],
      targetFeatures: [.init(patches: Array(repeating: Array(0..<9), count: 2), features: features)],
      predictions: [
        // Patch 8 of the second row is shown and predicted, and so is hidden from nobody.
        .init(
          context: 0, target: 0, patches: [[3, 4, 7, 8], [0, 1, 2, 3]], features: features,
          contextTokens: tokens.tensor)
      ], numbers: nil)
    Compute.$backend.withValue(CPUBackend(.float32)) {
      let terms = loss(input)
      #expect(terms.map(\.name) == ["context"] && terms[0].weight == 0.5)
      #expect(golden.differences(terms[0].value, loss, inputs: ["tokens": tokens]) == [])
    }
  }

  private static func loss(exponent: Int) -> ContextLoss {
    var initializer = Initializer(random: RandomStream(seed: 0, stream: "weights"))
    return ContextLoss(
      .init(tokens: 8, features: 12, lambda: 0.5, exponent: exponent), initializer: &initializer)
  }

  /// By hand, on a grid of 3 × 3.
  @Test func weightsByDistance() {
    let weights = ContextLoss.weights(of: [0, 1, 8], predicted: [1, 2], gridSize: 3)
    #expect(
      weights[0] == 1 / Float(2).squareRoot() && weights[1] == 1 && weights[2] == 1 / Float(2).squareRoot())
    #expect(ContextLoss.weights(of: [0, 1], predicted: [1], gridSize: 3) == [0, 0])
    let diagonal = ContextLoss.weights(of: [0], predicted: [4], gridSize: 3)[0]
    #expect(abs(diagonal - 1 / Float(2).squareRoot().squareRoot()) < 1e-6)
  }

  /// The term is of every context's own view, and predictions stay what they are without it, to rounding.
  @Test func predictionsStayAsTheyAre() throws {
    let trial = try Trial([LocalTask.definition])
    let both = try Trial([LocalTask.definition, VisibleTask.definition])
    let (alone, beside) = (try trial.output(), try both.output())
    #expect(alone.terms.map(\.name) == ["z11"])
    #expect(beside.terms.map(\.name) == ["z11", "visible.context"])
    #expect(abs(alone.terms[0].value - beside.terms[0].value) < 1e-4)
    #expect(zip(alone.predictions[0].values, beside.predictions[0].values).allSatisfy { abs($0 - $1) < 1e-3 })
  }

  /// A predictor that has no tokens of visible patches is refused in words.
  @Test func aPredictorWithoutTokensIsRefused() throws {
    let networks = Networks(
      makeEncoder: Networks.standard.makeEncoder, makePredictor: { PlainPredictor($0, &$1) })
    let trial = try Trial([LocalTask.definition, VisibleTask.definition], networks)
    let error = #expect(throws: AssemblyError.self) { try trial.output() }
    #expect(error == .noContextTokens(tasks: ["visible"]))
    #expect(error.map { "\($0)".contains("model.predictor = \"vit\"") } == true)
  }

  @Test func aModelWithoutTargetEncoderIsRefused() throws {
    let trial = try Trial([VisibleTask.definition], mode: .absent)
    #expect(throws: AssemblyError.self) { try trial.output() }
  }
}

/// A small model of tasks, and one batch of waves.
private struct Trial {
  let tasks: TaskSet
  let model: WorldModel

  init(
    _ definitions: [TaskDefinition], _ networks: Networks = .standard, mode: TargetEncoderMode = .follows
  ) throws {
    let shape = WorldModelConfiguration(
      encoder: .init(imageSize: 32, patchSize: 4, width: 32, depth: 2, heads: 2),
      predictor: .init(featureWidth: 32, width: 16, depth: 2, heads: 2, gridSize: 8), targetEncoder: mode)
    tasks = try TaskSet(
      definitions.map { ($0, Options($0.options)) }, environment: shape.environment(.paper))
    model = tasks.model(shape, networks: networks, seed: 4)
  }

  func output() throws -> WorldOutput {
    let scope = BatchScope(seed: 3, step: 0, batchSize: 2, geometry: model.shape.geometry)
    let plan = TaskAssembly(tasks: tasks.tasks, views: ViewSettings()).plan(scope)
    let batch = try plan.collate(
      (0..<2).map { index in
        try plan.sample(.init(width: 40, height: 40, fill: Float(index) / 2), index: index)
      })
    try model.check(batch)
    return try model(batch, reduction: .sum)
  }
}

/// A predictor of the protocol's least.
private final class PlainPredictor: Predictor {
  private let inner: VisionPredictor

  init(_ shape: PredictorConfiguration, _ initializer: inout Initializer) {
    inner = VisionPredictor(shape, initializer: &initializer)
  }
  func maskTokens(at places: [[GridPlace]]) -> Tensor { inner.maskTokens(at: places) }
  func callAsFunction(context: Tensor, visible: [[Int]], maskTokens: Tensor) -> Tensor {
    inner(context: context, visible: visible, maskTokens: maskTokens)
  }
  func visit(_ visitor: inout ParameterVisitor) { inner.visit(&visitor) }
}
