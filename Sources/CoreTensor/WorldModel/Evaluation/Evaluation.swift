import CoreTensor
import Imaging

/// Frozen features of radiographs: one vector each, the mean over the tokens of a whole radiograph.
public struct FeatureSet: Sendable {
  /// Values of a vector.
  public let width: Int
  /// What is known of each radiograph, in rows' order.
  public let records: [RadiographRecord]
  /// `records.count` rows of `width`.
  public let values: [Float]
  private let load: @Sendable (Int) throws -> GrayImage

  /// - Parameters:
  ///   - width: values of a vector.
  ///   - records: what is known of each image.
  ///   - values: `records.count` rows of `width`.
  ///   - image: decodes the image of a row; default: there are none, and asking for one throws `NoImage`.
  /// - Precondition: `values.count == width * records.count`.
  public init(
    width: Int, records: [RadiographRecord], values: [Float],
    image: @escaping @Sendable (Int) throws -> GrayImage = { throw NoImage(row: $0) }
  ) {
    require(
      values.count == width * records.count,
      "FeatureSet: \(values.count) values for \(records.count) radiographs of width \(width)")
    self.width = width
    self.records = records
    self.values = values
    load = image
  }

  /// The image of a row, 0 black and 1 white, at its own size.
  /// - Throws: `UnusableRadiograph` where it cannot be decoded, `NoImage` where the features come without images.
  public func image(_ index: Int) throws -> GrayImage { try load(index) }

  /// The vector of a radiograph.
  public func row(_ index: Int) -> ArraySlice<Float> { values[index * width..<(index + 1) * width] }
}

/// Features were given without the images that they are of.
public struct NoImage: Error, CustomStringConvertible {
  public let row: Int
  public init(row: Int) { self.row = row }
  public var description: String { "row \(row): the features come without images" }
}

/// What an evaluation judges an encoder by.
public struct EvaluationInput: Sendable {
  /// Images to learn from, and others, of other patients, to test on.
  public let train: FeatureSet
  public let test: FeatureSet
  /// Images to choose settings by, of other patients than both; none where the source names none.
  public let validation: FeatureSet
  /// Findings to evaluate, sorted: those asked for, else all that records may name.
  public let findingNames: [String]
  /// Of whatever is drawn.
  public let seed: UInt64

  /// - Parameters:
  ///   - train: images to learn from.
  ///   - validation: images to choose settings by; nil for none.
  ///   - test: images to test on.
  ///   - findingNames: findings to evaluate, sorted.
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

/// An evaluation of frozen features: `kind = "evaluation"` in `plugins.toml`.
///
/// Called on the main thread, once for the trained encoder, once for the same encoder at random, and once for plain
/// pixels in place of features. It must depend on its input alone, and give metrics of the same keys in the same order
/// for all.
public protocol Evaluation: Sendable {
  /// - Throws: an error that says what the images lack, a label for example.
  func callAsFunction(_ input: EvaluationInput) throws -> EvaluationResult
}
