import CoreTensor
import NeuralNetworks
import PluginChecks
import TestSupport
import Testing

@testable import LocalTask
@testable import SimMIMTask
@testable import WorldModel

@Suite struct SimMIMTests {
  @Test(arguments: [32, 40]) func keepsEveryPromise(size: Int) {
    let checks = checkTask(
      SimMIMTask.definition, options: ["mask_patch_size": .integer(size)], alongside: [LocalTask.definition])
    #expect(checks.filter { !$0.isKept } == [])
  }

  private static func environment(_ side: Int, patch: Int) -> TaskEnvironment {
    TaskEnvironment(
      geometry: ImageGeometry(imageSize: side, patchSize: patch), featureWidth: 8, predictorWidth: 8,
      compatibility: .paper)
  }

  @Test func squaresAreOfWholePatches() throws {
    for (size, side) in [(20, 96), (96, 96), (32, 32)] {
      let options = Options(SimMIMTask.definition.options, given: ["mask_patch_size": .integer(size)])
      let error = #expect(throws: SquaresOfNoPatches.self) {
        try SimMIMTask(options: options, environment: Self.environment(side, patch: 16))
      }
      #expect(error.map { "\($0)".contains("multiple of model.patch_size, 16, that is less than") } == true)
    }
  }

  /// An encoder and the head that paints, as one module.
  private final class Network: Module {
    let encoder: VisionTransformer
    let head: PixelHead

    init() {
      var initializer = Initializer(random: RandomStream(seed: 0, stream: "weights"))
      encoder = VisionTransformer(
        .init(imageSize: 8, patchSize: 2, width: 8, depth: 1, heads: 2), initializer: &initializer)
      head = PixelHead(SimMIMTests.environment(8, patch: 2), weight: 1, initializer: &initializer)
    }
    func visit(_ visitor: inout ParameterVisitor) {
      visitor.module(encoder, "")
      visitor.module(head, "")
    }
  }

  /// Values of PyTorch in double precision (`Benchmarks/peer_masked.py simmim`): the token, the encoder and the head.
  @Test func lossAndGradientsAreThoseOfPyTorch() throws {
    let golden = try #require(GoldenLoss.cases()["case"])
    let network = Network()
    GoldenLoss.fill(network)
    let images = GoldenLoss.wave([2, 3, 8, 8], 0.5)
    let hidden = [[0, 1, 4, 5, 10, 11, 14, 15], [2, 3, 6, 7, 8, 9, 12, 13]]
    let token = try #require(network.head.maskToken)
    try Compute.$backend.withValue(CPUBackend(.float32)) {
      let features = try #require(network.encoder.features(images, masking: hidden, by: token.tensor))
      #expect(features.shape == [2, 16, 8])
      let context = ObjectiveInput.Context(
        view: 0, images: images, visible: [], features: features,
        hidden: (hidden, gatherTokens(features, hidden)))
      let terms = network.head(
        ObjectiveInput(
          geometry: ImageGeometry(imageSize: 8, patchSize: 2), contexts: [context], targets: [images],
          targetFeatures: [nil], predictions: [], numbers: nil))
      #expect(terms.map(\.name) == ["pixels"])
      #expect(golden.differences(terms[0].value, network) == [])
    }
  }

  /// What is replaced by the token does not show in the features, and what is not does.
  @Test func maskedPatchesAreNotSeen() throws {
    let network = Network()
    GoldenLoss.fill(network)
    let token = try #require(network.head.maskToken)
    func features(_ images: Tensor) throws -> [Float] {
      try #require(network.encoder.features(images, masking: [[5, 6]], by: token.tensor)).values
    }
    func image(changing patch: Int) -> Tensor {
      var values = GoldenLoss.wave(3 * 64, 0.5)
      values[patch / 4 * 2 * 8 + patch % 4 * 2] += 1
      return Tensor(values, shape: [1, 3, 8, 8])
    }
    #expect(try features(image(changing: 5)) == features(image(changing: 6)))
    #expect(try features(image(changing: 5)) != features(image(changing: 7)))
  }

  /// Two tasks with a token, and an encoder that knows none, are refused in words.
  @Test func tokensThatCannotBeShownAreRefused() throws {
    let two = #expect(throws: AssemblyError.self) { try Self.output(["simmim", "other"], .standard) }
    #expect(two == .maskTokens(tasks: ["other", "simmim"]))
    let networks = Networks(
      makeEncoder: { PlainEncoder($0, &$1) }, makePredictor: Networks.standard.makePredictor)
    let none = #expect(throws: AssemblyError.self) { try Self.output(["simmim"], networks) }
    #expect(none == .noMaskTokens(task: "simmim"))
    #expect(try Self.output(["simmim"], .standard).terms.map(\.name) == ["simmim.pixels"])
  }

  private static func output(_ names: [String], _ networks: Networks) throws -> WorldOutput {
    let shape = WorldModelConfiguration(
      encoder: .init(imageSize: 32, patchSize: 4, width: 16, depth: 1, heads: 2),
      predictor: .init(featureWidth: 16, width: 16, depth: 1, heads: 2, gridSize: 8), targetEncoder: .absent)
    let options = Options(SimMIMTask.definition.options, given: ["mask_patch_size": .integer(8)])
    let objectives = try names.sorted().map { name in
      let task = try SimMIMTask(options: options, environment: shape.environment(.paper))
      var random = RandomStream(seed: 1, stream: name)
      return OwnedObjective(task: name, objective: try #require(task.makeObjective(random: &random)))
    }
    let model = WorldModel(shape, latents: [], objectives: objectives, networks: networks, seed: 2)
    let visible = Array(repeating: Array(0..<20), count: 2)
    let images = GoldenLoss.wave([2, 3, 32, 32], 1)
    let batch = WorldBatch(
      contexts: [.init(images: images, visible: visible)], targets: [images], supervisions: [],
      parts: [.init(tasks: names, contexts: 0..<1, targets: 0..<1, numbers: [:], group: 0)])
    try model.check(batch)
    return try model(batch, reduction: .sum)
  }
}

/// An encoder of the protocol's least.
private final class PlainEncoder: ImageEncoder {
  private let inner: VisionTransformer
  var shape: VisionTransformerConfiguration { inner.shape }

  init(_ shape: VisionTransformerConfiguration, _ initializer: inout Initializer) {
    inner = VisionTransformer(shape, initializer: &initializer)
  }
  func callAsFunction(_ images: Tensor, visible: [[Int]]?, of tokens: [[Int]]?, dropping: DropPath?) -> Tensor
  {
    inner(images, visible: visible, of: tokens, dropping: dropping)
  }
  func visit(_ visitor: inout ParameterVisitor) { inner.visit(&visitor) }
}
