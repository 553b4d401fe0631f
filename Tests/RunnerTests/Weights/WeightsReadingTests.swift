import CoreTensor
import Foundation
import NeuralNetworks
import Runs
import Testing
import WorldModel

@testable import Weights

/// What a file of weights does not say plainly: heads, the order of places, sizes of a predictor that is left out.
@Suite struct WeightsReadingTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/checkpoint.pth" }

  init() throws { folder = try TemporaryFolder() }

  private static let shape = WorldModelConfiguration(
    encoder: VisionTransformerConfiguration(imageSize: 16, patchSize: 4, width: 16, depth: 1, heads: 2),
    predictor: PredictorConfiguration(
      featureWidth: 16, width: 8, depth: 1, heads: 2, gridSize: 4, mlpRatio: 2))

  private typealias Entry = (name: String, shape: [Int], values: [Float])

  private func entries(_ change: (Entry) -> Entry = { $0 }) -> [Entry] {
    WorldModel(Self.shape, latents: [], seed: 1).entries
      .map { ($0.name, $0.parameter.shape, $0.parameter.tensor.values) }.map(change)
  }

  private func file(_ entries: [Entry], _ beside: [(String, [UInt8])] = []) throws -> WeightsFile {
    try Bytes.write(
      Zip.archive(CheckpointMaker.stateDictionary(entries, under: "model", beside: beside)), to: path)
    return try WeightsFile(path: path)
  }

  private func heads(_ beside: [(String, [UInt8])]) throws -> Int {
    let file = try file(entries(), beside)
    return try RecognizedWeights(file).sizes(heads: nil).heads
  }

  private static func numbers(_ pairs: [(String, Int)]) -> [UInt8] {
    Pickle.dictionary(pairs.map { ($0.0, Pickle.integer($0.1)) })
  }

  @Test func theEncodersOwnHeadsWin() throws {
    let config = Pickle.dictionary([
      ("predictor", Self.numbers([("num_heads", 2)])), ("encoder", Self.numbers([("num_heads", 8)])),
    ])
    #expect(try heads([("config", config)]) == 8)
    #expect(try heads([("args", Self.numbers([("heads", 1), ("num_heads", 8)]))]) == 8)
    #expect(try heads([("args", Self.numbers([("pred_num_heads", 2), ("num_heads", 4)]))]) == 4)
    #expect(try heads([("hparams", Self.numbers([("num_attention_heads", 16)]))]) == 16)
    #expect(throws: WeightsFileError.self) {
      try heads([("a", Self.numbers([("num_heads", 2)])), ("b", Self.numbers([("num_heads", 4)]))])
    }
    // A predictor's heads tell nothing of the encoder's.
    #expect(throws: WeightsFileError.self) { try heads([("predictor", Self.numbers([("num_heads", 2)]))]) }
  }

  @Test func headsAreReadFromTheConfigurationBeside() throws {
    let weights = folder.path + "/model.safetensors"
    try SafetensorsWriter.write(
      entries().map { SafetensorsEntry(name: $0.name, shape: $0.shape, floats: $0.values) },
      metadata: ["format": "pt"],
      to: weights)
    func heads(_ json: String) throws -> Int {
      try Bytes.write(Array(json.utf8), to: folder.path + "/config.json")
      let file = try WeightsFile(path: weights)
      return try RecognizedWeights(file).sizes(heads: nil).heads
    }
    #expect(try heads("{\"model_args\": {\"num_heads\": 4, \"embed_dim\": 16}, \"num_classes\": 0}") == 4)
    #expect(try heads("{\"num_attention_heads\": 8, \"text_config\": {\"num_attention_heads\": 2}}") == 8)
    #expect(throws: WeightsFileError.self) { try heads("{\"model_args\": {\"num_heads\": 3}}") }
    #expect(throws: WeightsFileError.self) { try heads("no JSON") }
  }

  @Test(arguments: PositionOrder.allCases)
  func aRoundedTableKeepsItsOrder(order: PositionOrder) {
    let table = PositionEncoding(width: 64, order: order).grid(14).values
    let other = PositionOrder.allCases.first { $0 != order }
    let roundings: [(Float) -> Float] = [
      { $0 }, { Float(Float16($0)) }, { Float(bitPattern: ($0.bitPattern + 0x8000) & 0xFFFF_0000) },
      { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) },
    ]
    for rounded in roundings {
      let found = PositionTable.order(table.map(rounded), width: 64, grid: 14)
      #expect(found == order && found != other)
    }
    let learned = table.enumerated().map { $1 + ($0 % 7 == 3 ? 0.02 : 0) }
    #expect(PositionTable.order(learned, width: 64, grid: 14) == nil)
    #expect(PositionTable.order(learned.map { Float(Float16($0)) }, width: 64, grid: 14) == nil)
  }

  /// A predictor whose places cannot be told would know nothing.
  @Test func anUndecidedOrderBesideAPredictorIsAnError() throws {
    for part in ["encoder.pos_embed", "predictor.predictor_pos_embed"] {
      let file = try file(entries { $0.name == part ? ($0.name, $0.shape, $0.values.map { $0 * 1.1 }) : $0 })
      let error = #expect(throws: WeightsFileError.self) {
        try RecognizedWeights(file).sizes(heads: 2)
      }
      #expect(
        "\(error!)".contains(part) && "\(error!)".contains("--allow-unexpected 'predictor.*'"), "\(error!)")
      let allowances = WeightsAllowances(missing: ["predictor.*"], unexpected: ["predictor.*"])
      let weights = try RecognizedWeights(file).leavingOutPredictor(by: allowances)
      #expect(try weights.sizes(heads: 2).predictor == nil)
      let leftOut = weights.names.leftOut
      #expect(leftOut.count > 10 && leftOut.allSatisfy { $0.hasPrefix("predictor.") })
    }
  }

  @Test func aPredictorMayHaveARatioOfItsOwn() throws {
    let file = try file(entries())
    let sizes = try RecognizedWeights(file).sizes(heads: 2)
    #expect(sizes.mlpRatio == 4 && sizes.predictor?.mlpRatio == 2)
  }

  @Test func namesOfWrappedBlocksAreTheBlocksOwn() throws {
    for wrapper in ["_orig_mod", "_checkpoint_wrapped_module"] {
      let file = try file(
        entries { ($0.name.replacing("blocks.0.", with: "blocks.0.\(wrapper)."), $0.shape, $0.values) })
      let names = try RecognizedWeights(file).names
      #expect(Set(names.tensors.keys) == Set(entries().map(\.name)))
    }
  }

  @Test func partsIndicesAndOtherNamesAreCalledWhatTheyAre() throws {
    for (name, expected) in [
      ("model-00002-of-00003.safetensors", "give the index beside it"),
      ("model.safetensors.index.json", "expected JSON with a \"weight_map\""),
    ] {
      try Bytes.write(Array("{}".utf8), to: folder.path + "/" + name)
      let error = #expect(throws: WeightsFileError.self) { try WeightsFile(path: folder.path + "/" + name) }
      #expect("\(error!)".contains(expected), "\(error!)")
    }
    let other = try file([("vit.embeddings.patch_embeddings.projection.weight", [1], [0])])
    let error = #expect(throws: WeightsFileError.self) { try RecognizedWeights(other) }
    #expect("\(error!)".contains("expected a checkpoint of a known family"), "\(error!)")
  }
}
