import CoreTensor
import Foundation
import NeuralNetworks
import TestSupport
import Testing
import WorldModel

@testable import Weights

@Suite struct WeightsLoadingTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/checkpoint.pth" }

  init() throws { folder = try TemporaryFolder() }

  private typealias Entry = (name: String, shape: [Int], values: [Float])

  private static let shape = WorldModelConfiguration(
    encoder: VisionTransformerConfiguration(imageSize: 16, patchSize: 4, width: 8, depth: 2, heads: 2),
    predictor: PredictorConfiguration(featureWidth: 8, width: 4, depth: 1, heads: 2, gridSize: 4))

  private static func model(_ seed: UInt64, _ shape: WorldModelConfiguration = shape) -> WorldModel {
    WorldModel(shape, latents: [], seed: seed)
  }

  private func entries(_ model: WorldModel) -> [Entry] {
    model.entries.map { ($0.name, $0.parameter.shape, $0.parameter.tensor.values) }
  }

  private func file(_ parts: [ZipPart]) throws -> WeightsFile {
    try Bytes.write(Zip.archive(parts), to: path)
    return try WeightsFile(path: path)
  }

  private func values(_ model: WorldModel, _ name: String) throws -> [Float] {
    try #require(model.entries.first { $0.name == name }).parameter.tensor.values
  }

  private func load(
    _ file: WeightsFile, _ model: WorldModel, missing: [String] = [], unexpected: [String] = []
  ) throws -> WeightsReport {
    try WeightsLoading.load(
      RecognizedWeights(file), into: model,
      allowing: WeightsAllowances(missing: missing, unexpected: unexpected))
  }

  @Test func publishedNamesWithAndWithoutWrappers() throws {
    let source = Self.model(1)
    let variants: [(String?, (String) -> String)] = [
      ("model", { $0 }), (nil, { $0 }), ("state_dict", { "module." + $0 }),
      ("model", { $0.replacing("encoder.", with: "encoder.module.", maxReplacements: 1) }),
    ]
    for (key, rename) in variants {
      let renamed = entries(source).map { (rename($0.name), $0.shape, $0.values) }
      let target = Self.model(2)
      let report = try load(
        file(CheckpointMaker.stateDictionary(renamed, under: key, beside: [("epoch", Pickle.integer(1))])),
        target)
      #expect(report.layout == "world model" && report.loaded.count == source.entries.count)
      for entry in entries(source) { #expect(try values(target, entry.name) == entry.values) }
    }
  }

  /// A checkpoint of I-JEPA's layout: a state dict for each part, and an optimiser's.
  private func separate(_ model: WorldModel) throws -> WeightsFile {
    var storages: [[UInt8]] = []
    let parts = StateDictionary.parts.map { part in
      let own = entries(model).filter { $0.name.hasPrefix(part + ".") }
      let pairs = own.map { entry -> (String, [UInt8]) in
        storages.append(CheckpointMaker.bytes(entry.values))
        return (
          "module." + entry.name.dropFirst(part.count + 1),
          Pickle.tensor("\(storages.count - 1)", count: entry.values.count, shape: entry.shape)
        )
      }
      return (part, Pickle.dictionary(pairs))
    }
    storages.append(CheckpointMaker.bytes([1]))
    let moment = Pickle.tensor("\(storages.count - 1)", count: 1, shape: [1])
    let pickle = Pickle.dictionary(
      parts + [("opt", Pickle.dictionary([("exp_avg", moment)])), ("epoch", [0x4b, 3])])
    return try file(CheckpointMaker.parts(Pickle.program(pickle), storages))
  }

  @Test func separateDictionariesAreJoined() throws {
    let source = Self.model(1)
    let target = Self.model(2)
    let report = try load(separate(source), target)
    #expect(report.layout == "I-JEPA")
    #expect(report.beside == [.init(name: "opt", tensors: 1)])
    for entry in entries(source) { #expect(try values(target, entry.name) == entry.values) }
  }

  /// I-JEPA's predictor has its positions column first for all tokens; ours predicts the same with them row first.
  @Test func predictorOfIJepaPredictsTheSame() throws {
    var shape = Self.shape
    shape.encoder.positionOrder = .columnFirst
    (shape.predictor.width, shape.predictor.depth) = (16, 2)
    var foreign = shape
    (foreign.predictor.contextOrder, foreign.predictor.targetOrder) = (.columnFirst, .columnFirst)
    let (source, target) = (Self.model(1, foreign), Self.model(2, shape))
    var random = RandomStream(seed: 4, stream: "ijepa")
    for entry in source.entries where !entry.isBuffer {
      for index in 0..<entry.parameter.tensor.count {
        entry.parameter.tensor.pointer[index] += Float(0.2 * random.normal())
      }
    }
    _ = try load(separate(source), target)
    let context = Tensor((0..<3 * 8).map { _ in Float(random.normal()) }, shape: [1, 3, 8])
    let places = [
      [GridPlace(row: 2, column: 1), GridPlace(row: 0.5, column: 3), GridPlace(row: 3, column: 0)]
    ]
    let predictions = [source, target].map { model in
      model.predictor(
        context: context, visible: [[0, 6, 11]], maskTokens: model.predictor.maskTokens(at: places)
      ).values
    }
    let scale = predictions[0].map(abs).max() ?? 0
    #expect(zip(predictions[0], predictions[1]).allSatisfy { abs($0 - $1) < 1e-5 * scale })
    // Another order would show.
    let plain = Self.model(2, shape)
    for (entry, own) in zip(plain.entries, source.entries) {
      entry.parameter.assign(own.parameter.tensor)
    }
    let other = plain.predictor(
      context: context, visible: [[0, 6, 11]], maskTokens: plain.predictor.maskTokens(at: places)
    ).values
    #expect(zip(predictions[0], other).contains { abs($0 - $1) > 1e-3 * scale })
  }

  /// The encoder alone under timm's names, with a class token and a classifier.
  private func transformer() -> [Entry] {
    let width = 8
    var own = entries(Self.model(1)).filter { $0.name.hasPrefix("encoder.") }
      .map { (name: String($0.name.dropFirst(8)), shape: $0.shape, values: $0.values) }
    let place = own.firstIndex { $0.name == "pos_embed" }!
    own[place] = ("pos_embed", [1, 17, width], (0..<17 * width).map { Float($0) })
    own.append(("cls_token", [1, 1, width], [Float](repeating: 1, count: width)))
    own.append(("head.weight", [3, width], [Float](repeating: 1, count: 3 * width)))
    return own
  }

  @Test func plainTransformerFillsBothEncoders() throws {
    let file = try file(CheckpointMaker.stateDictionary(transformer(), under: nil))
    var shape = Self.shape
    shape.encoder.design.hasClassToken = true
    let refusal = #expect(throws: WeightsMismatch.self) { try load(file, Self.model(2, shape)) }
    #expect("\(refusal!)".contains("--allow-missing 'predictor.*'"), "\(refusal!)")
    #expect(refusal?.unexpected == [])
    let target = Self.model(2, shape)
    let report = try load(file, target, missing: ["predictor.*"])
    #expect(report.copied == [.init(from: "encoder", to: "target_encoder", tensors: 30)], "\(report.copied)")
    #expect(report.dropped.map(\.name) == ["head.weight"])
    #expect(
      report.missing.allSatisfy { $0.hasPrefix("predictor.") } && report.missing.count == 20,
      "\(report.missing.count)")
    for part in ["encoder", "target_encoder"] {
      // Only the sum of the class token and its place enters the encoder.
      #expect(try values(target, part + ".cls_token") == (0..<8).map { Float($0) + 1 })
      #expect(try values(target, part + ".pos_embed") == (8..<17 * 8).map { Float($0) })
      #expect(try values(target, part + ".norm.weight") == values(Self.model(1), "encoder.norm.weight"))
      #expect(
        try values(target, part + ".blocks.1.attn.qkv.weight")
          == values(Self.model(1), "encoder.blocks.1.attn.qkv.weight"))
    }
    #expect(try values(target, "predictor.mask_token") == values(Self.model(2), "predictor.mask_token"))
    let sizes = try RecognizedWeights(file).sizes(heads: 2)
    #expect(
      sizes.width == 8 && sizes.depth == 2 && sizes.patchSize == 4 && sizes.imageSize == 16
        && sizes.mlpRatio == 4)
    #expect(sizes.positionOrder == nil && sizes.predictor == nil && sizes.heads == 2)
    #expect(throws: WeightsFileError.self) { try RecognizedWeights(file).sizes(heads: nil) }
    #expect(throws: WeightsFileError.self) { try RecognizedWeights(file).sizes(heads: 3) }
  }

  @Test func everyNameIsAccountedFor() throws {
    var own = entries(Self.model(1))
    own.removeAll { $0.name == "encoder.blocks.0.norm1.bias" }
    own.append(("encoder.blocks.0.ls1.gamma", [8], [Float](repeating: 1, count: 8)))
    let place = own.firstIndex { $0.name == "predictor.predictor_proj.bias" }!
    own[place] = (own[place].name, [4], [1, 2, 3, 4])
    let file = try file(CheckpointMaker.stateDictionary(own))
    let target = Self.model(2)
    let error = #expect(throws: WeightsMismatch.self) { try load(file, target) }
    #expect(error?.missing == ["encoder.blocks.0.norm1.bias"])
    #expect(error?.unexpected == ["encoder.blocks.0.ls1.gamma"])
    #expect(error?.misshapen == ["predictor.predictor_proj.bias: expected [8], found [4]"])
    // Nothing was loaded where something does not fit.
    #expect(try values(target, "encoder.norm.weight") == values(Self.model(2), "encoder.norm.weight"))
    own[place] = (own[place].name, [8], [Float](repeating: 1, count: 8))
    let report = try load(
      try self.file(CheckpointMaker.stateDictionary(own)), target, missing: ["*.norm1.bias"],
      unexpected: ["*.ls1.gamma"])
    #expect(
      report.missing == ["encoder.blocks.0.norm1.bias"] && report.unexpected == ["encoder.blocks.0.ls1.gamma"]
    )
  }

  @Test func otherSizesAreResampled() throws {
    let file = try file(CheckpointMaker.stateDictionary(entries(Self.model(1))))
    var shape = Self.shape
    (shape.encoder.imageSize, shape.encoder.patchSize, shape.predictor.gridSize) = (36, 6, 6)
    let target = Self.model(2, shape)
    let report = try load(file, target)
    #expect(
      report.reshaped.map(\.name) == [
        "encoder.patch_embed.proj.weight", "encoder.pos_embed", "target_encoder.patch_embed.proj.weight",
        "target_encoder.pos_embed", "predictor.predictor_pos_embed",
      ])
    // The predictor's table stays what its mask tokens are made by.
    let formula = PositionEncoding(width: 4, order: .rowFirst).grid(6).values
    #expect(try values(target, "predictor.predictor_pos_embed") == formula)
    #expect(try RecognizedWeights(file).sizes(heads: 2).positionOrder == .rowFirst)
  }

  @Test func whatIsNoEncoderIsRefused() throws {
    let cases: [([Entry], String)] = [
      ([], "no tensor"), ([("fc.weight", [1], [1])], "fc.weight"),
      ([("patch_embed.proj.weight", [8, 4, 4, 4], [Float](repeating: 0, count: 512))], "3 channels"),
      ([("patch_embed.proj.weight", [8, 3, 4, 4], [Float](repeating: 0, count: 384))], "blocks.*"),
    ]
    for (own, expected) in cases {
      let file = try file(CheckpointMaker.stateDictionary(own))
      let error = #expect(throws: WeightsFileError.self) {
        try RecognizedWeights(file).sizes(heads: 2)
      }
      #expect("\(error!)".contains(expected), "\(error!)")
    }
  }

  /// Blocks that share one storage may not ask for more memory than the file has.
  @Test func sharedBlocksAreBounded() throws {
    let side = 256
    let own = ["attn.qkv.weight", "mlp.fc1.weight", "mlp.fc2.weight"]
    let view = { (shape: [Int]) in Pickle.tensor("0", count: 3 * side * side, shape: shape) }
    var pairs = [("patch_embed.proj.weight", view([side, 3, 4, 4]))]
    for block in 0..<256 {
      pairs += own.map { ("blocks.\(block).\($0)", view([$0.contains("qkv") ? 3 * side : side, side])) }
    }
    let storage = CheckpointMaker.bytes([Float](repeating: 0, count: 3 * side * side))
    let file = try file(CheckpointMaker.parts(Pickle.program(Pickle.dictionary(pairs)), [storage]))
    let error = #expect(throws: WeightsFileError.self) {
      try RecognizedWeights(file).sizes(heads: 4)
    }
    #expect("\(error!)".contains("cannot hold"), "\(error!)")
  }
}

