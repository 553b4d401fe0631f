import CoreTensor
import Layers

/// How the networks of a world model are made.
public struct Networks: Sendable {
  /// Makes an encoder; called with the same random numbers for encoder and target encoder.
  public let makeEncoder: @Sendable (VisionTransformerShape, inout Initializer) -> any ImageEncoder
  public let makePredictor: @Sendable (PredictorShape, inout Initializer) -> any Predictor

  public init(
    makeEncoder: @escaping @Sendable (VisionTransformerShape, inout Initializer) -> any ImageEncoder,
    makePredictor: @escaping @Sendable (PredictorShape, inout Initializer) -> any Predictor
  ) {
    self.makeEncoder = makeEncoder
    self.makePredictor = makePredictor
  }

  /// A vision transformer and its narrow predictor (paper).
  public static let standard = Networks(
    makeEncoder: { VisionTransformer($0, initializer: &$1) },
    makePredictor: { VisionPredictor($0, initializer: &$1) })
}
