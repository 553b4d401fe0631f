import CoreTensor
import NeuralNetworks
import WorldModel

/// Momentum contrast (Chen, Xie and He 2021) in the small: two crops of a radiograph are to be told from other
/// radiographs' by heads on pooled features, where the keys come from the target encoder and a projector that follows
/// the queries' own.
struct ContrastiveTask: WorldTask, TaskPlan {
  static let definition = TaskDefinition(
    name: "contrast", summary: "tell two crops of a radiograph from those of other radiographs", options: []
  ) { ContrastiveTask(featureWidth: $1.featureWidth) }

  let name = "contrast"
  let requiredViews = 2
  let featureWidth: Int

  func makeObjective(random: inout RandomStream) -> (any Objective)? {
    ContrastiveObjective(featureWidth: featureWidth, random)
  }
  func plan(batch: BatchScope) -> any TaskPlan { self }
  func draw(sample: SampleScope) -> any TaskDraw { Draw() }
  private struct Draw: TaskDraw {}
}

/// Queries by projector and predictor, keys by the projector's average.
final class ContrastiveObjective: Objective {
  let projector: Projector
  let predictor: Linear
  let keyProjector: Projector
  let wantsTargetFeatures = true
  private static let temperature: Float = 0.2

  init(featureWidth: Int, _ random: RandomStream) {
    var trained = Initializer(random: random)
    projector = Projector(featureWidth, &trained)
    predictor = Linear(8, 8, initializer: &trained)
    // Other weights than the projector's: averages begin with their head's all the same.
    var following = Initializer(random: RandomStream(seed: 99, stream: "other"), trainable: false)
    keyProjector = Projector(featureWidth, &following)
  }

  var averagedHeads: [(head: any Module, average: any Module)] { [(projector, keyProjector)] }

  func callAsFunction(_ input: ObjectiveInput) -> [ObjectiveTerm] {
    let terms = [(0, 1), (1, 0)].map { seen, other in
      let query = normed(predictor(projector(meanTokens(input.contexts[seen].features))))
      let key = normed(keyProjector(meanTokens(input.targetFeatures[other]!.features)))
      let logits = linear(query, weight: key, bias: nil) * (1 / (8 * Self.temperature))
      return softmaxCrossEntropy(logits, classes: Array(0..<query.shape[0]))
    }
    return [ObjectiveTerm("contrast", terms[0] + terms[1])]
  }

  private func normed(_ x: Tensor) -> Tensor { layerNorm(x, weight: nil, bias: nil, epsilon: 1e-6) }

  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(projector, "projector")
    visitor.module(predictor, "predictor")
    visitor.module(keyProjector, "key_projector")
  }
}

final class Projector: Module {
  let (first, second): (Linear, Linear)
  init(_ width: Int, _ initializer: inout Initializer) {
    (first, second) = (
      Linear(width, 16, initializer: &initializer), Linear(16, 8, initializer: &initializer)
    )
  }
  func callAsFunction(_ x: Tensor) -> Tensor { second(gelu(first(x))) }
  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(first, "first")
    visitor.module(second, "second")
  }
}
