import CoreTensor
import FineTuning
import Foundation
import Imaging
import NeuralNetworks
import SegmentationMetrics
import WorldModel

/// Fine-tuning for masks: Dice and binary cross-entropy, equally weighted.
struct SegmentationTask: FineTuneTask {
  let labels: MaskLabels
  let views: MaskViews
  let settings: SegmentSettings
  /// Of distances between outlines.
  let unit: DistanceUnit
  private static let batchSize = 16

  func network(
    _ networks: Networks, _ shape: VisionTransformerConfiguration, seed: UInt64, trainable: Bool
  ) -> SegmentationNetwork {
    SegmentationNetwork(
      networks, shape, classes: labels.classes.count, decoder: settings.decoder, isFrozen: settings.isFrozen,
      seed: seed,
      trainable: trainable)
  }

  func loss(
    _ network: SegmentationNetwork, _ radiographs: [Int], step: Int, seed: UInt64,
    dropping: (Int) -> DropPath?
  ) throws -> (loss: Tensor, radiographs: [Int])? {
    let batch = try views.augmented(radiographs) {
      RandomStream(seed: seed, stream: "segment.view", step: step, index: $0)
    }
    guard let batch else { return nil }
    let dropping = settings.isFrozen ? nil : dropping(batch.radiographs.count)
    let logits = network(batch.images, dropping: dropping)
    return (MaskLoss.diceAndCrossEntropy(logits, batch.masks), batch.radiographs)
  }

  func judge(
    _ network: SegmentationNetwork, _ radiographs: [Int], isTest: Bool
  ) throws -> Judged<SegmentationFigures, SegmentationAnswers> {
    var images: [SegmentationAnswers.Image] = []
    var kept: [Int] = []
    var soft = SoftOverlap()
    try PackedWeights.keeping {
      for start in stride(from: 0, to: radiographs.count, by: Self.batchSize) {
        let part = Array(radiographs[start..<min(radiographs.count, start + Self.batchSize)])
        let batch = try views.whole(part)
        guard !batch.isEmpty else { continue }
        let logits = network(InputNormalization.tensor(batch.map(\.image)))
        for (place, image) in batch.enumerated() {
          let own = Self.resized(slice(logits, place..<place + 1), like: image.masks[0])
          if !isTest { soft.add(own, image.masks) }
          let predicted = Self.masks(own, like: image.masks[0])
          images.append(
            .init(
              truth: image.masks.map(Mask.init), predicted: predicted,
              spacing: isTest ? unit == .millimetres ? image.spacing : .one : nil,
              tolerance: settings.tolerance))
          kept.append(image.radiograph)
        }
      }
    }
    let figures = SegmentationFigures(images, classes: labels.classes, soft: isTest ? nil : soft)
    var answers = SegmentationAnswers(images: isTest ? images : [])
    if isTest { answers.keepMasks(Self.shown) }
    return Judged(
      figures, radiographs: kept, answers: answers,
      row: [("validation_dice", figures.choice), ("validation_soft_dice", figures.soft)].compactMap {
        name, value in
        value.map { (name, $0) }
      }
    )
  }

  func description(_ network: SegmentationNetwork, validation: [Int]) throws -> KeptModel.Description {
    KeptModel.Description(classes: labels.classes, thresholds: labels.classes.map { _ in 0.5 })
  }

  /// Images whose masks are kept for a sheet: so many of the worst, the middle and the best.
  private static let shown = 4

  /// The logits of one radiograph in its own pixels, one class after another.
  static func resized(_ logits: Tensor, like image: GrayImage) -> [Float] {
    CoreTensor.resized(logits, height: image.height, width: image.width).values
  }

  /// Where logits are above 0.
  static func masks(_ logits: [Float], like image: GrayImage) -> [Mask] {
    let size = image.height * image.width
    return (0..<logits.count / size).map { number in
      Mask(
        rows: image.height, columns: image.width,
        pixels: logits[number * size..<(number + 1) * size].map { $0 > 0 })
    }
  }
}

/// Losses of masks.
enum MaskLoss {
  /// Mean over classes of 1 - Dice of probabilities, plus the mean binary cross-entropy of all pixels. Dice is of all
  /// pixels of the batch together, as nnU-Net has it: image by image, those without a finding, which are most, would
  /// each give a whole Dice for finding nothing.
  /// - Parameters:
  ///   - logits: (B, classes, S, S)
  ///   - masks: likewise, 0 or 1.
  static func diceAndCrossEntropy(_ logits: Tensor, _ masks: Tensor) -> Tensor {
    let probabilities = sigmoid(logits)
    let both = (probabilities * masks).sum(over: [0, 2, 3])
    let all = probabilities.sum(over: [0, 2, 3]) + masks.sum(over: [0, 2, 3])
    // One pixel more on either side, so that nothing of nothing is found whole.
    let dice = (both * 2 + 1) / (all + 1)
    let crossEntropy = relu(logits) - logits * masks + log(exp(-abs(logits)) + 1)
    return (1 - dice).mean() + crossEntropy.mean()
  }
}
