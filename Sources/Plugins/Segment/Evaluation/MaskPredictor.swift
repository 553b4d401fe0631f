import CoreTensor
import FineTuning
import Foundation
import Imaging
import SegmentationMetrics
import WorldModel

/// A fine-tuned network of masks, used on other radiographs.
struct MaskPredictor: RadiographPredictor {
  let classes: [String]
  let thresholds: [Double]
  private let network: SegmentationNetwork
  private let side: Int

  init(_ settings: SegmentSettings, _ state: EvaluationState, _ model: WorldModel) throws {
    let description = try KeptModel.description(state)
    (classes, thresholds) = (description.classes, description.thresholds)
    network = SegmentationNetwork(
      model, classes: classes.count, decoder: settings.decoder, isFrozen: false, seed: 0, trainable: false)
    try KeptModel.restore(state, into: network)
    side = model.shape.encoder.imageSize
  }

  func callAsFunction(_ radiographs: [GrayImage]) throws -> [RadiographPrediction] {
    let logits = network(KeptModel.input(radiographs, side: side))
    return radiographs.enumerated().map { place, radiograph in
      let own = slice(logits, place..<place + 1)
      let size = own.count / classes.count
      let values = own.values
      return RadiographPrediction(
        probabilities: classes.indices.map { number in
          1 / (1 + exp(-Double(values[number * size..<(number + 1) * size].max() ?? -.infinity)))
        },
        masks: SegmentationTask.masks(own, like: radiograph).map { mask in
          GrayImage(width: mask.columns, height: mask.rows, pixels: mask.pixels.map { $0 ? 1 : 0 })
        })
    }
  }
}
