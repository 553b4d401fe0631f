import CoreTensor
import Imaging
import NeuralNetworks
import PluginChecks
import Imagining
import TestSupport
import WorldModel

@testable import ImagineEvaluation

/// A task that hides the left half of the first view and has it predicted, and the second view whole.
enum HidingTask {
  static let definition = TrialTask.definition(
    "hiding", supervisions: TrialTask.hiddenAndOther, hidden: TrialTask.leftHalf)
}

enum Trial {
  static let shape = VisionTransformerConfiguration(
    imageSize: 32, patchSize: 8, width: 16, depth: 1, heads: 2)

  /// - Parameters:
  ///   - test: radiographs to test on.
  ///   - mode: of the target encoder.
  static func input(
    _ workspace: MemoryWorkspace = MemoryWorkspace(), test: [Int] = Array(0..<12),
    mode: TargetEncoderMode = .follows
  ) throws -> ModelEvaluationInput {
    let shape = WorldModelConfiguration(
      encoder: shape,
      predictor: PredictorConfiguration(featureWidth: 16, width: 16, depth: 1, heads: 2, gridSize: 4),
      targetEncoder: mode)
    let tasks = try TaskSet(
      [(HidingTask.definition, Options([]))], environment: shape.environment(.paper))
    return ModelEvaluationInput(
      model: tasks.model(shape, seed: 3), makeUntrained: { tasks.model(shape, seed: 4) },
      tasks: tasks.tasks, views: ViewSettings(), radiographs: Radiographs(), train: [], validation: [],
      test: test, findingNames: [], seed: 5, workspace: workspace)
  }

  static func evaluation(pictures: Int = 1, resamples: Int = 20) -> ImagineEvaluation {
    ImagineEvaluation(images: 12, candidates: 6, pictures: pictures, resamples: resamples)
  }
}

/// Radiographs of waves; number 5 cannot be used.
struct Radiographs: RadiographSource {
  let summary = "waves"
  let findingNames: [String] = []
  let records = (0..<12).map { RadiographRecord(identifier: "wave \($0)") }

  func radiograph(at index: Int) throws -> GrayImage {
    if index == 5 { throw UnusableRadiograph(identifier: records[5].identifier, reason: "torn") }
    var random = RandomStream(seed: 7, stream: "image", index: index)
    var image = GrayImage(width: 40, height: 48)
    for position in image.pixels.indices {
      image.pixels[position] = 0.3 + 0.3 * Float(position / 40 % 8) / 8 + 0.2 * Float(random.unit())
    }
    return image
  }
}

/// The value of a metric by its key in words.
func value(_ result: EvaluationResult, _ key: String) -> Double? {
  result.metrics.first { $0.key.description == key }?.value
}
