import CoreTensor
import FineTuning
import Metrics
import NeuralNetworks
import WorldModel

/// Fine-tuning for classes of radiographs.
struct ClassificationTask: FineTuneTask {
  let labels: RadiographLabels
  let views: RadiographViews
  let pooling: Pooling

  func network(
    _ networks: Networks, _ shape: VisionTransformerConfiguration, seed: UInt64, trainable: Bool
  ) -> Classifier {
    Classifier(
      networks, shape, classes: labels.classes.count, pooling: pooling, seed: seed, trainable: trainable)
  }

  func loss(
    _ network: Classifier, _ radiographs: [Int], step: Int, seed: UInt64, dropping: (Int) -> DropPath?
  ) throws -> (loss: Tensor, radiographs: [Int])? {
    let batch = try views.augmented(radiographs) {
      RandomStream(seed: seed, stream: "finetune.view", step: step, index: $0)
    }
    guard let images = batch.images else { return nil }
    let pooled = network.pooled(images, dropping: dropping(batch.radiographs.count))
    return (labels.loss(network.head(pooled), batch.radiographs), batch.radiographs)
  }

  func judge(
    _ network: Classifier, _ radiographs: [Int], isTest: Bool
  ) throws -> Judged<SplitMetrics, [[Double]]> {
    let scores = try RadiographScores(radiographs, network, views)
    let metrics = try SplitMetrics(scores, labels)
    let isSame = scores.logits.count > 1 && scores.logits.allSatisfy { $0 == scores.logits[0] }
    return Judged(
      metrics, radiographs: scores.radiographs, answers: isTest ? scores.probabilities(labels.kind) : [],
      row: row(metrics, scores, width: network.encoder.shape.width),
      collapse: isSame
        ? "every validation radiograph has the same score: the features have collapsed; lower the learning rate"
        : nil)
  }

  func description(_ network: Classifier, validation: [Int]) throws -> KeptModel.Description {
    let scores = try RadiographScores(validation, network, views)
    let probabilities = scores.probabilities(labels.kind)
    return KeptModel.Description(
      classes: labels.classes,
      thresholds: labels.classes.indices.map { number in
        KeptModel.threshold(
          probabilities.map { $0[number] }, scores.radiographs.map { labels[$0][number] })
      })
  }

  private func row(
    _ metrics: SplitMetrics, _ scores: RadiographScores, width: Int
  ) -> [(name: String, value: Double)] {
    var row: [(name: String, value: Double)] = [("validation_loss", metrics.loss)]
    if let area = metrics.meanAuroc { row.append(("validation_auroc", area)) }
    if let accuracy = metrics.accuracy { row.append(("validation_accuracy", accuracy)) }
    if scores.radiographs.count > 1 {
      let spread = FeatureSpread(Array(scores.features.prefix(Self.rankRadiographs * width)), width: width)
      row += [("feature_deviation", spread.deviation), ("effective_rank", spread.rank)]
    }
    return row
  }

  /// Radiographs that the rank of features is taken of, at most.
  private static let rankRadiographs = 256
}
