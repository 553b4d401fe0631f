import CoreTensor
import Testing

@testable import NeuralNetworks

/// Encoders for images or patches of other sizes than those they were trained with.
@Suite struct ResamplingTests {
  private static func encoder(_ imageSize: Int, _ patchSize: Int, width: Int = 16, seed: UInt64 = 3)
    -> VisionTransformer
  {
    var initializer = Initializer(random: RandomStream(seed: seed, stream: "resampling"))
    return VisionTransformer(
      VisionTransformerConfiguration(
        imageSize: imageSize, patchSize: patchSize, width: width, depth: 2, heads: 2),
      initializer: &initializer)
  }

  /// An image's pixels, enlarged twice along each side, centres aligned and edges repeated.
  private static func enlarged(_ image: [Float], _ side: Int) -> [Float] {
    func place(_ pixel: Int) -> (Int, Int, Float) {
      let place = min(max((Float(pixel) + 0.5) / 2 - 0.5, 0), Float(side - 1))
      return (Int(place), min(Int(place) + 1, side - 1), place - Float(Int(place)))
    }
    return (0..<4 * side * side).map { number in
      let (top, bottom, down) = place(number / (2 * side))
      let (left, right, across) = place(number % (2 * side))
      let upper = image[top * side + left] * (1 - across) + image[top * side + right] * across
      let lower = image[bottom * side + left] * (1 - across) + image[bottom * side + right] * across
      return upper * (1 - down) + lower * down
    }
  }

  @Test func smallPatchesAreSeenAsThoughEnlarged() {
    let (large, small) = (Self.encoder(32, 8), Self.encoder(16, 4, seed: 4))
    #expect(small.adopt(large))
    var random = RandomStream(seed: 1, stream: "patch")
    let channels = (0..<3).map { _ in (0..<16).map { _ in Float(random.uniform(in: -1...1)) } }
    let patch = Tensor(channels.flatMap { $0 }, shape: [1, 48])
    let wide = Tensor(channels.flatMap { Self.enlarged($0, 4) }, shape: [1, 192])
    func product(_ x: Tensor, _ encoder: VisionTransformer) -> [Float] {
      let kernel = encoder.patchEmbedding.weight.tensor
      return linear(
        x, weight: reshape(kernel, [16, x.shape[1]]), bias: encoder.patchEmbedding.bias.tensor
      ).values
    }
    for (own, other) in zip(product(patch, small), product(wide, large)) { #expect(abs(own - other) < 1e-5) }
  }

  @Test func placesKeepTheirShareOfTheImage() {
    let (coarse, fine) = (Self.encoder(32, 8), Self.encoder(32, 4, seed: 4))
    #expect(fine.adopt(coarse))
    let table = fine.positionTable!.tensor.values
    let encoding = PositionEncoding(width: 16, order: .rowFirst)
    var expected = [Float](repeating: 0, count: 16)
    expected.withUnsafeMutableBufferPointer {
      encoding.write(1, place: { _ in (0.75, 2.25) }, to: $0.baseAddress!)
    }
    // Row 2 of 8 lies at row 0.75 of 4, column 5 at 2.25.
    for (own, other) in zip(table[(2 * 8 + 5) * 16..<(2 * 8 + 6) * 16], expected) {
      #expect(abs(own - other) < 1e-6)
    }
    let same = Self.encoder(32, 8, seed: 9)
    #expect(same.adopt(coarse))
    for (own, other) in zip(same.entries, coarse.entries) {
      #expect(own.parameter.tensor.values == other.parameter.tensor.values, "\(own.name)")
    }
  }

  /// A table that is no formula's is resampled between its own places.
  @Test func learntPlacesAreResampled() {
    let (coarse, fine) = (Self.encoder(32, 8), Self.encoder(64, 8, seed: 4))
    coarse.positionTable!.assign((0..<16 * 16).map { Float($0 / 16 / 4) })
    #expect(fine.adopt(coarse))
    let rows = stride(from: 0, to: 64 * 16, by: 8 * 16).map { fine.positionTable!.tensor.values[$0] }
    #expect(rows == [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3])
  }

  @Test func othersAreRefusedAndNothingChanges() {
    let encoder = Self.encoder(16, 4)
    let before = encoder.entries.map(\.parameter.tensor.values)
    #expect(!encoder.adopt(Self.encoder(32, 8, width: 32)))
    #expect(encoder.entries.map(\.parameter.tensor.values) == before)
  }
}
