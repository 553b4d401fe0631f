import CoreTensor
import Imaging
import NeuralNetworks
import PluginChecks
import WorldModel

@testable import PCAEvaluation

enum Trial {
  static let shape = VisionTransformerConfiguration(
    imageSize: 32, patchSize: 8, width: 16, depth: 2, heads: 2)

  /// - Parameters:
  ///   - test: radiographs to test on.
  ///   - mode: of the target encoder.
  ///   - networks: make encoder and predictor.
  static func input(
    _ workspace: MemoryWorkspace = MemoryWorkspace(), test: [Int] = Array(0..<12),
    mode: TargetEncoderMode = .follows, networks: Networks = .standard
  ) -> ModelEvaluationInput {
    let shape = WorldModelConfiguration(
      encoder: shape,
      predictor: PredictorConfiguration(featureWidth: 16, width: 16, depth: 1, heads: 2, gridSize: 4),
      targetEncoder: mode)
    return ModelEvaluationInput(
      model: WorldModel(shape, latents: [], networks: networks, seed: 3),
      makeUntrained: { WorldModel(shape, latents: [], networks: networks, seed: 4) },
      tasks: [], views: ViewSettings(), radiographs: Radiographs(), train: [], validation: [], test: test,
      findingNames: [], seed: 5, workspace: workspace)
  }

  static func evaluation(_ given: [String: OptionValue] = [:]) -> PCAEvaluation {
    let small: [String: OptionValue] = [
      "images": .integer(12), "pictures": .integer(2), "enlargement": .integer(1),
    ]
    return PCAEvaluation(
      Options(PCAEvaluation.definition.options, given: small.merging(given) { $1 }))
  }
}

/// An encoder of one size of image: it adopts nothing of another, and has the last layer alone.
final class FixedEncoder: ImageEncoder {
  private let inner: VisionTransformer
  var shape: VisionTransformerConfiguration { inner.shape }

  init(_ shape: VisionTransformerConfiguration, _ initializer: inout Initializer) {
    inner = VisionTransformer(shape, initializer: &initializer)
  }

  func callAsFunction(_ images: Tensor, visible: [[Int]]?, of tokens: [[Int]]?, dropping: DropPath?) -> Tensor
  {
    inner(images, visible: visible, of: tokens, dropping: dropping)
  }

  func visit(_ visitor: inout ParameterVisitor) { visitor.module(inner, "") }
}

/// Bright discs on black; number 5 cannot be used.
struct Radiographs: RadiographSource {
  let summary = "discs"
  let findingNames: [String] = []
  let records = (0..<12).map { RadiographRecord(identifier: "disc \($0)") }

  func radiograph(at index: Int) throws -> GrayImage {
    if index == 5 { throw UnusableRadiograph(identifier: records[5].identifier, reason: "torn") }
    var random = RandomStream(seed: 7, stream: "image", index: index)
    var image = GrayImage(width: 40, height: 48)
    for row in 0..<48 {
      for column in 0..<40 {
        let (down, right) = (row - 24, column - 20)
        if down * down + right * right < 160 { image[row, column] = 0.6 + 0.3 * Float(random.unit()) }
      }
    }
    return image
  }
}

/// The value of a metric by its key in words.
func value(_ result: EvaluationResult, _ key: String) -> Double? {
  result.metrics.first { $0.key.description == key }?.value
}
