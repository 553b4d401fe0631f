import CoreTensor
import Imaging
import NeuralNetworks
import PluginChecks
import WorldModel

@testable import FineTuneEvaluation
@testable import FineTuning

/// Radiographs that are as bright as their findings say: "bright" lights the upper half, "low" the lower.
struct LitRadiographs: RadiographSource {
  let summary = "lit radiographs"
  let findingNames: [String]
  let records: [RadiographRecord]
  var unusable: Set<Int> = []

  init(_ records: [RadiographRecord], findingNames: [String] = ["bright", "low"]) {
    (self.records, self.findingNames) = (records, findingNames)
  }

  func radiograph(at index: Int) throws -> GrayImage {
    if unusable.contains(index) {
      throw UnusableRadiograph(identifier: records[index].identifier, reason: "torn")
    }
    var random = RandomStream(seed: 9, stream: "lit", index: index)
    var image = GrayImage(width: 24, height: 24)
    for row in 0..<24 {
      let isLit = records[index].findings.contains(row < 12 ? "bright" : "low")
      for column in 0..<24 { image[row, column] = Float((isLit ? 0.6 : 0.2) + 0.2 * random.unit()) }
    }
    return image
  }
}

enum Fixture {
  static let shape = WorldModelConfiguration(
    encoder: VisionTransformerConfiguration(imageSize: 16, patchSize: 8, width: 16, depth: 2, heads: 2),
    predictor: PredictorConfiguration(featureWidth: 16, width: 8, depth: 1, heads: 2, gridSize: 2))

  /// Radiograph i has "bright" where i is even, and "low" where i / 2 is; two radiographs a patient.
  static func records(_ count: Int) -> [RadiographRecord] {
    (0..<count).map { index in
      RadiographRecord(
        identifier: "radiograph-\(index)", patient: "patient-\(index / 2)",
        findings: Set((index % 2 == 0 ? ["bright"] : []) + (index / 2 % 2 == 0 ? ["low"] : [])))
    }
  }

  static func input(
    _ radiographs: LitRadiographs, train: [Int], validation: [Int] = [], test: [Int],
    findings: [String]? = nil,
    model: WorldModel? = nil, _ workspace: any EvaluationWorkspace = MemoryWorkspace()
  ) -> ModelEvaluationInput {
    ModelEvaluationInput(
      model: model ?? WorldModel(shape, latents: [], seed: 4),
      makeUntrained: { WorldModel(shape, latents: [], seed: 4) },
      tasks: [], views: ViewSettings(), radiographs: radiographs, train: train, validation: validation,
      test: test,
      findingNames: findings ?? radiographs.findingNames, seed: 11, workspace: workspace)
  }

  /// Settings of trials that take a moment.
  static let quick: [String: OptionValue] = [
    "epochs": .integer(4), "minimum_steps": .integer(0), "batch_size": .integer(8), "seeds": .integer(2),
    "draws": .integer(2), "learning_rate": .number(3e-3), "warmup_epochs": .number(1),
    "drop_path": .number(0.2),
    "jitter": .number(0.1),
  ]

  static func settings(_ more: [String: OptionValue] = [:]) throws -> FineTuneSettings {
    try FineTuneSettings(
      Options(FineTuneSettings.declarations, given: quick.merging(more) { $1 }))
  }

  static func evaluate(
    _ input: ModelEvaluationInput, _ more: [String: OptionValue] = [:]
  ) throws -> EvaluationResult {
    try FineTuneEvaluation(settings: try settings(more))(input)
  }
}

extension EvaluationResult {
  /// The value of a metric by its key in words.
  func value(_ key: String) -> Double? { metrics.first { $0.key.description == key }?.value }
}