@Suite struct CubicResamplingTests {
  private func random(_ count: Int, _ stream: String) -> [Float] {
    var random = RandomStream(seed: 3, stream: stream)
    return (0..<count).map { _ in Float(random.normal()) }
  }

  @Test func rowsOfAResizeSumToOne() {
    for (from, to) in [(4, 9), (9, 4), (16, 16), (14, 16), (1, 3)] {
      let matrix = CubicResampling.matrix(from: from, to: to)
      for row in 0..<to {
        #expect(abs(matrix.values[row * from..<(row + 1) * from].reduce(0, +) - 1) < 1e-12)
      }
    }
    #expect(
      zip(CubicResampling.matrix(from: 5, to: 5).values, (0..<25).map { $0 % 6 == 0 ? 1.0 : 0 }).allSatisfy {
        abs($0 - $1) < 1e-12
      })
  }

  /// A grown kernel embeds a grown patch as the first did: ⟨R x Rᵀ, ŵ⟩ = ⟨x, w⟩.
  @Test func grownKernelsKeepEmbeddings() {
    let (from, to) = (8, 14)
    let (kernel, patch) = (random(from * from, "kernel"), random(from * from, "patch"))
    let matrix = CubicResampling.matrix(from: from, to: to)
    let grown = matrix * SmallMatrix(from, from, patch.map(Double.init)) * matrix.transposed
    let resampled = CubicResampling.kernels(kernel, from: from, to: to)
    let before = zip(kernel, patch).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    let after = zip(resampled, grown.values).reduce(0.0) { $0 + Double($1.0) * $1.1 }
    #expect(abs(before - after) < 1e-4 * max(1, abs(before)))
    // Back again is the identity, since the least squares have an exact solution.
    #expect(
      zip(CubicResampling.kernels(kernel, from: from, to: from), kernel).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func constantTablesStayConstant() {
    let table = [Float](repeating: 2.5, count: 9 * 3)
    #expect(CubicResampling.positions(table, width: 3, from: 3, to: 7).allSatisfy { abs($0 - 2.5) < 1e-5 })
  }
}
