import Foundation
import NeuralNetworks
import WorldModel

/// Where the encoder that is fine-tuned comes from.
package enum EncoderOrigin: String, CaseIterable, Sendable {
  /// Of runs that have no target encoder, `model.target_encoder = "absent"`, the one encoder that they have.
  case target
  case context
  case scratch

  /// The encoder that is taken of a model.
  package func taken(of model: WorldModel) -> EncoderOrigin {
    self == .target && model.targetEncoder == nil ? .context : self
  }

  /// `"its target encoder"`, or `"scratch"`.
  package func words(of model: WorldModel) -> String {
    let own = taken(of: model)
    return own == .scratch
      ? "scratch" : "its \(own.rawValue) encoder" + (own == self ? "" : ", as it has no target encoder")
  }
}

/// Of which radiographs those are taken that choose the epoch, where the source names none for it.
package enum ValidationOrigin: String, CaseIterable, Sendable {
  /// Of all radiographs that may be learnt from, whatever share of them is.
  case train
  /// Of the few that a share or shots leave.
  case subset
}

/// How trials learn, whatever they learn: the options that all kinds of fine-tuning have.
package struct TrainingSettings: Sendable, Equatable {
  package let origin: EncoderOrigin
  package let regimes: [Regime]
  package let seeds: Int
  package let draws: Int
  package let epochs: Int
  package let minimumSteps: Int
  package let patience: Int
  package let batchSize: Int
  package let learningRate: Double
  package let layerDecay: Double
  package let dropPath: Double
  package let weightDecay: Double
  package let clipNorm: Double
  package let warmupEpochs: Double
  package let validation: ValidationOrigin
  package let validationFraction: Double
  /// Sides of the input and of a patch in pixels; nil for those of the run.
  package let imageSize: Int?
  package let patchSize: Int?

  /// - Parameter regimes: how much trials learn from; all of the labels where there are none.
  /// - Throws: `FineTuneError` where one stands there twice.
  package init(_ options: Options, regimes given: [Regime], draws: Int = 1) throws {
    let regimes = given.isEmpty ? [.fraction(1)] : given
    if let twice = regimes.indices.first(where: { regimes[..<$0].contains(regimes[$0]) }) {
      throw FineTuneError("options: \(regimes[twice].name) stands there twice; keep one")
    }
    (self.regimes, self.draws) = (regimes, draws)
    origin = EncoderOrigin(rawValue: options.text("from"))!
    seeds = options.integer("seeds")
    (epochs, minimumSteps) = (options.integer("epochs"), options.integer("minimum_steps"))
    (patience, batchSize) = (options.integer("patience"), options.integer("batch_size"))
    (learningRate, layerDecay) = (options.number("learning_rate"), options.number("layer_decay"))
    (dropPath, weightDecay) = (options.number("drop_path"), options.number("weight_decay"))
    (clipNorm, warmupEpochs) = (options.number("clip_norm"), options.number("warmup_epochs"))
    validation = ValidationOrigin(rawValue: options.text("validation"))!
    validationFraction = options.number("validation_fraction")
    func size(_ name: String) -> Int? { options.integer(name) > 0 ? options.integer(name) : nil }
    (imageSize, patchSize) = (size("image_size"), size("patch_size"))
  }

  /// The sizes of the encoder that is fine-tuned, of those that it was pre-trained with.
  /// - Throws: `FineTuneError` where patches do not fill the image.
  package func encoderShape(
    _ pretrained: VisionTransformerConfiguration
  ) throws -> VisionTransformerConfiguration {
    var shape = pretrained
    (shape.imageSize, shape.patchSize) = (imageSize ?? shape.imageSize, patchSize ?? shape.patchSize)
    guard shape.imageSize % shape.patchSize == 0 else {
      throw FineTuneError(
        "options image_size and patch_size: expected a side of the image that patches fill, found \(shape.imageSize) "
          + "and \(shape.patchSize); take a multiple of \(shape.patchSize)")
    }
    return shape
  }

  /// Shares of the patients, and trials of each.
  package static let shares = [
    OptionDeclaration(
      "fraction", .numbers(default: [], in: 0.0001...1),
      help:
        "Shares of the patients to learn from; all of them where nothing else is given. Of one seed a smaller share "
        + "is part of a larger."),
    OptionDeclaration(
      "seeds", .integer(default: 5, in: 1...100), help: "How many trials each share has."),
  ]

  package static let origin = OptionDeclaration(
    "from", .choice(default: EncoderOrigin.target.rawValue, of: EncoderOrigin.allCases.map(\.rawValue)),
    help:
      "The encoder: the run's target encoder (of runs that have none, the one that they have), its context encoder, or "
      + "one that each seed initialises anew.")

  /// Sizes other than those of pre-training.
  package static let sizes = [
    OptionDeclaration(
      "image_size", .integer(default: 0, in: 0...4096),
      help: "Side of the input in pixels; positions are resampled. 0 = as pre-trained."),
    OptionDeclaration(
      "patch_size", .integer(default: 0, in: 0...256),
      help:
        "Side of a patch in pixels; the encoder sees smaller patches as though they were enlarged. 0 = as pre-trained."
    ),
  ]

  /// What differs from one kind of fine-tuning to another.
  package struct Defaults: Sendable {
    let epochs: Int
    let minimumSteps: Int
    let batchSize: Int
    let learningRate: Double
    let layerDecay: Double
    let dropPath: Double

    package init(
      epochs: Int, minimumSteps: Int, batchSize: Int, learningRate: Double, layerDecay: Double,
      dropPath: Double
    ) {
      (self.epochs, self.minimumSteps, self.batchSize) = (epochs, minimumSteps, batchSize)
      (self.learningRate, self.layerDecay, self.dropPath) = (learningRate, layerDecay, dropPath)
    }
  }

  package static func training(_ defaults: Defaults) -> [OptionDeclaration] {
    [
      OptionDeclaration(
        "epochs", .integer(default: defaults.epochs, in: 1...10_000), help: "Passes over the images, at most."
      ),
      OptionDeclaration(
        "minimum_steps", .integer(default: defaults.minimumSteps, in: 0...1_000_000),
        help: "Steps of a trial, at least: where images are few, an epoch passes over them several times."),
      OptionDeclaration(
        "patience", .integer(default: 10, in: 0...10_000),
        help: "Epochs without gain after which a trial ends; 0 = never."),
      OptionDeclaration(
        "batch_size", .integer(default: defaults.batchSize, in: 1...4096), help: "Images a step."),
      OptionDeclaration(
        "learning_rate", .number(default: defaults.learningRate, in: 1e-8...1),
        help: "Learning rate of the head and the last norm, at its peak."),
      OptionDeclaration(
        "layer_decay", .number(default: defaults.layerDecay, in: 0.01...1),
        help: "Factor on the learning rate from each block to the one below."),
      OptionDeclaration(
        "drop_path", .number(default: defaults.dropPath, in: 0...0.95),
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
  }

  /// How training images differ from epoch to epoch.
  package static func augmentation(
    cropArea: ClosedRange<Double>, cropHelp: String, mirrorHelp: String, jitter: Double
  ) -> [OptionDeclaration] {
    [
      OptionDeclaration("crop_area", .interval(default: cropArea, in: 0.01...1), help: cropHelp),
      OptionDeclaration("mirror_probability", .number(default: 0.5, in: 0...1), help: mirrorHelp),
      OptionDeclaration(
        "jitter", .number(default: jitter, in: 0...1),
        help: "How far a training image's brightness and contrast change, either way."),
    ]
  }

  /// The views that the options of `augmentation` ask for.
  /// - Parameter aspect: width to height of a crop.
  package static func views(
    _ options: Options, aspect: ClosedRange<Double> = ViewSettings().aspect
  ) -> ViewSettings {
    let jitter = options.number("jitter")
    return ViewSettings(
      area: options.interval("crop_area"), aspect: aspect,
      mirrorProbability: options.number("mirror_probability"), jitterProbability: jitter > 0 ? 0.8 : 0,
      jitterBrightness: 1 - jitter...1 + jitter, jitterContrast: 1 - jitter...1 + jitter)
  }

  /// The numbers of an option that counts something.
  /// - Parameter what: what they count, for the error.
  /// - Throws: `FineTuneError` where one is no whole number.
  package static func counts(_ options: Options, _ name: String, of what: String) throws -> [Int] {
    try options.numbers(name).map { number in
      guard number == number.rounded() else {
        throw FineTuneError("option \(name): expected whole numbers of \(what), found \(number)")
      }
      return Int(number)
    }
  }

  package static let choosing = [
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
package enum Regime: Sendable, Equatable, Hashable {
  /// A share of the patients.
  case fraction(Double)
  /// Cases a class.
  case shots(Int)
  /// Patients, each with all of its radiographs.
  case patients(Int)

  /// `"1% of labels"`
  package var name: String {
    switch self {
    case .fraction(let share): String(format: "%g%% of labels", share * 100)
    case .shots(let count): count == 1 ? "1 shot" : "\(count) shots"
    case .patients(let count): count == 1 ? "1 patient" : "\(count) patients"
    }
  }

  /// Above a table of its trials: `"1% of labels: 12 images to learn from, 5 trials"`.
  /// - Parameters:
  ///   - name: of the regime.
  ///   - learnt: images that each trial learnt from.
  package static func heading(_ name: String, learnt: [Int]) -> String {
    let (fewest, most) = (learnt.min() ?? 0, learnt.max() ?? 0)
    return "\(name): \(fewest == most ? "\(most)" : "\(fewest) to \(most)") images to learn from, "
      + (learnt.count == 1 ? "1 trial" : "\(learnt.count) trials")
  }

  /// Begins the names of files.
  package var key: String {
    switch self {
    case .fraction(let share): String(format: "fraction-%g", share)
    case .shots(let count): "shots-\(count)"
    case .patients(let count): "patients-\(count)"
    }
  }

  /// Whether its trials are draws of their own; else they are seeds.
  package var isDrawn: Bool { if case .shots = self { true } else { false } }
}

/// What the radiographs or the model lack, or what went wrong.
package struct FineTuneError: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
