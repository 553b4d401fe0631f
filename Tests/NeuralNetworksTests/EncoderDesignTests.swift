import CoreTensor
import TestSupport
import Testing

@testable import NeuralNetworks

/// What encoders have beside the paper's parts: each against a way of its own to the same numbers.
struct EncoderDesignTests {
  private static func design(_ change: (inout EncoderDesign) -> Void) -> EncoderDesign {
    var design = EncoderDesign.plain
    change(&design)
    return design
  }

  private static let all: [(name: String, design: EncoderDesign)] = [
    ("plain", .plain), ("class token", design { $0.hasClassToken = true }),
    ("registers", design { ($0.hasClassToken, $0.registers) = (true, 3) }),
    ("learned", design { $0.positions = .learned }), ("rotary", design { $0.positions = .rotary }),
    (
      "learned and rotary",
      design {
        ($0.positions, $0.hasClassToken, $0.rotary) = (.learnedAndRotary, true, .init(base: 1e4, grid: 7))
      }
    ),
    ("layer scale", design { $0.blocks.layerScale = 0.3 }),
    ("swiglu", design { ($0.blocks.feedForward, $0.blocks.normalizesHidden) = (.swiGLU, true) }),
    ("norms of queries and keys", design { $0.blocks.normalizesQueriesKeys = true }),
    ("biases of queries and values", design { $0.blocks.projectionBias = .queriesValues }),
    ("no biases", design { $0.blocks.projectionBias = .none }), ("one channel", design { $0.channels = 1 }),
  ]

  private func encoder(_ design: EncoderDesign, image: Int = 16) -> VisionTransformer {
    var initializer = Initializer(random: RandomStream(seed: 4, stream: "design"))
    let encoder = VisionTransformer(
      VisionTransformerConfiguration(
        imageSize: image, patchSize: 4, width: 16, depth: 2, heads: 2, mlpRatio: 2, design: design),
      initializer: &initializer)
    var random = RandomStream(seed: 4, stream: "noise")
    for entry in encoder.entries where !entry.isBuffer {
      entry.parameter.assign(entry.parameter.tensor.values.map { $0 + Float(0.2 * random.normal()) })
    }
    return encoder
  }

  private func images(_ count: Int = 2, side: Int = 16) -> Tensor {
    var random = RandomStream(seed: 5, stream: "images")
    let values = (0..<count * 3 * side * side).map { _ in Float(random.normal()) }
    return Tensor(values, shape: [count, 3, side, side])
  }

  private func distance(_ a: Tensor, _ b: Tensor) -> Float {
    a.shape == b.shape ? zip(a.values, b.values).map { abs($0 - $1) }.max() ?? 0 : .infinity
  }

  @Test func theClassTokenIsTheFirstOfAllTokensAndPoolingTakesIt() throws {
    let (encoder, images) = (encoder(Self.design { ($0.hasClassToken, $0.registers) = (true, 3) }), images())
    let first = slice(encoder.tokens(images), [nil, 0..<1, nil]).values
    let features = try #require(encoder.classFeatures(images, dropping: nil))
    #expect(features.shape == [2, 16] && features.values == first)
    #expect(encoder.pooled(images, by: .class).values == first)
    #expect(encoder.pooled(images).values == meanTokens(encoder(images)).values)
    let plain = self.encoder(.plain)
    #expect(plain.classFeatures(images, dropping: nil) == nil)
  }

