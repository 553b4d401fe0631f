import CoreTensor
import FineTuning
import Imaging
import WorldModel

/// A fine-tuned classifier, used on other radiographs.
struct ClassPredictor: RadiographPredictor {
  let classes: [String]
  let thresholds: [Double]
  private let classifier: Classifier
  private let kind: LabelKind
  private let side: Int

  init(_ settings: FineTuneSettings, _ state: EvaluationState, _ model: WorldModel) throws {
    let description = try KeptModel.description(state)
    (classes, thresholds) = (description.classes, description.thresholds)
    classifier = Classifier(model, classes: classes.count, seed: 0, trainable: false)
    try KeptModel.restore(state, into: classifier)
    (kind, side) = (settings.kind, model.shape.encoder.imageSize)
  }

  func callAsFunction(_ radiographs: [GrayImage]) throws -> [RadiographPrediction] {
    let images = KeptModel.input(radiographs, side: side)
    let values = classifier.head(classifier.pooled(images)).values.map(Double.init)
    let rows = radiographs.indices.map { Array(values[$0 * classes.count..<($0 + 1) * classes.count]) }
    return RadiographScores.probabilities(of: rows, kind).map { RadiographPrediction(probabilities: $0) }
  }
}
