import CoreTensor
import Imaging
import Layers
import WorldModel

/// A small model and films of waves, half of them brighter and with a finding, for an evaluation to be tried on.
struct ModelTrial {
  let tasks: TaskSet
  private let shape: WorldModelShape

  /// - Parameter definitions: of the tasks that the model has, in registry order; with their default options.
  init(_ definitions: [TaskDefinition]) throws {
    shape = WorldModelShape(
      encoder: VisionTransformerShape(imageSize: 32, patchSize: 8, width: 32, depth: 2, heads: 2),
      predictor: PredictorShape(featureWidth: 32, width: 16, depth: 1, heads: 2, gridSize: 4))
    tasks = try TaskSet(definitions.map { ($0, Options($0.options)) }, environment: shape.environment(.paper))
  }

  /// - Parameter seed: of the model, the films and the scene.
  func scene(seed: UInt64, _ workspace: any EvaluationWorkspace = MemoryWorkspace()) -> ModelScene {
    ModelScene(
      model: tasks.model(shape, seed: seed), makeUntrained: { tasks.model(shape, seed: seed) },
      tasks: tasks.tasks, views: ViewSettings(), films: WaveFilms(seed: seed), train: Array(0..<24),
      validation: Array(24..<32), test: Array(32..<48), findingNames: ["effusion"], seed: seed,
      workspace: workspace)
  }
}

/// Films whose finding is their brightness.
private struct WaveFilms: FilmSource {
  let seed: UInt64
  let summary = "waves"
  let findingNames = ["effusion"]
  let records = (0..<48).map { index in
    FilmRecord(
      identifier: "wave-\(index)", patient: "patient-\(index)", findings: index % 2 == 0 ? ["effusion"] : [])
  }

  func film(at index: Int) -> GrayImage {
    var image = TaskTrial.film(index + Int(seed % 1000) * 48)
    image.applyBrightness(index % 2 == 0 ? 1.2 : 0.6)
    return image
  }
}
