import CoreTensor
import TestSupport
import Testing

@testable import NeuralNetworks

/// Stochastic depth, and learning rates by layer.
@Suite struct DropPathTests {
  private func draw(_ rate: Double, depth: Int, images: Int, step: Int = 0) -> DropPath {
    var random = RandomStream(seed: 3, stream: "drop", step: step)
    return DropPath(rate: rate, depth: depth, images: images, random: &random)
  }

  @Test func atRateZeroNothingChangesInAnyBit() {
    let encoder = tinyEncoder()
    encoder.randomise()
    let images = tinyImages(3)
    var random = RandomStream(seed: 3, stream: "drop")
    let untouched = random
    let dropping = DropPath(rate: 0, depth: 2, images: 3, random: &random)
    var fresh = untouched
    #expect(random.nextBits() == fresh.nextBits())
    func results(_ dropping: DropPath?) -> [[Float]] {
      let out = encoder(images, dropping: dropping)
      var weights = RandomTensors("outputGradient")
      linear(reshape(out, [1, out.count]), weight: weights.normal([1, out.count]), bias: nil).backward()
      defer { encoder.entries.forEach { $0.parameter.clearGradient() } }
      return [out.values] + encoder.entries.compactMap { $0.parameter.gradient?.values }
    }
    #expect(results(dropping) == results(nil))
  }

  @Test func ratesRiseLinearlyOverTheBlocks() {
    let depth = 5
    let draws = (0..<200).map { draw(0.8, depth: depth, images: 10, step: $0) }
    for block in 0..<depth {
      let chance = 0.8 * Double(block) / 4
      for branch in [\DropPath.Block.attention, \DropPath.Block.feedForward] {
        let kept = draws.reduce(0) { $0 + $1.blocks[block][keyPath: branch].images.count }
        #expect(abs(Double(kept) / 2000 - (1 - chance)) < 0.05)
        #expect(abs(Double(draws[0].blocks[block][keyPath: branch].scale) - 1 / (1 - chance)) < 1e-6)
      }
    }
    #expect(draws[0] == draw(0.8, depth: depth, images: 10))
    #expect(draws[0] != draws[1])
    #expect(draws[0].blocks[4].attention != draws[0].blocks[4].feedForward)
    #expect(draw(0.9, depth: 1, images: 4).blocks[0].attention.images == [0, 1, 2, 3])
  }

  /// Of one block whose branches are drawn, the mean over draws of the first branch is the branch.
  @Test func theMeanOverDrawsIsTheWholeBranch() {
    let encoder = tinyEncoder()
    encoder.randomise(scale: 0.2)
    // Without the second block's feed-forward branch the expectation is exact.
    for entry in encoder.entries where entry.name.hasPrefix("blocks.1.mlp.fc2") {
      entry.parameter.tensor.pointer.update(repeating: 0, count: entry.parameter.tensor.count)
    }
    var random = RandomTensors("x")
    let x = random.normal([1, 4, 8])
    let whole = encoder.blocks(x).values
    let draws = 4000
    var sum = [Double](repeating: 0, count: whole.count)
    let many = concatenate(Array(repeating: x, count: 100))
    for step in 0..<draws / 100 {
      let out = encoder.blocks(many, dropping: draw(0.5, depth: 2, images: 100, step: step)).values
      for (place, value) in out.enumerated() { sum[place % whole.count] += Double(value) }
    }
    #expect(relativeDifference(sum.map { Float($0 / Double(draws)) }, whole) < 0.05)
  }

  @Test func activationsComputedAgainAreTheSame() {
    let encoder = tinyEncoder()
    encoder.randomise()
    let dropping = draw(0.6, depth: 2, images: 2)
    func gradients() -> [[Float]] {
      let out = encoder(tinyImages(), dropping: dropping)
      meanSquaredError(out, Tensor.zeros(out.shape)).backward()
      defer { encoder.entries.forEach { $0.parameter.clearGradient() } }
      return encoder.entries.map { $0.parameter.gradient?.values ?? [] }
    }
    let kept = gradients()
    encoder.blocks.recomputesActivations = true
    #expect(gradients() == kept)
  }

  @Test func learningRatesFallFromLayerToLayer() {
    let encoder = tinyEncoder(depth: 3)
    let scales = encoder.learningRateScales(decay: 0.5)
    let expected = [
      ("norm.weight", 1), ("norm.bias", 1), ("blocks.2.mlp.fc2.weight", 0.5),
      ("blocks.1.attn.qkv.bias", 0.25),
      ("blocks.0.norm1.weight", 0.125), ("patch_embed.proj.weight", 0.0625),
    ]
    for (name, scale) in expected {
      let parameter = encoder.entries.first { $0.name == name }?.parameter
      #expect(parameter.flatMap { scales[ObjectIdentifier($0)] } == scale, "\(name)")
    }
    for entry in encoder.entries where !entry.isBuffer {
      #expect(scales[ObjectIdentifier(entry.parameter)] != nil, "\(entry.name)")
    }
    #expect(Set(encoder.learningRateScales(decay: 1).values) == [1])
  }

  @Test func wrongUseStops() async {
    await #expect(processExitsWith: .failure) {
      var random = RandomStream(seed: 0, stream: "drop")
      _ = DropPath(rate: 1, depth: 2, images: 1, random: &random)
    }
    await #expect(processExitsWith: .failure) {
      var random = RandomStream(seed: 0, stream: "drop")
      let dropping = DropPath(rate: 0.5, depth: 3, images: 2, random: &random)
      _ = tinyEncoder()(tinyImages(), dropping: dropping)
    }
  }
}
