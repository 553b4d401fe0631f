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
    precondition(
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
  /// Every finding that records may name, sorted.
  public let findingNames: [String]
  /// Of whatever is drawn.
  public let seed: UInt64

  public init(train: FeatureSet, test: FeatureSet, findingNames: [String], seed: UInt64) {
    self.train = train
    self.test = test
    self.findingNames = findingNames
    self.seed = seed
  }
}

/// A number that an evaluation gives.
public struct EvaluationFigure: Sendable, Equatable, Codable {
  /// What it is, unit included: `"AUROC of effusion"`.
  public let name: String
  public let value: Double

  public init(_ name: String, _ value: Double) {
    self.name = name
    self.value = value
  }
}

/// A judgement of frozen features: `kind = "evaluation"` in `plugins.toml`.
///
/// Called on the main thread, once for the trained encoder and once for the same encoder at random. It must depend on
/// its scene alone, and give the same figures in the same order for both.
public protocol Evaluation: Sendable {
  /// - Throws: an error that says what the films lack, a label for example.
  func callAsFunction(_ scene: EvaluationScene) throws -> [EvaluationFigure]
}

/// An evaluation as it registers itself.
public struct EvaluationDefinition: Sendable {
  public let name: String
  public let summary: String
  public let options: [OptionDeclaration]
  public let make: @Sendable (Options) throws -> any Evaluation

  public init(
    name: String, summary: String, options: [OptionDeclaration],
    make: @escaping @Sendable (Options) throws -> any Evaluation
  ) {
    self.name = name
    self.summary = summary
    self.options = options
    self.make = make
  }
}
