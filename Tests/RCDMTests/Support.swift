import CoreTensor
import Foundation
import Imaging
import NeuralNetworks
import PluginChecks
import TestSupport
import WorldModel

@testable import RCDMEvaluation

/// A task that hides two rectangles of the first view and has them predicted, and the second view whole.
enum HidingTask {
  static let definition = TrialTask.definition("hiding", supervisions: TrialTask.hiddenAndOther) { _ in
    [0, 1, 4, 5, 10, 11, 14, 15]
  }
}

/// Radiographs of waves, two of each patient; number 5 cannot be used. The odd ones have a marker in the middle.
struct Radiographs: RadiographSource {
  let summary = "waves"
  let findingNames: [String] = []
  var hasMarkers = true
  let records = (0..<16).map { RadiographRecord(identifier: "wave \($0)", patient: "patient \($0 / 2)") }

  func radiograph(at index: Int) throws -> GrayImage {
    if index == 5 { throw UnusableRadiograph(identifier: records[5].identifier, reason: "torn") }
    var random = RandomStream(seed: 7, stream: "image", index: index)
    var image = GrayImage(width: 40, height: 48)
    for position in image.pixels.indices {
      image.pixels[position] = 0.3 + 0.3 * Float(position / 40 % 8) / 8 + 0.2 * Float(random.unit())
    }
    return image
  }

  func truth(at index: Int) throws -> RadiographTruth? {
    guard hasMarkers else { return nil }
    var mask = GrayImage(width: 40, height: 48)
    for row in 23..<26 { for column in 18..<22 { mask[row, column] = 1 } }
    return RadiographTruth(objects: ["marker": mask])
  }
}

enum Trial {
  static func input(
    _ workspace: MemoryWorkspace = MemoryWorkspace(), test: [Int] = Array(0..<16),
    mode: TargetEncoderMode = .follows, hasMarkers: Bool = true
  ) throws -> ModelEvaluationInput {
    let shape = WorldModelConfiguration(
      encoder: VisionTransformerConfiguration(imageSize: 32, patchSize: 8, width: 16, depth: 1, heads: 2),
      predictor: PredictorConfiguration(featureWidth: 16, width: 16, depth: 1, heads: 2, gridSize: 4),
      targetEncoder: mode)
    let tasks = try TaskSet(
      [(HidingTask.definition, Options([]))], environment: shape.environment(.paper))
    return ModelEvaluationInput(
      model: tasks.model(shape, seed: 3), makeUntrained: { tasks.model(shape, seed: 4) },
      tasks: tasks.tasks, views: ViewSettings(), radiographs: Radiographs(hasMarkers: hasMarkers), train: [],
      validation: [], test: test, findingNames: [], seed: 5, workspace: workspace)
  }

  static func settings(_ given: [String: OptionValue] = [:]) throws -> RCDMSettings {
    try RCDMSettings(Options(RCDMSettings.declarations, given: rcdmDefinition.trial.merging(given) { $1 }))
  }

  static func evaluation(_ given: [String: OptionValue] = [:]) throws -> RCDMEvaluation {
    RCDMEvaluation(settings: try settings(given))
  }

  static func network(_ shape: DiffusionShape, trainable: Bool = true) -> UNet {
    var initializer = Initializer(random: RandomStream(seed: 1, stream: "test"), trainable: trainable)
    return UNet(shape, initializer: &initializer)
  }
}
