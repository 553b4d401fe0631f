import CoreTensor
import TestSupport
import Testing

@testable import NeuralNetworks

/// Blocks and the encoder against their formulas, finite differences and their promises.
@Suite struct TransformerTests {
  @Test func aBlockIsPreNormWithTwoResidualBranches() {
    var start = initializer()
    let block = TransformerBlock(8, heads: 2, mlpRatio: 2, layer: 1, initializer: &start)
    block.randomise()
    let values = Dictionary(uniqueKeysWithValues: block.entries.map { ($0.name, $0.parameter.tensor) })
    func dense(_ x: Tensor, _ name: String) -> Tensor {
      linear(x, weight: values[name + ".weight"]!, bias: values[name + ".bias"]!)
    }
    func norm(_ x: Tensor, _ name: String) -> Tensor {
      layerNorm(x, weight: values[name + ".weight"]!, bias: values[name + ".bias"]!, epsilon: 1e-6)
    }
    var random = RandomTensors("block")
    let x = random.normal([2, 5, 8])
    let expected = Compute.$backend.withValue(ReferenceBackend()) {
      let mixed = x + dense(CoreTensor.attention(dense(norm(x, "norm1"), "attn.qkv"), heads: 2), "attn.proj")
      return mixed + dense(gelu(dense(norm(mixed, "norm2"), "mlp.fc1")), "mlp.fc2")
    }
    let difference = relativeDifference(block(x), expected)
    #expect(difference < 5e-6, "\(difference)")
  }

  @Test func gradientsOfABlock() {
    var start = initializer()
    let block = TransformerBlock(8, heads: 2, mlpRatio: 1.5, layer: 2, initializer: &start)
    block.randomise()
    var random = RandomTensors("block")
    let x = Parameter(random.normal([2, 3, 8]), name: "x")
    let parameters = block.entries.map { entry in
      entry.parameter.name = entry.name
      return entry.parameter
    }
    let report = checkGradient(parameters: [x] + parameters, step: 5e-3, tolerance: 5e-3) { block(x.tensor) }
    #expect(report.passes, "\(report)")
  }

  @Test func gradientsOfAnEncoder() {
    let encoder = tinyEncoder(depth: 1)
    encoder.randomise()
    let images = tinyImages()
    let parameters = encoder.entries.filter { !$0.isBuffer }.map { entry in
      entry.parameter.name = entry.name
      return entry.parameter
    }
    let visible = [[0, 3, 9], [15, 2, 7]]
    let report = checkGradient(parameters: parameters, step: 5e-3, tolerance: 5e-3, stride: 3) {
      encoder(images, visible: visible)
    }
    #expect(report.passes, "\(report)")
    #expect(encoder.positionTable!.gradient == nil && !encoder.positionTable!.isTrainable)
  }

  @Test func withoutBranchesTheEncoderIsNormOfPatchesPlusPositions() {
    let encoder = tinyEncoder()
    encoder.randomise()
    encoder.silenceBranches()
    let images = tinyImages()
    let (weight, bias) = (encoder.patchEmbedding.weight.tensor, encoder.patchEmbedding.bias.tensor.values)
    let table = PositionEncoding(width: 8, order: .rowFirst).grid(4).values
    let out = encoder(images)
    #expect(out.shape == [2, 16, 8])
    for image in 0..<2 {
      for patch in 0..<16 {
        let embedded = (0..<8).map { feature -> Float in
          var sum = Double(bias[feature]) + Double(table[patch * 8 + feature])
          for channel in 0..<3 {
            for row in 0..<2 {
              for column in 0..<2 {
                let (y, x) = (patch / 4 * 2 + row, patch % 4 * 2 + column)
                let pixel = images.values[((image * 3 + channel) * 8 + y) * 8 + x]
                sum += Double(pixel) * Double(weight.values[((feature * 3 + channel) * 2 + row) * 2 + column])
              }
            }
          }
          return Float(sum)
        }
        let expected = encoder.norm(Tensor(embedded, shape: [1, 1, 8])).values
        #expect(relativeDifference(rows(out, image: image, [patch]), expected) < 1e-5)
      }
    }
    // Without attention a patch does not see the others: a subset is a subset of the rows.
    let visible = [[5, 0, 15], [2, 2, 9]]
    let subset = encoder(images, visible: visible)
    #expect(subset.shape == [2, 3, 8])
    for image in 0..<2 {
      let expected = rows(out, image: image, visible[image])
      #expect(relativeDifference(rows(subset, image: image, [0, 1, 2]), expected) < 1e-5)
    }
  }

  @Test func patchesThatAreNotListedNeverEnter() {
    let encoder = tinyEncoder()
    encoder.randomise()
    let (images, spoilt) = (tinyImages(), tinyImages())
    let visible = [[5, 0, 15], [2, 4, 9]]
    let before = encoder(images, visible: visible)
    for position in 0..<spoilt.count {
      let (image, y, x) = (position / 192, position / 8 % 8, position % 8)
      if !visible[image].contains(y / 2 * 4 + x / 2) { spoilt.pointer[position] = .nan }
    }
    #expect(spoilt.values.contains { $0.isNaN })
    #expect(encoder(spoilt, visible: visible).values == before.values)
    #expect(encoder(spoilt).values.allSatisfy { $0.isNaN })
  }

  @Test func theOrderOfPatchesOnlyOrdersTheRows() {
    let encoder = tinyEncoder()
    encoder.randomise()
    let images = tinyImages(1)
    let all = encoder(images)
    let listed = encoder(images, visible: [Array(0..<16)])
    #expect(all.values == listed.values)
    var random = RandomStream(seed: 3, stream: "order")
    let order = random.permutation(16)
    let shuffled = encoder(images, visible: [order])
    #expect(relativeDifference(shuffled.values, rows(all, image: 0, order)) < 2e-5)
  }

  @Test func imagesOfABatchDoNotMeet() {
    let encoder = tinyEncoder()
    encoder.randomise()
    let images = tinyImages(3)
    let together = encoder(images)
    for image in 0..<3 {
      let alone = encoder(slice(images, image..<image + 1))
      #expect(relativeDifference(rows(together, image: image, Array(0..<16)), alone.values) < 1e-5)
    }
  }

  @Test func watchersHearTimmNames() {
    final class Scopes: OperationObserver, @unchecked Sendable {
      var seen: Set<String> = []
      func observe(_ tensor: Tensor, operation: String, scope: String, phase: OperationPhase) {
        seen.insert(scope)
      }
    }
    let scopes = Scopes()
    let encoder = tinyEncoder()
    Observation.watching(scopes) { _ = encoder(tinyImages()) }
    #expect(
      scopes.seen == [
        "patch_embed", "blocks.0.attn", "blocks.0.mlp", "blocks.1.attn", "blocks.1.mlp", "norm",
      ])
  }
}
