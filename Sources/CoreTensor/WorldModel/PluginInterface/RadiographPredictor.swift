import CoreTensor
import Imaging
import NeuralNetworks

/// A model that an evaluation trained and kept, used on radiographs that it has not seen (`chex-runner predict`).
public protocol RadiographPredictor {
  /// What it tells of a radiograph, by name.
  var classes: [String] { get }
  /// The probability from which each class is said to be there, as validation radiographs chose it.
  var thresholds: [Double] { get }
  /// - Parameter radiographs: of any sizes.
  /// - Returns: one for each, in their order.
  func callAsFunction(_ radiographs: [GrayImage]) throws -> [RadiographPrediction]
  /// Whether its predictions have masks. Default false.
  var hasMasks: Bool { get }
  /// The network, for use by other programs (`chex-runner weights export`). Default nil: it has none to give.
  var network: PredictorNetwork? { get }
}

extension RadiographPredictor {
  public var hasMasks: Bool { false }
  public var network: PredictorNetwork? { nil }
}

/// An encoder and what stands on it.
public struct PredictorNetwork {
  public let encoder: any ImageEncoder
  /// Parameters and running statistics of everything besides the encoder, by name.
  public let head: [(name: String, tensor: Tensor)]
  /// What the head does with the encoder's tokens, in a sentence for who writes it anew in another language.
  public let description: String

  /// - Parameters:
  ///   - module: the whole network, whose encoder's entries begin with `encoder.`.
  ///   - encoder: of it.
  ///   - description: of the head.
  public init(_ module: any Module, encoder: any ImageEncoder, description: String) {
    (self.encoder, self.description) = (encoder, description)
    head = module.entries.filter { !$0.name.hasPrefix("encoder.") }.map { ($0.name, $0.parameter.tensor) }
  }
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
  /// begins with `keptModel`, and of the kind and the sizes of the run's encoder.
  public typealias PredictorMaker =
    @Sendable (Options, EvaluationState, Networks, VisionTransformerConfiguration) throws
    -> any RadiographPredictor

  /// How names of kept models begin, in the evaluation's workspace.
  public static let keptModel = "model-"

  /// Makes a training step to be timed: of the evaluation's options, of the kind and the sizes of the encoder, and of how
  /// many images a step has. Each call of what it makes is one step on images of noise, whose loss it returns.
  public typealias StepMaker =
    @Sendable (Options, Networks, VisionTransformerConfiguration, Int) throws -> () throws -> Double

  /// The same evaluation, whose training step `chex-runner bench NAME` can time.
  public func timing(by make: @escaping StepMaker) -> EvaluationDefinition {
    var definition = self
    definition.makeStep = make
    return definition
  }

  /// The same evaluation, whose kept models can be used on other radiographs.
  public func predicting(by make: @escaping PredictorMaker) -> EvaluationDefinition {
    var definition = self
    definition.makePredictor = make
    return definition
  }
}
