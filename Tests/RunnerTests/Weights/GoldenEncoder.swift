import CoreTensor
import Foundation
import NeuralNetworks
import WorldModel

/// An encoder of other people's with its features, as Benchmarks/golden_encoders.py wrote them to `Encoders`.
struct GoldenEncoder: Decodable {
  let family: String
  /// Features of every patch by the side of the image.
  let features: [String: [Float]]

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Encoders")
  static let all: [String: GoldenEncoder] = {
    let data = try! Data(contentsOf: folder.appendingPathComponent("golden.json"))
    return try! JSONDecoder().decode([String: GoldenEncoder].self, from: data)
  }()
  static let names = all.keys.sorted()

  static func path(of name: String) -> String { folder.appendingPathComponent(name + ".safetensors").path }

  /// Sines of their places, as the program that wrote the features has them.
  static func image(_ size: Int, channels: Int) -> Tensor {
    let plane = size * size
    return Tensor([1, 3, size, size]) { values in
      for place in values.indices {
        values[place] = Float(sin(0.37 * Double(place / plane < channels ? place : 0)))
      }
    }
  }

  static func model(_ sizes: WeightsSizes, imageSize: Int) -> WorldModel {
    let shape = VisionTransformerConfiguration(
      imageSize: imageSize, patchSize: sizes.patchSize, width: sizes.width, depth: sizes.depth,
      heads: sizes.heads, mlpRatio: sizes.mlpRatio, positionOrder: sizes.positionOrder ?? .rowFirst,
      design: sizes.design)
    return model(of: shape)
  }

  static func model(of shape: VisionTransformerConfiguration) -> WorldModel {
    WorldModel(
      WorldModelConfiguration(
        encoder: shape,
        predictor: PredictorConfiguration(
          featureWidth: shape.width, width: 8, depth: 1, heads: 2, gridSize: shape.gridSize)),
      latents: [], seed: 1)
  }
}
