/// A command line of an evaluation, for its help.
public struct EvaluationExample: Sendable, Equatable {
  /// What follows `chex-runner`: `"probe runs/first"`.
  public let line: String
  /// What it does.
  public let meaning: String

  public init(_ line: String, _ meaning: String) { (self.line, self.meaning) = (line, meaning) }
}

/// Values of options that suit a collection of radiographs or an encoder.
///
/// They stand above the options' defaults and below everything that the user sets.
public struct EvaluationPreset: Sendable {
  /// When a preset is taken of its own accord.
  public enum Occasion: Sendable {
    /// Where all sources are of the collection of the preset's name, or `--preset-for` names it.
    case collection
    /// Where the encoder is of such a shape.
    case encoder(@Sendable (_ depth: Int, _ width: Int) -> Bool)
  }

  public let name: String
  /// Why these values, for the user.
  public let reason: String
  public let occasion: Occasion
  /// By the options' names.
  public let values: [(name: String, value: OptionValue)]

  public init(
    name: String, reason: String, occasion: Occasion = .collection,
    values: [(name: String, value: OptionValue)]
  ) {
    (self.name, self.reason, self.occasion, self.values) = (name, reason, occasion, values)
  }
}

/// An evaluation as it registers itself; it becomes a command of the program, with its options as flags.
public struct EvaluationDefinition: Sendable {
  public let name: String
  public let summary: String
  public let options: [OptionDeclaration]
  /// Values under which `plugins check` and `checkEvaluation` try the evaluation, so that a trial is short work; what
  /// the registry sets wins. Nothing unless given: the defaults.
  public let trial: [String: OptionValue]
  public let subject: EvaluationSubject
  /// How the program calls it.
  public let command: EvaluationCommand
  /// In the order in which they are laid over one another, the last on top.
  public let presets: [EvaluationPreset]
  /// Nil where it keeps no model that could be used on other radiographs.
  public internal(set) var makePredictor: PredictorMaker?
  /// Nil where it trains nothing that could be timed.
  public internal(set) var makeStep: StepMaker?
  /// Nil where it has nothing to show of a single radiograph.
  public internal(set) var makeExplanation: ExplanationMaker?

  /// An evaluation of frozen features.
  public init(
    name: String, summary: String, options: [OptionDeclaration], trial: [String: OptionValue] = [:],
    command: EvaluationCommand? = nil, presets: [EvaluationPreset] = [],
    make: @escaping @Sendable (Options) throws -> any Evaluation
  ) {
    self.init(name, summary, options, trial, command, presets, .features(make))
  }

  /// An evaluation of a whole model.
  public init(
    name: String, summary: String, options: [OptionDeclaration], trial: [String: OptionValue] = [:],
    command: EvaluationCommand? = nil, presets: [EvaluationPreset] = [],
    makeForModel: @escaping @Sendable (Options) throws -> any ModelEvaluation
  ) {
    self.init(name, summary, options, trial, command, presets, .model(makeForModel))
  }

  private init(
    _ name: String, _ summary: String, _ options: [OptionDeclaration], _ trial: [String: OptionValue],
    _ command: EvaluationCommand?, _ presets: [EvaluationPreset], _ subject: EvaluationSubject
  ) {
    (self.name, self.summary, self.options) = (name, summary, options)
    (self.trial, self.subject, self.presets) = (trial, subject, presets)
    self.command = command ?? EvaluationCommand()
  }

  /// The words that call it: `"probe"`, `"finetune classify"`. A name that ends in the verb, as `finetune-segment` does,
  /// is called by its words, `"finetune segment"`, so that several plugins bring verbs of one command.
  public var commandName: String {
    guard !command.verb.isEmpty else { return name }
    return (name.hasSuffix("-" + command.verb) ? String(name.dropLast(command.verb.count + 1)) : name) + " "
      + command.verb
  }
}

/// How the program calls an evaluation.
public struct EvaluationCommand: Sendable {
  /// A second word after the evaluation's name; empty for none.
  public let verb: String
  public let examples: [EvaluationExample]
  /// Whether the evaluation learns from every labelled image, where others take at most as many as
  /// `evaluation.images` allows.
  public let usesAllImages: Bool
  /// The folder's name below `RUN/evaluations`, by the options; nil for the evaluation's name.
  public let folder: (@Sendable (Options) -> String)?

  public init(
    verb: String = "", examples: [EvaluationExample] = [], usesAllImages: Bool = false,
    folder: (@Sendable (Options) -> String)? = nil
  ) {
    (self.verb, self.examples, self.usesAllImages, self.folder) = (verb, examples, usesAllImages, folder)
  }
}

/// What an evaluation looks at, and how it is made from its options.
public enum EvaluationSubject: Sendable {
  case features(@Sendable (Options) throws -> any Evaluation)
  case model(@Sendable (Options) throws -> any ModelEvaluation)
}
