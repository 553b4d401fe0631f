import Foundation
import WorldModel

/// What a radiograph's label is.
enum LabelKind: String, CaseIterable {
  /// Any number of findings; binary cross-entropy, judged by AUROC.
  case multi = "binary"
  /// One of several classes; softmax cross-entropy, judged by accuracy.
  case single = "cross-entropy"
}

/// Where the encoder that is fine-tuned comes from.
enum EncoderOrigin: String, CaseIterable { case target, context, scratch }

/// Of which radiographs those are taken that choose the epoch, where the source names none for it.
enum ValidationOrigin: String, CaseIterable {
  /// Of all radiographs that may be learnt from, whatever share of them is.
  case train
  /// Of the few that a share or shots leave.
  case subset
}

/// The options of an evaluation, typed. Defaults are those of spec section 9 for a ViT-B where it states them.
struct FineTuneSettings: Sendable, Equatable {
  let kind: LabelKind
  let origin: EncoderOrigin
  let regimes: [Regime]
  let seeds: Int
  let draws: Int
  let epochs: Int
  let minimumSteps: Int
  let patience: Int
  let batchSize: Int
  let learningRate: Double
  let layerDecay: Double
  let dropPath: Double
  let weightDecay: Double
  let clipNorm: Double
  let warmupEpochs: Double
  let views: ViewSettings
  let validation: ValidationOrigin
  let validationFraction: Double

  /// - Throws: `FineTuneError` where shots are no whole numbers, or nothing is asked for.
  init(_ options: Options) throws {
    kind = LabelKind(rawValue: options.text("loss"))!
    origin = EncoderOrigin(rawValue: options.text("from"))!
    let shots = options.numbers("shots")
    if let odd = shots.first(where: { $0 != $0.rounded() }) {
      throw FineTuneError("option shots: expected whole numbers of cases a class, found \(odd)")
    }
    let fractions = options.numbers("fraction")
    let regimes =
      (fractions.isEmpty && shots.isEmpty ? [1] : fractions).map(Regime.fraction)
      + shots.map { Regime.shots(Int($0)) }
    if let twice = regimes.indices.first(where: { regimes[..<$0].contains(regimes[$0]) }) {
      throw FineTuneError("options fraction and shots: \(regimes[twice].name) stands there twice; keep one")
    }
    self.regimes = regimes
    (seeds, draws) = (options.integer("seeds"), options.integer("draws"))
    (epochs, minimumSteps) = (options.integer("epochs"), options.integer("minimum_steps"))
    (patience, batchSize) = (options.integer("patience"), options.integer("batch_size"))
    (learningRate, layerDecay) = (options.number("learning_rate"), options.number("layer_decay"))
    (dropPath, weightDecay) = (options.number("drop_path"), options.number("weight_decay"))
    (clipNorm, warmupEpochs) = (options.number("clip_norm"), options.number("warmup_epochs"))
    let jitter = options.number("jitter")
    views = ViewSettings(
      area: options.interval("crop_area"), mirrorProbability: options.number("mirror_probability"),
      jitterProbability: jitter > 0 ? 0.8 : 0, jitterBrightness: 1 - jitter...1 + jitter,
      jitterContrast: 1 - jitter...1 + jitter)
    validation = ValidationOrigin(rawValue: options.text("validation"))!
    validationFraction = options.number("validation_fraction")
  }

  static let declarations: [OptionDeclaration] =
    [
      OptionDeclaration(
        "fraction", .numbers(default: [], in: 0.0001...1),
        help:
          "Shares of the patients to learn from; all of them where neither shares nor shots are given. Of one seed a "
          + "smaller share is part of a larger."),
      OptionDeclaration(
        "seeds", .integer(default: 5, in: 1...100), help: "How many trials each share has."),
      OptionDeclaration(
        "shots", .numbers(default: [], in: 1...1000),
        help: "Cases a class to learn from, each of another patient, in place of shares."),
      OptionDeclaration(
        "draws", .integer(default: 5, in: 1...100), help: "How many trials each number of shots has."),
      OptionDeclaration(
        "from", .choice(default: EncoderOrigin.target.rawValue, of: EncoderOrigin.allCases.map(\.rawValue)),
        help: "The encoder: the run's target or context encoder, or one that each seed initialises anew."),
      OptionDeclaration(
        "loss", .choice(default: LabelKind.multi.rawValue, of: LabelKind.allCases.map(\.rawValue)),
        help:
          "The loss is binary where an image has any number of findings, cross-entropy where it is of one class."
      ),
    ] + training + augmentation

  private static let training = [
    OptionDeclaration(
      "epochs", .integer(default: 30, in: 1...10_000), help: "Passes over the images, at most."),
    OptionDeclaration(
      "minimum_steps", .integer(default: 600, in: 0...1_000_000),
      help: "Steps of a trial, at least: where images are few, an epoch passes over them several times."),
    OptionDeclaration(
      "patience", .integer(default: 10, in: 0...10_000),
      help: "Epochs without gain after which a trial ends; 0 = never."),
    OptionDeclaration("batch_size", .integer(default: 32, in: 1...4096), help: "Images a step."),
    OptionDeclaration(
      "learning_rate", .number(default: 1e-4, in: 1e-8...1),
      help: "Learning rate of the head and the last norm, at its peak."),
    OptionDeclaration(
      "layer_decay", .number(default: 0.75, in: 0.01...1),
      help: "Factor on the learning rate from each block to the one below."),
    OptionDeclaration(
      "drop_path", .number(default: 0.6, in: 0...0.95),
      help: "Probability that an image skips a branch of the last block; it falls to 0 at the first."),
    OptionDeclaration(
      "weight_decay", .number(default: 0.05, in: 0...10),
      help: "Weight decay; parameters of one dimension have none."),
    OptionDeclaration(
      "clip_norm", .number(default: 1, in: 0...1000), help: "Largest norm of a gradient; 0 = any."),
    OptionDeclaration(
      "warmup_epochs", .number(default: 3, in: 0...10_000),
      help: "Epochs in which the learning rate rises; half of all at most."),
  ]

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
    OptionDeclaration(
      "validation",
      .choice(default: ValidationOrigin.train.rawValue, of: ValidationOrigin.allCases.map(\.rawValue)),
      help:
        "Where no split is named for validation, its images are taken from all training patients (train), or only "
        + "from those learnt from (subset)."),
    OptionDeclaration(
      "validation_fraction", .number(default: 0.1, in: 0...0.5),
      help: "Share of the patients that validation takes."),
  ]
}

/// How much a trial may learn from.
enum Regime: Sendable, Equatable, Hashable {
  /// A share of the patients.
  case fraction(Double)
  /// Cases a class.
  case shots(Int)

  /// `"1% of labels"`
  var name: String {
    switch self {
    case .fraction(let share): String(format: "%g%% of labels", share * 100)
    case .shots(let count): count == 1 ? "1 shot" : "\(count) shots"
    }
  }

  /// Begins the names of files.
  var key: String {
    switch self {
    case .fraction(let share): String(format: "fraction-%g", share)
    case .shots(let count): "shots-\(count)"
    }
  }
}

/// What the radiographs or the model lack, or what went wrong.
struct FineTuneError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
