import FineTuning
import Foundation
import WorldModel

/// What makes masks of the encoder's tokens.
enum DecoderKind: String, CaseIterable, Sendable {
  /// Four stages of 8, 16, 32 and 64 channels, as the paper states them.
  case paper
  /// The same of 32, 64, 128 and 256 channels, the default of the authors' released code.
  case published
  /// One product a token, its mask made larger.
  case linear

  /// Channels of the stage of the finest features, from which the others follow by doubling; nil without stages.
  var base: Int? {
    switch self {
    case .paper: 8
    case .published: 32
    case .linear: nil
    }
  }
}

/// The options of the evaluation, typed. Defaults are the paper's where it states them (spec/beyond, section 11).
struct SegmentSettings: Sendable, Equatable {
  /// Masks to learn, sorted; empty for all that training radiographs have.
  let classes: [String]
  let decoder: DecoderKind
  let isFrozen: Bool
  let training: TrainingSettings
  let views: ViewSettings
  /// How far an outline may be off and still count for the surface Dice: millimetres, or pixels of the radiograph.
  let tolerance: Double

  /// - Throws: `FineTuneError` where numbers of patients are no whole numbers, or something stands there twice.
  init(_ options: Options) throws {
    classes = options.texts("masks").sorted()
    decoder = DecoderKind(rawValue: options.text("decoder"))!
    isFrozen = options.boolean("frozen")
    tolerance = options.number("tolerance")
    let patients = try TrainingSettings.counts(options, "patients", of: "patients")
    training = try TrainingSettings(
      options,
      regimes: options.numbers("fraction").map(Regime.fraction) + patients.map(Regime.patients))
    views = TrainingSettings.views(options, aspect: 0.9...1 / 0.9)
  }

  static let declarations =
    [
      OptionDeclaration(
        "masks", .texts(default: []),
        help: "Masks to learn, by name, each a class of its own; empty = all that training images have."),
      OptionDeclaration(
        "decoder", .choice(default: DecoderKind.paper.rawValue, of: DecoderKind.allCases.map(\.rawValue)),
        help:
          "What makes masks of tokens: a U-Net of 8 to 64 channels (paper) or of 32 to 256 (published), or one product "
          + "a token (linear)."),
      OptionDeclaration(
        "frozen", .boolean(default: false), help: "Leave the encoder as it is, and train the decoder alone."),
      OptionDeclaration(
        "patients", .numbers(default: [], in: 1...1_000_000),
        help: "Numbers of patients to learn from, in place of shares."),
      OptionDeclaration(
        "tolerance", .number(default: 2, in: 0...1000),
        help:
          "How far an outline may be off and still count for the surface Dice, in millimetres where "
          + "the pixel spacing of every labelled image is known, else in pixels of the image."),
      TrainingSettings.origin,
    ] + TrainingSettings.shares + TrainingSettings.sizes
    + TrainingSettings.training(
      .init(epochs: 40, minimumSteps: 400, batchSize: 16, learningRate: 2e-4, layerDecay: 0.8, dropPath: 0.1))
    + TrainingSettings.augmentation(
      cropArea: 0.6...1,
      cropHelp: "Share of a training image's area that a crop takes, image and mask alike.",
      mirrorHelp: "Probability that a training image is mirrored; 0 where a mask is of one side.", jitter: 0.2
    )
    + TrainingSettings.choosing
}
