import FineTuning
import Foundation
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

  /// - Throws: `FineTuneError` where shots are no whole numbers, or something stands there twice.
  init(_ options: Options) throws {
    kind = LabelKind(rawValue: options.text("loss"))!
    let shots = options.numbers("shots")
    if let odd = shots.first(where: { $0 != $0.rounded() }) {
      throw FineTuneError("option shots: expected whole numbers of cases a class, found \(odd)")
    }
    training = try TrainingSettings(
      options,
      regimes: options.numbers("fraction").map(Regime.fraction) + shots.map { Regime.shots(Int($0)) },
      draws: options.integer("draws"))
    let jitter = options.number("jitter")
    views = ViewSettings(
      area: options.interval("crop_area"), mirrorProbability: options.number("mirror_probability"),
      jitterProbability: jitter > 0 ? 0.8 : 0, jitterBrightness: 1 - jitter...1 + jitter,
      jitterContrast: 1 - jitter...1 + jitter)
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
    + TrainingSettings.training(
      .init(epochs: 30, minimumSteps: 600, batchSize: 32, learningRate: 1e-4, layerDecay: 0.75, dropPath: 0.6)
    )
    + augmentation + TrainingSettings.choosing

  private static let augmentation = [
    OptionDeclaration(
      "crop_area", .interval(default: 0.5...1, in: 0.01...1),
      help: "Share of a training image's area that a crop takes."),
    OptionDeclaration(
      "mirror_probability", .number(default: 0.5, in: 0...1),
      help: "Probability that a training image is mirrored."),
    OptionDeclaration(
      "jitter", .number(default: 0.4, in: 0...1),
      help: "How far a training image's brightness and contrast change, either way."),
  ]
}
