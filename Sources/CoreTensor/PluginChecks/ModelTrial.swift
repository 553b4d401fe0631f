import CoreTensor
import Imaging
import WorldModel

/// A small model and radiographs of waves, half of them brighter and with a finding, for an evaluation to be tried on.
struct ModelTrial {
  let tasks: TaskSet
  private let shape: WorldModelConfiguration

  /// - Parameter definitions: of the tasks that the model has, with their default options.
  init(_ definitions: [TaskDefinition]) throws {
    let chosen = definitions.map { (definition: $0, options: Options($0.options)) }
    shape = TrialConfiguration.suiting(chosen)
    tasks = try TaskSet(chosen, environment: shape.environment(.paper))
  }

  /// - Parameter seed: of the model, the radiographs and the draws.
  func input(seed: UInt64, _ workspace: any EvaluationWorkspace = MemoryWorkspace()) -> ModelEvaluationInput {
    ModelEvaluationInput(
      model: tasks.model(shape, seed: seed), makeUntrained: { tasks.model(shape, seed: seed) },
      tasks: tasks.tasks, views: ViewSettings(), radiographs: WaveRadiographs(seed: seed),
      train: Array(0..<24),
      validation: Array(24..<32), test: Array(32..<48), findingNames: ["effusion"], seed: seed,
      workspace: workspace)
  }
}

/// Radiographs whose finding is their brightness.
private struct WaveRadiographs: RadiographSource {
  let seed: UInt64
  let summary = "waves"
  let findingNames = ["effusion"]
  let records = (0..<48).map { index in
    RadiographRecord(
      identifier: "wave-\(index)", patient: "patient-\(index)", findings: index % 2 == 0 ? ["effusion"] : [])
  }

  func radiograph(at index: Int) -> GrayImage {
    var image = TaskTrial.radiograph(index + Int(seed % 1000) * 48)
    image.applyBrightness(index % 2 == 0 ? 1.2 : 0.6)
    return image
  }

  /// The finding is where a radiograph that has it is bright; the landmark is its brightest pixel.
  func truth(at index: Int) -> RadiographTruth? {
    let radiograph = radiograph(at: index)
    let brightest = radiograph.pixels.indices.max { radiograph.pixels[$0] < radiograph.pixels[$1] } ?? 0
    var truth = RadiographTruth(landmarks: [
      "brightest": .init(
        row: Double(brightest / radiograph.width), column: Double(brightest % radiograph.width))
    ])
    if index % 2 == 0 {
      var mask = radiograph
      mask.pixels = mask.pixels.map { $0 > 0.5 ? 1 : 0 }
      truth.masks = ["effusion": mask]
    }
    return truth
  }
}
