import CoreTensor
import NeuralNetworks
import WorldModel

/// The term: the mean over visible patches `i` of `|P(i) - f'(i)|^p / p`, itself the mean over features, times
/// `λ / √d(i)`. `d` is the distance to the nearest patch that is predicted and not shown, on the grid, in patches; `P`
/// a linear layer on the predictor's token of the patch; `p` the `loss_exp`.
///
/// Parameters: `tasks.visible.predictor_proj_context`.
final class ContextLoss: Objective {
  struct Shape {
    /// Width of the predictor's tokens, and of features.
    let tokens: Int
    let features: Int
    let lambda: Float
    let exponent: Int
  }

  let wantsTargetFeatures = true
  let wantsContextTokens = true
  private let shape: Shape
  private let projection: Linear

  init(_ shape: Shape, initializer: inout Initializer) {
    self.shape = shape
    projection = Linear(shape.tokens, shape.features, initializer: &initializer)
  }

  func callAsFunction(_ input: ObjectiveInput) -> [ObjectiveTerm] {
    let errors = input.predictions.filter { $0.context == $0.target }.map { error(of: $0, input) }
    let sum = errors.dropFirst().reduce(errors[0], +)
    return [ObjectiveTerm("context", sum * (1 / Float(errors.count)), weight: shape.lambda)]
  }

  private func error(of prediction: ObjectiveInput.Prediction, _ input: ObjectiveInput) -> Tensor {
    let visible = input.contexts[prediction.context].visible
    guard let tokens = prediction.contextTokens, let targets = input.targetFeatures[prediction.target] else {
      fail("visible: a prediction without tokens or target features, which its objective asked for")
    }
    let difference = projection(tokens) - gatherTokens(targets.features, visible)
    let errors = shape.exponent == 1 ? abs(difference) : square(difference) * 0.5
    let weights = zip(visible, prediction.patches).flatMap {
      Self.weights(of: $0, predicted: $1, gridSize: input.geometry.gridSize)
    }
    let weighted =
      errors.mean(over: [2])
      * Tensor(weights, shape: [visible.count, visible[0].count]).moved(to: errors.device)
    return weighted.mean()
  }

  /// `1 / √d` of each visible patch.
  /// - Parameter predicted: patches; those of them that are visible are not hidden.
  static func weights(of visible: [Int], predicted: [Int], gridSize: Int) -> [Float] {
    let seen = Set(visible)
    let hidden = predicted.filter { !seen.contains($0) }
    return visible.map { patch in
      let nearest = hidden.map { other in
        let (down, right) = (patch / gridSize - other / gridSize, patch % gridSize - other % gridSize)
        return down * down + right * right
      }.min()
      // √d, of d² as whole numbers; nothing is near where nothing is hidden.
      return nearest.map { 1 / Float($0).squareRoot().squareRoot() } ?? 0
    }
  }

  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(projection, "predictor_proj_context")
  }
}
