import CoreTensor
import Metrics

/// Frozen features of films: one vector each, the mean over the tokens of a whole film.
public struct FeatureSet: Sendable {
  /// Values of a vector.
  public let width: Int
  /// What is known of each film, in rows' order.
  public let records: [FilmRecord]
  /// `records.count` rows of `width`.
  public let values: [Float]

  /// - Precondition: `values.count == width * records.count`.
  public init(width: Int, records: [FilmRecord], values: [Float]) {
    require(
      values.count == width * records.count,
      "FeatureSet: \(values.count) values for \(records.count) films of width \(width)")
    self.width = width
    self.records = records
    self.values = values
  }

  /// The vector of a film.
  public func row(_ index: Int) -> ArraySlice<Float> { values[index * width..<(index + 1) * width] }
}

/// What an evaluation judges an encoder by.
public struct EvaluationScene: Sendable {
  /// Films to learn from, and others, of other patients, to test on.
  public let train: FeatureSet
  public let test: FeatureSet
  /// Films to choose settings by, of other patients than both; no film where the source names none.
  public let validation: FeatureSet
  /// Findings to judge, sorted: those asked for, else all that records may name.
  public let findingNames: [String]
  /// Of whatever is drawn.
  public let seed: UInt64

  /// - Parameters:
  ///   - train: films to learn from.
  ///   - validation: films to choose settings by; nil for none.
  ///   - test: films to test on.
  ///   - findingNames: findings to judge, sorted.
  ///   - seed: of whatever is drawn.
  public init(
    train: FeatureSet, validation: FeatureSet? = nil, test: FeatureSet, findingNames: [String], seed: UInt64
  ) {
    self.train = train
    self.test = test
    self.validation = validation ?? FeatureSet(width: train.width, records: [], values: [])
    self.findingNames = findingNames
    self.seed = seed
  }
}

/// A number that an evaluation gives.
public struct EvaluationFigure: Sendable, Equatable, Codable {
  /// What it is, unit included: `"AUROC of effusion"`.
  public let name: String
  public let value: Double
  /// What the value may be taken for: a confidence interval, or a standard deviation to either side; nil where the
  /// evaluation gives none.
  public let interval: ClosedRange<Double>?
  /// The figure of each resample of a bootstrap of the test films, where the evaluation made one: the host then gives
  /// the difference between subjects an interval too.
  public let resampled: Resampled?

  public init(_ name: String, _ value: Double, interval: ClosedRange<Double>? = nil) {
    (self.name, self.value, self.interval, resampled) = (name, value, interval, nil)
  }

  /// A figure with the interval of its bootstrap.
  /// - Parameters:
  ///   - name: what it is, unit included.
  ///   - value: of all test films.
  ///   - resampled: by a `Bootstrap` that depends on the scene's test records and seed alone; nil for none.
  public init(_ name: String, _ value: Double, resampled: Resampled?) {
    (self.name, self.value, interval, self.resampled) = (name, value, resampled?.interval, resampled)
  }
}

/// A judgement of frozen features: `kind = "evaluation"` in `plugins.toml`.
///
/// Called on the main thread, once for the trained encoder, once for the same encoder at random, and once for plain
/// pixels in place of features. It must depend on its scene alone, and give the same figures in the same order for all.
public protocol Evaluation: Sendable {
  /// - Throws: an error that says what the films lack, a label for example.
  func callAsFunction(_ scene: EvaluationScene) throws -> [EvaluationFigure]
}

/// An evaluation as it registers itself.
public struct EvaluationDefinition: Sendable {
  public let name: String
  public let summary: String
  public let options: [OptionDeclaration]
  /// Values under which `plugins check` and `checkEvaluation` try the evaluation, so that a trial is short work; what
  /// the registry sets wins. Nothing unless given: the defaults.
  public let trial: [String: OptionValue]
  public let subject: EvaluationSubject

  /// An evaluation of frozen features.
  public init(
    name: String, summary: String, options: [OptionDeclaration], trial: [String: OptionValue] = [:],
    make: @escaping @Sendable (Options) throws -> any Evaluation
  ) {
    self.init(name: name, summary: summary, options: options, trial: trial, subject: .features(make))
  }

  /// An evaluation of a whole model.
  public init(
    name: String, summary: String, options: [OptionDeclaration], trial: [String: OptionValue] = [:],
    makeForModel: @escaping @Sendable (Options) throws -> any ModelEvaluation
  ) {
    self.init(name: name, summary: summary, options: options, trial: trial, subject: .model(makeForModel))
  }

  private init(
    name: String, summary: String, options: [OptionDeclaration], trial: [String: OptionValue],
    subject: EvaluationSubject
  ) {
    self.name = name
    self.summary = summary
    self.options = options
    self.trial = trial
    self.subject = subject
  }
}

/// What an evaluation looks at, and how it is made from its options.
public enum EvaluationSubject: Sendable {
  case features(@Sendable (Options) throws -> any Evaluation)
  case model(@Sendable (Options) throws -> any ModelEvaluation)
}
