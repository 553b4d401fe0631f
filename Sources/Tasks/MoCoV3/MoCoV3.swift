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
    let norm: HeadNorm
  }

  private let projector: ContrastiveHead
  private let predictor: ContrastiveHead
  private let keyProjector: ContrastiveHead
  private let temperature: Float
  private let weight: Float
  let wantsTargetFeatures = true
  var averagedHeads: [(head: any Module, average: any Module)] { [(projector, keyProjector)] }

  init(_ shape: Shape, temperature: Float, weight: Float, random: RandomStream) {
    (self.temperature, self.weight) = (temperature, weight)
    var trained = Initializer(random: random)
    var following = Initializer(random: random, trainable: false)
    let widths = [shape.features, shape.hidden, shape.hidden, shape.width]
    projector = ContrastiveHead(widths, shape.norm, initializer: &trained)
    predictor = ContrastiveHead([shape.width, shape.hidden, shape.width], shape.norm, initializer: &trained)
    keyProjector = ContrastiveHead(widths, shape.norm, initializer: &following)
  }

  func callAsFunction(_ input: ObjectiveInput) -> [ObjectiveTerm] {
    let queries = input.contexts.map { normalized(predictor(projector(pooled($0.features)))) }
    let keys = input.targetFeatures.map { target in
      guard let target else { fail("moco-v3: a view without target features") }
      return normalized(keyProjector(pooled(target.features)))
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

  /// Target features may be layer-normed before an objective gets them. Here all are, so that queries and keys begin
  /// alike: (B, N, d) → (B, d).
  private func pooled(_ features: Tensor) -> Tensor {
    meanTokens(layerNorm(features, weight: nil, bias: nil, epsilon: 1e-5))
  }

  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(projector, "projector")
    visitor.module(predictor, "predictor")
    visitor.module(keyProjector, "key_projector")
  }
}

/// What a head's layers are normalised over.
enum HeadNorm: String, CaseIterable {
  /// Each feature over the micro-batch, by its own statistics in both heads, which are never evaluated (paper).
  case batch
  /// Each row over its features.
  case layer

  func callAsFunction(_ x: Tensor, weight: Tensor? = nil, bias: Tensor? = nil) -> Tensor {
    switch self {
    case .batch: batchNorm(x, weight: weight, bias: bias)
    case .layer: layerNorm(x, weight: weight, bias: bias, epsilon: 1e-5)
    }
  }
}

/// Linear layers without bias, each normalised: the hidden ones with scale and shift, then ReLU, the last one without
/// either.
final class ContrastiveHead: Module {
  private let layers: [Parameter]
  private let norms: [(weight: Parameter, bias: Parameter)]
  private let norm: HeadNorm

  /// - Parameter widths: of the input, of hidden layers and of the output.
  init(_ widths: [Int], _ norm: HeadNorm, initializer: inout Initializer) {
    self.norm = norm
    layers = zip(widths, widths.dropFirst()).map { initializer.truncatedNormal([$1, $0]) }
    norms = widths.dropFirst().dropLast().map {
      (initializer.constant(1, [$0]), initializer.constant(0, [$0]))
    }
  }

  /// (B, inputs) → (B, outputs)
  func callAsFunction(_ x: Tensor) -> Tensor {
    let hidden = zip(layers, norms).reduce(x) { x, layer in
      let product = linear(x, weight: layer.0.tensor, bias: nil)
      return relu(norm(product, weight: layer.1.weight.tensor, bias: layer.1.bias.tensor))
    }
    return norm(linear(hidden, weight: layers[layers.count - 1].tensor, bias: nil))
  }

  func visit(_ visitor: inout ParameterVisitor) {
    for (index, layer) in layers.enumerated() { visitor.parameter(layer, "layers.\(index).weight") }
    for (index, norm) in norms.enumerated() {
      visitor.parameter(norm.weight, "norms.\(index).weight")
      visitor.parameter(norm.bias, "norms.\(index).bias")
    }
  }
}
