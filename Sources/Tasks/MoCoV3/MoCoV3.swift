import CoreTensor
import NeuralNetworks
import WorldModel

/// The symmetric contrastive loss (paper, algorithm 1).
///
/// Parameters: `tasks.moco-v3.projector`, `.predictor`, and `.key_projector`, which follows the first.
final class MoCoV3: Objective {
  struct Shape {
    let features: Int
    let hidden: Int
    let width: Int
    let norm: ProjectionNorm
  }

  private let projector: ProjectionHead
  private let predictor: ProjectionHead
  private let keyProjector: ProjectionHead
  private let temperature: Float
  private let weight: Float
  let wantsTargetFeatures = true
  var averagedHeads: [(head: any Module, average: any Module)] { [(projector, keyProjector)] }

  init(_ shape: Shape, temperature: Float, weight: Float, random: RandomStream) {
    (self.temperature, self.weight) = (temperature, weight)
    var trained = Initializer(random: random)
    var following = Initializer(random: random, trainable: false)
    let widths = [shape.features, shape.hidden, shape.hidden, shape.width]
    projector = Self.head(widths, shape.norm, &trained)
    predictor = Self.head([shape.width, shape.hidden, shape.width], shape.norm, &trained)
    keyProjector = Self.head(widths, shape.norm, &following)
  }

  private static func head(
    _ widths: [Int], _ norm: ProjectionNorm, _ initializer: inout Initializer
  ) -> ProjectionHead {
    ProjectionHead(widths, norm: norm, normalizesLast: true, initializer: &initializer)
  }

  func callAsFunction(_ input: ObjectiveInput) -> [ObjectiveTerm] {
    let queries = input.contexts.map { normalized(predictor(projector(pooledFeatures($0.features)))) }
    let keys = input.targetFeatures.map { target in
      guard let target else { fail("moco-v3: a view without target features") }
      return normalized(keyProjector(pooledFeatures(target.features)))
    }
    let batch = queries[0].shape[0]
    require(batch > 1, "moco-v3: a micro-batch of \(batch) radiograph has no other one; expected 2 or more")
    let pairs = queries.indices.flatMap { query in
      keys.indices.filter { $0 != query }.map { (query, $0) }
    }
    let losses = pairs.map { query, key in
      softmaxCrossEntropy(
        linear(queries[query], weight: keys[key], bias: nil) * (1 / temperature), classes: Array(0..<batch))
    }
    // Two crops make two pairs, whose sum the paper takes; several have as much weight as two.
    let sum = losses.dropFirst().reduce(losses[0], +) * (2 / Float(losses.count))
    return [ObjectiveTerm("contrast", sum * (2 * temperature), weight: weight)]
  }

  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(projector, "projector")
    visitor.module(predictor, "predictor")
    visitor.module(keyProjector, "key_projector")
  }
}
