import CoreTensor
import Imaging
import NeuralNetworks
import PluginChecks
import TestSupport
import WorldModel

@testable import DecoderEvaluation

/// A task that hides the left half of the first view and darkens what is seen of it; the hidden half and the second view
/// are predicted.
enum HidingTask {
  static let definition = TrialTask.definition(
    "hiding", brightness: 0.5, supervisions: TrialTask.hiddenAndOther, hidden: TrialTask.leftHalf)
}

enum Trial {
  static func input(
    _ workspace: MemoryWorkspace = MemoryWorkspace(), train: [Int] = [0, 1, 2, 3],
    test: [Int] = Array(4..<16),
    mode: TargetEncoderMode = .follows
  ) throws -> ModelEvaluationInput {
    let shape = WorldModelConfiguration(
      encoder: VisionTransformerConfiguration(imageSize: 32, patchSize: 8, width: 16, depth: 1, heads: 2),
      predictor: PredictorConfiguration(featureWidth: 16, width: 16, depth: 1, heads: 2, gridSize: 4),
      targetEncoder: mode)
    let tasks = try TaskSet([(HidingTask.definition, Options([]))], environment: shape.environment(.paper))
    return ModelEvaluationInput(
      model: tasks.model(shape, seed: 3), makeUntrained: { tasks.model(shape, seed: 4) },
      tasks: tasks.tasks, views: ViewSettings(), radiographs: Slopes(), train: train, validation: [],
      test: test, findingNames: [], seed: 5, workspace: workspace)
  }

  static func evaluation(_ given: [String: OptionValue] = [:]) throws -> DecoderEvaluation {
    let small: [String: OptionValue] = [
      "steps": .integer(6), "batch_size": .integer(3), "width": .integer(16), "depth": .integer(1),
      "heads": .integer(2), "pictures": .integer(1), "resamples": .integer(20),
    ]
    return DecoderEvaluation(
      settings: try DecoderSettings(
        Options(DecoderSettings.options, given: small.merging(given) { $1 })))
  }
}

/// Radiographs that are brighter the further down, each with a slope of its own; two of each patient.
struct Slopes: RadiographSource {
  let summary = "slopes"
  let findingNames: [String] = []
  let records = (0..<16).map { RadiographRecord(identifier: "slope \($0)", patient: "patient \($0 / 2)") }

  func radiograph(at index: Int) -> GrayImage {
    var image = GrayImage(width: 40, height: 48)
    for row in 0..<48 {
      for column in 0..<40 {
        image[row, column] = 0.2 + 0.6 * Float(row) / 48 * Float(index % 5 + 1) / 5 + 0.1 * Float(column) / 40
      }
    }
    return image
  }
}

/// Radiographs whose right half is always the same.
struct HalfKnown: RadiographSource {
  let left: Float
  let summary = "halves"
  let findingNames: [String] = []
  let records = (0..<2).map { RadiographRecord(identifier: "half \($0)") }

  func radiograph(at index: Int) -> GrayImage {
    var image = GrayImage(width: 32, height: 32)
    for row in 0..<32 {
      for column in 0..<32 { image[row, column] = column < 16 ? left : Float(row) / 40 + 0.1 * Float(index) }
    }
    return image
  }
}
