import CoreTensor
import Imaging

/// A model that an evaluation trained and kept, used on radiographs that it has not seen (`chex-runner predict`).
public protocol RadiographPredictor {
  /// What it tells of a radiograph, by name.
  var classes: [String] { get }
  /// The probability from which each class is said to be there, as validation radiographs chose it.
  var thresholds: [Double] { get }
  /// - Parameter radiographs: of any sizes.
  /// - Returns: one for each, in their order.
  func callAsFunction(_ radiographs: [GrayImage]) throws -> [RadiographPrediction]
}

/// What a model says of one radiograph.
public struct RadiographPrediction: Sendable, Equatable {
  /// Of each class; of masks that of the most probable pixel.
  public var probabilities: [Double]
  /// A mask for each class, 0 or 1, in the radiograph's own pixels; none where classes are of whole radiographs.
  public var masks: [GrayImage]

  public init(probabilities: [Double], masks: [GrayImage] = []) {
    (self.probabilities, self.masks) = (probabilities, masks)
  }
}

extension EvaluationDefinition {
  /// Makes what uses a model that the evaluation kept: of the evaluation's options, of what it saved under a name that
  /// begins with `keptModel`, and of a world model of the run, whose kind of encoder it takes.
  public typealias PredictorMaker =
    @Sendable (Options, EvaluationState, WorldModel) throws -> any RadiographPredictor

  /// How names of kept models begin, in the evaluation's workspace.
  public static let keptModel = "model-"

  /// The same evaluation, whose kept models can be used on other radiographs.
  public func predicting(by make: @escaping PredictorMaker) -> EvaluationDefinition {
    var definition = self
    definition.makePredictor = make
    return definition
  }
}
