import NeuralNetworks
import Training

extension RunSetup {
  /// How `evaluation.pooling` makes one vector an image of an encoder's tokens.
  /// - Throws: `EvaluationError` where it asks for the class token of an encoder that has none.
  package func pooling(of encoder: any ImageEncoder) throws -> Pooling {
    let pooling = configuration.evaluation.poolingChoice
    guard pooling == .mean || encoder.shape.design.hasClassToken else {
      throw EvaluationError(
        "evaluation.pooling: expected \"mean\", found \"class\": the run's encoder has no class token "
          + "(model.class_token = false); use --set evaluation.pooling=mean")
    }
    return pooling
  }
}
