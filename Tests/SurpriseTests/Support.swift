import CoreTensor
import Imaging
import NeuralNetworks
import PluginChecks
import WorldModel

@testable import SurpriseEvaluation

/// An encoder whose features are the first pixels of each patch.
final class PixelEncoder: ImageEncoder {
  let shape: VisionTransformerConfiguration
  private let scale: Parameter
  var recomputesActivations = false

  init(_ shape: VisionTransformerConfiguration, _ initializer: inout Initializer) {
    self.shape = shape
    scale = initializer.constant(1, [1])
  }

  func callAsFunction(_ images: Tensor, visible: [[Int]]?, of tokens: [[Int]]?, dropping: DropPath?) -> Tensor
  {
    let all = visible ?? Array(repeating: Array(0..<shape.patchCount), count: images.shape[0])
    let wanted = tokens.map { zip(all, $0).map { row, own in own.map { row[$0] } } } ?? all
    let patches = extractPatches(images, patches: wanted, patchSize: shape.patchSize)
    return slice(patches, [nil, nil, 0..<shape.width])
  }

  func visit(_ visitor: inout ParameterVisitor) { visitor.parameter(scale, "scale") }
}

/// A predictor that expects at every hidden place the mean of what is visible.
final class MeanPredictor: Predictor {
  private let width: Int
  private let scale: Parameter

  init(_ shape: PredictorConfiguration, _ initializer: inout Initializer) {
    width = shape.width
    scale = initializer.constant(1, [1])
  }

  func maskTokens(at places: [[GridPlace]]) -> Tensor { .zeros([places.count, places[0].count, width]) }

  func callAsFunction(context: Tensor, visible: [[Int]], maskTokens: Tensor) -> Tensor {
    let (rows, count, features) = (context.shape[0], context.shape[1], context.shape[2])
    let values = context.values
    let means = (0..<rows).flatMap { row -> [Float] in
      let mean = (0..<features).map { feature in
        (0..<count).reduce(Float(0)) { $0 + values[(row * count + $1) * features + feature] } / Float(count)
      }
      return (0..<maskTokens.shape[1]).flatMap { _ in mean }
    }
    return Tensor(means, shape: [rows, maskTokens.shape[1], features])
  }

  func visit(_ visitor: inout ParameterVisitor) { visitor.parameter(scale, "scale") }
}

/// A task that hides the left half of a view and has it predicted from the right half.
struct HidingTask: WorldTask {
  static let definition = TaskDefinition(name: "hiding", summary: "hides the left half", options: []) {
    _, _ in HidingTask()
  }
  let name = "hiding"
  let requiredViews = 1

  struct Plan: TaskPlan, TaskDraw {
    func draw(sample: SampleScope) -> any TaskDraw { self }
    func editVisibility(of context: inout any Context) {
      let side = context.geometry.gridSize
      context.hidden = (0..<side * side).filter { $0 % side < side / 2 }
      context.visible = (0..<side * side).filter { $0 % side >= side / 2 }
    }
    func supervisions(views: [Frame]) -> [Supervision] {
      [Supervision(context: 0, target: 0, patches: .hidden(context: 0))]
    }
  }

  func plan(batch: BatchScope) -> any TaskPlan { Plan() }
}

/// A task that paints every hidden pixel grey, and learns which.
struct PaintingTask: WorldTask {
  let name = "painting"
  let requiredViews = 1

  struct Plan: TaskPlan, TaskDraw {
    func draw(sample: SampleScope) -> any TaskDraw { self }
  }
  func plan(batch: BatchScope) -> any TaskPlan { Plan() }
}

final class Painter: PatchReconstruction {
  let grey = Parameter(Tensor([Float(0)], shape: [1]))

  func callAsFunction(_ input: ObjectiveInput) -> [ObjectiveTerm] { [] }

  func reconstruct(_ input: ReconstructionInput) -> ReconstructedPatches {
    let truth = extractPatches(input.images, patches: input.hidden, patchSize: input.geometry.patchSize)
    return ReconstructedPatches(
      reconstructed: Tensor(truth.shape, repeating: grey.tensor.values[0]), truth: truth)
  }

  func visit(_ visitor: inout ParameterVisitor) { visitor.parameter(grey, "grey") }
}

