import FineTuning
import Foundation
import NeuralNetworks
import WorldModel

/// What a radiograph's label is.
enum LabelKind: String, CaseIterable {
  /// Any number of findings; binary cross-entropy, judged by AUROC.
  case multi = "binary"
  /// One of several classes; softmax cross-entropy, judged by accuracy.
  case single = "cross-entropy"
}

/// The options of the evaluation, typed. Defaults are those of spec section 9 for a ViT-B where it states them.
struct FineTuneSettings: Sendable, Equatable {
  let kind: LabelKind
  let training: TrainingSettings
  let views: ViewSettings
  let pooling: Pooling

  /// - Throws: `FineTuneError` where shots are no whole numbers, or something stands there twice.
  init(_ options: Options) throws {
    kind = LabelKind(rawValue: options.text("loss"))!
    let shots = try TrainingSettings.counts(options, "shots", of: "cases a class")
    training = try TrainingSettings(
      options,
      regimes: options.numbers("fraction").map(Regime.fraction) + shots.map(Regime.shots),
      draws: options.integer("draws"))
    views = TrainingSettings.views(options)
    pooling = Pooling(rawValue: options.text("pooling"))!
  }

  static let declarations =
    TrainingSettings.shares + [
      OptionDeclaration(
        "shots", .numbers(default: [], in: 1...1000),
        help: "Cases a class to learn from, each of another patient, in place of shares."),
      OptionDeclaration(
        "draws", .integer(default: 5, in: 1...100), help: "How many trials each number of shots has."),
      TrainingSettings.origin,
      OptionDeclaration(
        "loss", .choice(default: LabelKind.multi.rawValue, of: LabelKind.allCases.map(\.rawValue)),
        help:
          "The loss is binary where an image has any number of findings, cross-entropy where it is of one class."
      ),
    ]
    + [
      OptionDeclaration(
        "pooling", .choice(default: Pooling.mean.rawValue, of: Pooling.allCases.map(\.rawValue)),
        help: "What the head is on: the mean over patches, or the class token of an encoder that has one.")
    ]
    + TrainingSettings.sizes
    + TrainingSettings.training(
      .init(epochs: 30, minimumSteps: 600, batchSize: 32, learningRate: 1e-4, layerDecay: 0.75, dropPath: 0.6)
    )
    + TrainingSettings.augmentation(
      cropArea: 0.5...1, cropHelp: "Share of a training image's area that a crop takes.",
      mirrorHelp: "Probability that a training image is mirrored.", jitter: 0.4)
    + TrainingSettings.choosing
}