  @Test(arguments: all.map(\.name)) func slopesAreThoseOfDifferences(name: String) throws {
    let design = try #require(Self.all.first { $0.name == name }).design
    let (encoder, images) = (encoder(design), images())
    let visible = [[0, 3, 5, 9, 12], [1, 2, 6, 7, 15]]
    let weights = Tensor(
      (0..<160).map { (place: Int) -> Float in Float(place * 7 % 11) / 11 - 0.4 }, shape: [2, 5, 16])
    func loss() -> Tensor { (encoder(images, visible: visible) * weights).sum() }
    loss().backward()
    for entry in encoder.entries where entry.parameter.isTrainable {
      let gradient = try #require(entry.parameter.gradient, "\(entry.name)").values
      let start = entry.parameter.tensor.values
      let place = gradient.indices.max { abs(gradient[$0]) < abs(gradient[$1]) }!
      func moved(_ by: Float) -> Float {
        var values = start
        values[place] += by
        entry.parameter.assign(values)
        defer { entry.parameter.assign(start) }
        return loss().values[0]
      }
      let slope = (moved(0.01) - moved(-0.01)) / 0.02
      #expect(
        abs(slope - gradient[place]) <= 0.02 * max(abs(slope), 0.05),
        "\(name), \(entry.name)[\(place)]: \(gradient[place]), by differences \(slope)")
    }
  }

  @Test(arguments: all.map(\.name)) func partsAgreeWithTheWhole(name: String) throws {
    let design = try #require(Self.all.first { $0.name == name }).design
    let (encoder, images) = (encoder(design), images())
    let whole = encoder(images)
    #expect(whole.shape == [2, 16, 16])
    let chosen = [[3, 0, 7], [15, 2, 4]]
    #expect(distance(encoder(images, of: chosen), gatherTokens(whole, chosen)) < 1e-5)
    let all = Array(0..<16)
    #expect(distance(encoder(images, visible: [all, all]), whole) < 1e-5)
    let tokens = encoder.tokens(images)
    #expect(tokens.shape == [2, design.prefixCount + 16, 16])
    #expect(distance(slice(tokens, [nil, design.prefixCount..<tokens.shape[1], nil]), whole) < 1e-6)
    // An image's features depend on no other image, whatever is visible of either.
    let visible = [[1, 4, 6], [0, 9, 14]]
    let second = encoder(slice(images, [1..<2, nil, nil, nil]), visible: [visible[1]])
    #expect(distance(slice(encoder(images, visible: visible), [1..<2, nil, nil]), second) < 1e-5)
    encoder.recomputesActivations = true
    #expect(distance(encoder(images), whole) == 0)
  }

  /// Turning by places changes with the distance alone: all patches moved by one see each other as before.
  @Test func rotationTellsDistances() {
    let rotation = RotaryEncoding(base: 100).tables(prefix: 1, gridSize: 4, width: 8)
    var random = RandomStream(seed: 6, stream: "heads")
    let row = (0..<8).map { _ in Float(random.normal()) }
    let turned = rotation(Tensor((0..<17).flatMap { _ in row }, shape: [1, 17, 1, 8]))
    func product(_ a: Int, _ b: Int) -> Float {
      let values = turned.values
      return (0..<8).reduce(0) { $0 + values[8 * a + $1] * values[8 * b + $1] }
    }
    #expect(abs(product(1, 2) - product(2, 3)) < 1e-4 && abs(product(1, 5) - product(9, 13)) < 1e-4)
    #expect(abs(product(1, 2) - product(1, 3)) > 1e-3)
    // The token without a place is not turned.
    #expect(Array(turned.values[..<8]) == row)
  }

  @Test func anotherSizeOfImageIsAdopted() {
    for (name, design) in Self.all {
      let small = encoder(design)
      let large = encoder(design, image: 32)
      #expect(large.adopt(small), "\(name)")
      let same = encoder(design)
      #expect(same.adopt(small) && distance(same(images()), small(images())) == 0, "\(name)")
      for (own, other) in zip(large.entries, small.entries) where own.name.contains("cls") {
        #expect(own.parameter.tensor.values == other.parameter.tensor.values)
      }
    }
  }

  @Test func aFrozenParameterStays() {
    let parameters = [Parameter(Tensor([1, 2], shape: [2])), Parameter(Tensor([1, 2], shape: [2]))]
    parameters[0].name = "frozen"
    let optimizer = AdamW(parameters, settings: AdamWSettings()) { parameter in
      UpdateScale(weightDecay: 1, frozenUpdates: parameter.name == "frozen" ? 2 : 0)
    }
    var values: [[Float]] = []
    for _ in 0..<3 {
      (parameters[0].tensor * parameters[1].tensor).sum().backward()
      optimizer.step(learningRate: 0.1)
      values.append(parameters[0].tensor.values)
    }
    #expect(values[0] == [1, 2] && values[1] == [1, 2] && values[2] != [1, 2])
  }
}
