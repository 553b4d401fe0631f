import CoreTensor
import Foundation
import NeuralNetworks
import TestSupport
import Testing
import WorldModel

@testable import Commands
@testable import Weights

/// Other people's encoders give the features that timm and Hugging Face's transformers compute. `Encoders` was written by
/// Benchmarks/golden_encoders.py.
struct EncoderFamilyTests {
  private struct Golden: Decodable {
    let family: String
    /// Features of every patch by the side of the image.
    let features: [String: [Float]]
  }

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Encoders")
  private static let all: [String: Golden] = {
    let data = try! Data(contentsOf: folder.appendingPathComponent("golden.json"))
    return try! JSONDecoder().decode([String: Golden].self, from: data)
  }()

  /// Sines of their places, as the program that wrote the features has them.
  private static func image(_ size: Int, channels: Int) -> Tensor {
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
    return WorldModel(
      WorldModelConfiguration(
        encoder: shape,
        predictor: PredictorConfiguration(
          featureWidth: sizes.width, width: 8, depth: 1, heads: 2, gridSize: shape.gridSize)),
      latents: [], seed: 1)
  }

  @Test(arguments: all.keys.sorted()) func featuresAreTheFamilys(name: String) throws {
    let golden = try #require(Self.all[name])
    let weights = try RecognizedWeights(
      WeightsFile(path: Self.folder.appendingPathComponent(name + ".safetensors").path),
      WeightsFamilies.shipped())
    #expect(weights.family.name == golden.family)
    let sizes = try weights.sizes(heads: 2)
    for (size, expected) in golden.features {
      let model = Self.model(sizes, imageSize: Int(size)!)
      try WeightsLoading.load(
        weights, into: model, allowing: WeightsAllowances(missing: ["predictor.*"], unexpected: []))
      let image = Self.image(Int(size)!, channels: sizes.design.channels)
      let scale = expected.map(abs).max() ?? 0
      for encoder in [model.encoder, try #require(model.targetEncoder)] {
        let found = encoder(image).values
        #expect(found.count == expected.count)
        let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(worst <= 1e-5 * scale, "\(size) px: \(worst) of \(scale)")
      }
    }
  }
}
