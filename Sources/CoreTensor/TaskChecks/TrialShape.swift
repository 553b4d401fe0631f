import Layers
import WorldModel

/// The small model that plugins are tried on.
enum TrialShape {
  /// Of 8 × 8, 14 × 14 (as 224 pixels in patches of 16) and 20 × 20 patches.
  private static let all = [32, 56, 80].map { side in
    WorldModelShape(
      encoder: VisionTransformerShape(imageSize: side, patchSize: 4, width: 32, depth: 2, heads: 2),
      predictor: PredictorShape(featureWidth: 32, width: 16, depth: 1, heads: 2, gridSize: side / 4))
  }

  /// The smallest that every task agrees to; where none is, the smallest, with which the tasks say why.
  static func suiting(_ tasks: [(definition: TaskDefinition, options: Options)]) -> WorldModelShape {
    all.first { shape in
      Compatibility.allCases.allSatisfy { compatibility in
        (try? TaskSet(tasks, environment: shape.environment(compatibility))) != nil
      }
    } ?? all[0]
  }
}
