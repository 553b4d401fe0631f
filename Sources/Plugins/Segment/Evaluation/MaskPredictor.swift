import CoreTensor
import FineTuning
import Foundation
import Imaging
import NeuralNetworks
import SegmentationMetrics
import WorldModel

/// A fine-tuned network of masks, used on other radiographs.
struct MaskPredictor: RadiographPredictor {
  let classes: [String]
  let thresholds: [Double]
  let hasMasks = true
  private let segmentation: SegmentationNetwork
  private let side: Int
  private let decoder: DecoderKind

  init(
    _ settings: SegmentSettings, _ state: EvaluationState, _ networks: Networks,
    _ pretrained: VisionTransformerConfiguration
  ) throws {
    let description = try KeptModel.description(state)
    decoder = settings.decoder
    (classes, thresholds) = (description.classes, description.thresholds)
    let shape = try settings.training.encoderShape(pretrained)
    segmentation = SegmentationNetwork(
      networks, shape, classes: classes.count, decoder: settings.decoder, isFrozen: false, seed: 0,
      trainable: false)
    try KeptModel.restore(state, into: segmentation)
    side = shape.imageSize
  }

  var network: PredictorNetwork? {
    PredictorNetwork(
      segmentation, encoder: segmentation.encoder,
      description: decoder == .linear
        ? "logits of the classes' masks in their order: decoder.head, a 1x1 convolution, of the encoder's tokens as an image, "
          + "enlarged bilinearly; sigmoid gives probabilities"
        : "logits of the classes' masks in their order, of a feature pyramid and a U-Net on the encoder's tokens, which "
          + "docs/weights.md has in PyTorch; sigmoid gives probabilities")
  }

  func callAsFunction(_ radiographs: [GrayImage]) throws -> [RadiographPrediction] {
    let logits = segmentation(KeptModel.input(radiographs, side: side))
    return radiographs.enumerated().map { place, radiograph in
      let own = slice(logits, place..<place + 1)
      let size = own.count / classes.count
      let values = own.values
      return RadiographPrediction(
        probabilities: classes.indices.map { number in
          1 / (1 + exp(-Double(values[number * size..<(number + 1) * size].max() ?? -.infinity)))
        },
        masks: SegmentationTask.masks(
          SegmentationTask.resized(own, like: radiograph), like: radiograph
        ).map { mask in
          GrayImage(width: mask.columns, height: mask.rows, pixels: mask.pixels.map { $0 ? 1 : 0 })
        })
    }
  }
}