enum Trial {
  static let encoder = VisionTransformerConfiguration(
    imageSize: 32, patchSize: 8, width: 16, depth: 1, heads: 2)
  static let networks = Networks(
    makeEncoder: { PixelEncoder($0, &$1) }, makePredictor: { MeanPredictor($0, &$1) })

  static func model(
    _ mode: TargetEncoderMode = .follows, networks: Networks = networks, isPainter: Bool = false,
    normalizesTargets: Bool = false
  ) -> WorldModel {
    WorldModel(
      WorldModelConfiguration(
        encoder: encoder,
        predictor: PredictorConfiguration(featureWidth: 16, width: 16, depth: 1, heads: 2, gridSize: 4),
        targetEncoder: mode, normalizesTargets: normalizesTargets),
      latents: [], objectives: isPainter ? [OwnedObjective(task: "painting", objective: Painter())] : [],
      networks: networks, seed: 3)
  }

  /// - Parameters:
  ///   - model: by default of pixels and their mean.
  ///   - tasks: by default one that hides patches.
  ///   - train: radiographs to learn from.
  ///   - test: radiographs to test on.
  ///   - isLabelled: whether the source has labels.
  static func input(
    _ workspace: MemoryWorkspace = MemoryWorkspace(), model: WorldModel = model(),
    tasks: [any WorldTask] = [HidingTask()], train: [Int] = Array(0..<8), test: [Int] = Array(8..<20),
    isLabelled: Bool = true
  ) -> ModelEvaluationInput {
    ModelEvaluationInput(
      model: model, makeUntrained: { Self.model(networks: .standard, normalizesTargets: true) },
      tasks: tasks, views: ViewSettings(), radiographs: Radiographs(isLabelled: isLabelled), train: train,
      validation: [], test: test, findingNames: isLabelled ? ["No Finding", "blot"] : [], seed: 5,
      workspace: workspace)
  }

  static func evaluation(_ given: [String: OptionValue] = [:]) -> SurpriseEvaluation {
    let small: [String: OptionValue] = [
      "block": .text("1x1"), "passes": .integer(1), "pictures": .integer(4), "resamples": .integer(20),
    ]
    return SurpriseEvaluation(
      settings: SurpriseSettings(
        Options(SurpriseEvaluation.definition.options, given: small.merging(given) { $1 })))
  }
}

/// Grey radiographs with a little noise. Those of odd number from 9 have a white patch, number 13 cannot be used.
struct Radiographs: RadiographSource {
  let summary = "blots"
  let isLabelled: Bool
  var findingNames: [String] { isLabelled ? ["No Finding", "blot"] : [] }
  let records: [RadiographRecord]

  init(isLabelled: Bool) {
    self.isLabelled = isLabelled
    records = (0..<20).map { index in
      RadiographRecord(
        identifier: "grey \(index)",
        findings: isLabelled ? [Self.hasBlot(index) ? "blot" : "No Finding"] : [])
    }
  }

  static func hasBlot(_ index: Int) -> Bool { index > 8 && index % 2 == 1 }
  /// Row and column of the white patch.
  static func blot(_ index: Int) -> (row: Int, column: Int) { (index % 4, index / 4 % 4) }

  func radiograph(at index: Int) throws -> GrayImage {
    if index == 13 { throw UnusableRadiograph(identifier: records[13].identifier, reason: "torn") }
    var random = RandomStream(seed: 7, stream: "image", index: index)
    var image = GrayImage(
      width: 32, height: 32, pixels: (0..<1024).map { _ in 0.4 + 0.02 * Float(random.unit()) })
    guard Self.hasBlot(index) else { return image }
    let place = Self.blot(index)
    for row in 8 * place.row..<8 * place.row + 8 {
      for column in 8 * place.column..<8 * place.column + 8 { image[row, column] = 1 }
    }
    return image
  }

  func truth(at index: Int) throws -> RadiographTruth? {
    guard isLabelled, Self.hasBlot(index) else { return nil }
    let place = Self.blot(index)
    return RadiographTruth(boxes: [
      .init(
        finding: "blot", row: Double(8 * place.row), column: Double(8 * place.column), height: 8, width: 8)
    ])
  }
}

/// The value of a metric by its key in words.
func value(_ result: EvaluationResult, _ key: String) -> Double? {
  result.metrics.first { $0.key.description == key }?.value
}
