import CoreTensor
import Imaging
import NeuralNetworks
import PluginHost
import PluginChecks
import TestSupport
import WorldModel

@testable import SensitivityEvaluation

enum Trial {
  struct NoTask: Error { let name: String }

  /// Tasks as the build left them, in registry order.
  static func definitions(_ names: [String]) throws -> [TaskDefinition] {
    let manifest = try PluginManifest(path: BuildFolder.repository + "/plugins.toml")
    let host = PluginHost(manifest: manifest, searchFolders: [try BuildFolder.folder()])
    return try host.load(only: Set(names)).map { plugin in
      guard case .task(let definition) = plugin.definition else {
        throw NoTask(name: plugin.name)
      }
      return definition
    }
  }

  /// - Parameters:
  ///   - names: of the model's tasks.
  ///   - options: by task, then option.
  ///   - workspace: where the evaluation writes.
  ///   - seed: of the model and the input.
  static func input(
    _ names: [String] = ["domain"], _ options: [String: [String: OptionValue]] = [:],
    _ workspace: MemoryWorkspace = MemoryWorkspace(), seed: UInt64 = 3
  ) throws -> ModelEvaluationInput {
    let shape = WorldModelConfiguration(
      encoder: VisionTransformerConfiguration(imageSize: 64, patchSize: 8, width: 32, depth: 1, heads: 2),
      predictor: PredictorConfiguration(featureWidth: 32, width: 16, depth: 1, heads: 2, gridSize: 8))
    let tasks = try TaskSet(
      definitions(names).map { ($0, Options($0.options, given: options[$0.name] ?? [:])) },
      environment: shape.environment(.paper))
    return ModelEvaluationInput(
      model: tasks.model(shape, seed: seed), makeUntrained: { tasks.model(shape, seed: seed) },
      tasks: tasks.tasks, views: ViewSettings(), radiographs: Radiographs(), train: [], validation: [],
      test: Array(0..<12), findingNames: [], seed: seed, workspace: workspace)
  }

  static func evaluation(_ given: [String: OptionValue] = [:]) throws -> SensitivityEvaluation {
    let small: [String: OptionValue] = [
      "images": .integer(3), "candidates": .integer(8), "draws": .integer(2), "pictures": .integer(1),
    ]
    return SensitivityEvaluation(
      try SensitivitySettings(
        Options(SensitivityEvaluation.definition.options, given: small.merging(given) { $1 })))
  }
}

/// Radiographs of waves; number 5 cannot be used.
struct Radiographs: RadiographSource {
  let summary = "waves"
  let findingNames: [String] = []
  let records = (0..<12).map { RadiographRecord(identifier: "wave \"\($0)\"") }

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
