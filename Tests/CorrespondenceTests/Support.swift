import CoreTensor
import Imaging
import NeuralNetworks
import PluginChecks
import TestSupport
import WorldModel

@testable import CorrespondenceEvaluation

/// A task that has the whole view predicted.
enum WholeTask {
  static let definition = TrialTask.definition(
    "whole", requiredViews: 1, supervisions: [Supervision(context: 0, target: 0, patches: .all)]
  ) { _ in [] }
}

enum Trial {
  private static let shape = VisionTransformerConfiguration(
    imageSize: 32, patchSize: 8, width: 16, depth: 1, heads: 2)

  static func input(
    _ workspace: MemoryWorkspace = MemoryWorkspace(), train: [Int] = [8, 9, 10, 11],
    validation: [Int] = [6, 7],
    test: [Int] = Array(0..<6)
  ) throws -> ModelEvaluationInput {
    let shape = WorldModelConfiguration(
      encoder: shape,
      predictor: PredictorConfiguration(featureWidth: 16, width: 16, depth: 1, heads: 2, gridSize: 4))
    let tasks = try TaskSet([(WholeTask.definition, Options([]))], environment: shape.environment(.paper))
    return ModelEvaluationInput(
      model: tasks.model(shape, seed: 3), makeUntrained: { tasks.model(shape, seed: 4) },
      tasks: tasks.tasks, views: ViewSettings(), radiographs: Spots(), train: train, validation: validation,
      test: test, findingNames: [], seed: 5, workspace: workspace)
  }

  static func evaluation(_ options: [String: OptionValue]) throws -> CorrespondenceEvaluation {
    var all: [String: OptionValue] = [
      "means": .integer(3), "pixels": .integer(24), "enlargements": .list([.integer(1), .integer(2)]),
      "resamples": .integer(20), "pictures": .integer(2),
    ]
    all.merge(options) { $1 }
    return CorrespondenceEvaluation(
      try CorrespondenceSettings(
        Options(CorrespondenceSettings.options, given: all)))
  }
}

/// Dark radiographs with a bright spot, each elsewhere; of those from number 12 nobody knows where.
struct Spots: RadiographSource {
  let summary = "spots"
  let findingNames: [String] = []
  let records = (0..<16).map { RadiographRecord(identifier: "spot \($0)", patient: "patient \($0)") }

  private func center(_ index: Int) -> (row: Int, column: Int) { (20 + index * 7 % 40, 15 + index * 11 % 50) }

  func radiograph(at index: Int) -> GrayImage {
    var image = GrayImage(width: 80, height: 80, fill: 0.1)
    let center = center(index)
    for row in 0..<80 {
      for column in 0..<80 {
        let (down, across) = (row - center.row, column - center.column)
        if down * down + 2 * across * across < 30 { image[row, column] = 0.9 }
      }
    }
    return image
  }

  func truth(at index: Int) -> RadiographTruth? {
    guard index < 12 else { return nil }
    let center = center(index)
    return RadiographTruth(landmarks: [
      "spot": .init(row: Double(center.row), column: Double(center.column))
    ])
  }
}
