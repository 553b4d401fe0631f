import CoreTensor
import FineTuning
import Imaging
import NeuralNetworks
import WorldModel

/// A fine-tuned classifier, used on other radiographs.
struct ClassPredictor: RadiographPredictor {
  let classes: [String]
  let thresholds: [Double]
  private let classifier: Classifier
  private let kind: LabelKind
  private let pooling: Pooling
  private let side: Int

  init(
    _ settings: FineTuneSettings, _ state: EvaluationState, _ networks: Networks,
    _ pretrained: VisionTransformerConfiguration
  ) throws {
    let description = try KeptModel.description(state)
    (classes, thresholds) = (description.classes, description.thresholds)
    let shape = try settings.training.encoderShape(pretrained)
    classifier = Classifier(
      networks, shape, classes: classes.count, pooling: settings.pooling, seed: 0, trainable: false)
    try KeptModel.restore(state, into: classifier)
    (kind, pooling, side) = (settings.kind, settings.pooling, shape.imageSize)
  }

  var network: PredictorNetwork? {
    PredictorNetwork(
      classifier, encoder: classifier.encoder,
      description:
        "logits = head.weight · \(pooling == .class ? "class token" : "mean of the encoder's tokens") + head.bias, of the "
        + "classes in their order; "
        + (kind == .multi ? "sigmoid for each" : "softmax over all") + " gives probabilities")
  }

  func callAsFunction(_ radiographs: [GrayImage]) throws -> [RadiographPrediction] {
    let images = KeptModel.input(radiographs, side: side)
    let values = classifier.head(classifier.pooled(images)).values.map(Double.init)
    let rows = radiographs.indices.map { Array(values[$0 * classes.count..<($0 + 1) * classes.count]) }
    return RadiographScores.probabilities(of: rows, kind).map { RadiographPrediction(probabilities: $0) }
  }
}
