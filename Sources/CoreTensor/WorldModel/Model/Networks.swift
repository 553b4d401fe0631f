import CoreTensor
import NeuralNetworks

/// How the networks of a world model are made.
public struct Networks: Sendable {
  public typealias EncoderMaker =
    @Sendable (VisionTransformerConfiguration, inout Initializer) -> any ImageEncoder
  public typealias PredictorMaker = @Sendable (PredictorConfiguration, inout Initializer) -> any Predictor

  /// Makes an encoder; called with the same random numbers for encoder and target encoder.
  public let makeEncoder: EncoderMaker
  public let makePredictor: PredictorMaker

  public init(makeEncoder: @escaping EncoderMaker, makePredictor: @escaping PredictorMaker) {
    self.makeEncoder = makeEncoder
    self.makePredictor = makePredictor
  }

  /// A vision transformer and its narrow predictor (paper).
  public static let standard = Networks(
    makeEncoder: { VisionTransformer($0, initializer: &$1) },
    makePredictor: { VisionPredictor($0, initializer: &$1) })
}
