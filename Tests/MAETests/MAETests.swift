import CoreTensor
import NeuralNetworks
import PluginChecks
import TestSupport
import Testing

@testable import MAETask
@testable import WorldModel

@Suite struct MAETests {
  /// A decoder that a small model trains in no time.
  private static let small: [String: OptionValue] = [
    "decoder_embed_dim": .integer(32), "decoder_depth": .integer(1), "decoder_num_heads": .integer(2),
  ]

  @Test(arguments: [0.5, 0.75, 0.95], [true, false]) func keepsEveryPromise(ratio: Double, normalized: Bool) {
    let options: [String: OptionValue] = [
      "mask_ratio": .number(ratio), "norm_pix_loss": .boolean(normalized),
    ]
    let checks = checkTask(MAETask.definition, options: Self.small.merging(options) { $1 })
    #expect(checks.filter { !$0.isKept } == [])
  }

  @Test func refusesAWidthWithoutHeads() {
    for (width, heads) in [(30, 2), (32, 3)] {
      let options: [String: OptionValue] = [
        "decoder_embed_dim": .integer(width), "decoder_num_heads": .integer(heads),
      ]
      let problem = checkTask(MAETask.definition, options: options).compactMap(\.problem).first
      #expect(problem?.contains("decoder_embed_dim = \(width), decoder_num_heads = \(heads)") == true)
    }
  }

  /// Values of PyTorch in double precision (`Benchmarks/peer_masked.py mae`).
  @Test(arguments: [("normalized", true), ("plain", false)])
  func lossAndGradientsAreThoseOfPyTorch(name: String, normalizes: Bool) throws {
    let golden = try #require(GoldenLoss.cases()[name])
    let geometry = ImageGeometry(imageSize: 12, patchSize: 4)
    var initializer = Initializer(random: RandomStream(seed: 0, stream: "weights"))
    let decoder = MAEDecoder(
      MAEDecoder.Shape(
        features: 8, width: 8, depth: 1, heads: 2, normalizesPixels: normalizes, geometry: geometry),
      weight: 1, initializer: &initializer)
    GoldenLoss.fill(decoder)
    let images = GoldenLoss.wave([2, 3, 12, 12], 0.5)
    let features = Parameter(GoldenLoss.wave([2, 2, 8], 0.25))
    let context = ObjectiveInput.Context(
      view: 0, images: images, visible: [[0, 4], [2, 7]], features: features.tensor, hidden: nil)
    let input = ObjectiveInput(
      geometry: geometry, contexts: [context], targets: [images], targetFeatures: [nil], predictions: [],
      numbers: nil)
    Compute.$backend.withValue(CPUBackend(.float32)) {
      let terms = decoder(input)
      #expect(terms.map(\.name) == ["pixels"])
      #expect(golden.differences(terms[0].value, decoder, inputs: ["features": features]) == [])
    }
  }
}
