import CoreTensor
import FineTuning
import NeuralNetworks
import WorldModel

/// An encoder and a linear head on one vector an image, the mean of its tokens (spec section 9) or its class token.
final class Classifier: FineTunedNetwork {
  let encoder: any ImageEncoder
  let head: Linear
  private let pooling: Pooling

  /// - Parameters:
  ///   - networks: of the model, whose kind of encoder it takes.
  ///   - shape: of the encoder.
  ///   - pooling: what the head is on; the encoder has a class token where it is that.
  ///   - seed: of the head's first weights, and the encoder's where nothing is copied over them.
  ///   - trainable: false for a copy that only judges radiographs.
  init(
    _ networks: Networks, _ shape: VisionTransformerConfiguration, classes: Int, pooling: Pooling,
    seed: UInt64,
    trainable: Bool
  ) {
    self.pooling = pooling
    var start = Initializer(
      random: RandomStream(seed: seed, stream: "finetune.encoder"), trainable: trainable)
    encoder = networks.makeEncoder(shape, &start)
    var beginning = Initializer(
      random: RandomStream(seed: seed, stream: "finetune.head"), trainable: trainable)
    head = Linear(encoder.shape.width, classes, initializer: &beginning)
    for entry in entries { entry.parameter.name = entry.name }
  }

  /// images (B, 3, S, S) → (B, d)
  func pooled(_ images: Tensor, dropping: DropPath? = nil) -> Tensor {
    Observation.within("encoder") { encoder.pooled(images, by: pooling, dropping: dropping) }
  }

  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(encoder, "encoder")
    visitor.module(head, "head")
  }
}

/// What a classifier says of radiographs.
struct RadiographScores {
  /// Radiographs that could be used, in order.
  var radiographs: [Int] = []
  /// Logits, a row for each radiograph.
  var logits: [[Double]] = []
  /// What the head is on, a row for each radiograph.
  var features: [Float] = []

  /// - Parameter classifier: one without gradients.
  init(_ radiographs: [Int], _ classifier: Classifier, _ views: RadiographViews) throws {
    let classes = classifier.head.weight.shape[0]
    try PackedWeights.keeping {
      for start in stride(from: 0, to: radiographs.count, by: Self.batchSize) {
        let part = try views.whole(Array(radiographs[start..<min(radiographs.count, start + Self.batchSize)]))
        guard let images = part.images else { continue }
        let pooled = classifier.pooled(images)
        let values = classifier.head(pooled).values.map(Double.init)
        self.radiographs += part.radiographs
        features += pooled.values
        logits += part.radiographs.indices.map { Array(values[$0 * classes..<($0 + 1) * classes]) }
      }
    }
  }

  private static let batchSize = 64
}
