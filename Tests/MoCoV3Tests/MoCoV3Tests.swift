import CoreTensor
import NeuralNetworks
import PluginChecks
import TestSupport
import Testing

@testable import LocalTask
@testable import MoCoV3Task
@testable import WorldModel

@Suite struct MoCoV3Tests {
  @Test(arguments: ["batch", "layer"]) func keepsEveryPromise(norm: String) {
    let options: [String: OptionValue] = [
      "dim": .integer(8), "mlp_dim": .integer(16), "norm": .text(norm),
    ]
    let checks = checkTask(MoCoV3Task.definition, options: options, alongside: [LocalTask.definition])
    #expect(checks.filter { !$0.isKept } == [])
  }

  private static func objective(_ norm: ProjectionNorm) -> MoCoV3 {
    MoCoV3(
      .init(features: 6, hidden: 16, width: 8, norm: norm), temperature: 0.2, weight: 1,
      random: RandomStream(seed: 0, stream: "weights"))
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

  /// Values of PyTorch in double precision (`Benchmarks/peer_pooled.py moco-v3`).
  @Test(arguments: ProjectionNorm.allCases) func lossAndGradientsAreThoseOfPyTorch(norm: ProjectionNorm)
    throws
  {
    let golden = try #require(GoldenLoss.cases()[norm.rawValue])
    let objective = Self.objective(norm)
    GoldenLoss.fill(objective)
    let features = Parameter(GoldenLoss.wave([2, 4, 3, 6], 0.25))
    Compute.$backend.withValue(CPUBackend(.float32)) {
      let terms = objective(Self.input(features.tensor, GoldenLoss.wave([2, 4, 9, 6], 0.5)))
      #expect(terms.map(\.name) == ["contrast"] && terms[0].weight == 1)
      #expect(golden.differences(terms[0].value, objective, inputs: ["features": features]) == [])
    }
  }

  /// Scales and shifts of target features change nothing: whether they are layer-normed before is of no concern.
  @Test func normedTargetsGiveTheSame() {
    let objective = Self.objective(.layer)
    GoldenLoss.fill(objective)
    let (contexts, targets) = (GoldenLoss.wave([2, 4, 3, 6], 0.25), GoldenLoss.wave([2, 4, 9, 6], 0.5))
    let plain = objective(Self.input(contexts, targets))[0].value.scalar
    let normed = layerNorm(targets, weight: nil, bias: nil, epsilon: 1e-5)
    #expect(Swift.abs(objective(Self.input(contexts, normed))[0].value.scalar - plain) < 1e-4 * plain)
  }

  /// Keys come from the target encoder, which follows as the paper's does; one that stays or is absent is refused.
  @Test(arguments: [TargetEncoderMode.frozen, .absent]) func itNeedsATargetEncoderThatFollows(
    mode: TargetEncoderMode
  ) throws {
    let shape = WorldModelConfiguration(
      encoder: .init(imageSize: 32, patchSize: 4, width: 32, depth: 1, heads: 2),
      predictor: .init(featureWidth: 32, width: 16, depth: 1, heads: 2, gridSize: 8), targetEncoder: mode)
    let definition = MoCoV3Task.definition
    let error = #expect(throws: AssemblyError.self) {
      try TaskSet([(definition, Options(definition.options))], environment: shape.environment(.paper))
    }
    #expect(error == .targetEncoderMode(task: "moco-v3", wanted: .follows, found: mode))
  }
}
