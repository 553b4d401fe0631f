import CoreTensor
import Foundation
import NeuralNetworks
import Runs
import TestSupport
import Testing
import WorldModel

@testable import Commands
@testable import Weights

/// Other people's encoders give the features that timm and Hugging Face's transformers compute. `Encoders` was written by
/// Benchmarks/golden_encoders.py.
struct EncoderFamilyTests {
  @Test(arguments: GoldenEncoder.names) func featuresAreTheFamilys(name: String) throws {
    let golden = try #require(GoldenEncoder.all[name])
    let weights = try RecognizedWeights(
      WeightsFile(path: GoldenEncoder.path(of: name)), WeightsFamilies.shipped())
    #expect(weights.family.name == golden.family)
    let sizes = try weights.sizes(heads: 2)
    for (size, expected) in golden.features {
      let model = GoldenEncoder.model(sizes, imageSize: Int(size)!)
      try WeightsLoading.load(
        weights, into: model, allowing: WeightsAllowances(missing: ["predictor.*"], unexpected: []))
      let image = GoldenEncoder.image(Int(size)!, channels: sizes.design.channels)
      let scale = expected.map(abs).max() ?? 0
      for encoder in [model.encoder, try #require(model.targetEncoder)] {
        let found = encoder(image).values
        #expect(found.count == expected.count)
        let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(worst <= 1e-5 * scale, "\(size) px: \(worst) of \(scale)")
      }
    }
  }

  private func tensors(of name: String, below prefix: String = "") throws -> [SafetensorsEntry] {
    let file = try WeightsFile(path: GoldenEncoder.path(of: name))
    return try file.tensors.map {
      SafetensorsEntry(name: prefix + $0.name, shape: $0.shape, floats: try file.floats(of: $0))
    }
  }

  private func write(_ entries: [SafetensorsEntry], _ path: String) throws -> RecognizedWeights {
    try SafetensorsWriter.write(entries, to: path)
    return try RecognizedWeights(WeightsFile(path: path), WeightsFamilies.shipped())
  }

  /// A model in two files is the model in one; what an index may not say is refused.
  @Test func shardsAreOneModel() throws {
    let folder = try TemporaryFolder()
    let entries = try tensors(of: "plain")
    for part in 0..<2 {
      let own = entries.enumerated().filter { $0.offset % 2 == part }.map(\.element)
      try SafetensorsWriter.write(own, to: folder.path + "/model-0000\(part + 1)-of-00002.safetensors")
    }
    let index = folder.path + "/model.safetensors.index.json"
    func say(_ name: (Int) -> String) throws {
      let map = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.name, name($0)) })
      try JSONSerialization.data(withJSONObject: ["weight_map": map]).write(to: URL(fileURLWithPath: index))
    }
    try say { "model-0000\($0 % 2 + 1)-of-00002.safetensors" }
    let file = try WeightsFile(path: index)
    #expect(file.tensors.count == entries.count)
    #expect(try WeightsFile(path: folder.path).path == index)
    let bare = try TemporaryFolder()
    let none = #expect(throws: WeightsFileError.self) { try WeightsFile(path: bare.path) }
    #expect("\(none!)".contains("is a folder without model.safetensors"), "\(none!)")
    for tensor in file.tensors {
      let expected = try #require(entries.first { $0.name == tensor.name })
      #expect(tensor.shape == expected.shape)
    }
    #expect(try RecognizedWeights(file, WeightsFamilies.shipped()).sizes(heads: 2).width == 16)
    for (name, expected) in [("../other.safetensors", "beside the index"), ("gone.safetensors", "gone")] {
      try say { _ in name }
      let error = #expect(throws: (any Error).self) { try WeightsFile(path: index) }
      #expect("\(error!)".contains(expected), "\(error!)")
    }
    try say { _ in "model-00001-of-00002.safetensors" }
    let lacking = #expect(throws: WeightsFileError.self) { try WeightsFile(path: index) }
    #expect("\(lacking!)".contains("as the index says"), "\(lacking!)")
  }

  /// MoCo-v3 and DINO: an encoder and one that follows it, below whatever wraps them.
  @Test(arguments: [
    ("module.base_encoder.", "module.momentum_encoder."),
    ("student.backbone._orig_mod.module.", "teacher.backbone."),
  ]) func anEncoderAndItsAverage(student: String, teacher: String) throws {
    let folder = try TemporaryFolder()
    let both =
      try tensors(of: "plain", below: student) + tensors(of: "mae", below: teacher)
      + [SafetensorsEntry(name: "predictor_head.weight", shape: [1], floats: [1])]
    let weights = try write(both, folder.path + "/both.safetensors")
    #expect(weights.family.name == "timm")
    #expect(weights.names.dropped.map(\.name) == ["predictor_head.weight"])
    let model = GoldenEncoder.model(try weights.sizes(heads: 2), imageSize: 32)
    try WeightsLoading.load(
      weights, into: model, allowing: WeightsAllowances(missing: ["predictor.*"], unexpected: []))
    let image = GoldenEncoder.image(32, channels: 3)
    for (encoder, name) in [(model.encoder, "plain"), (try #require(model.targetEncoder), "mae")] {
      let expected = try #require(GoldenEncoder.all[name]?.features["32"])
      let worst = zip(encoder(image).values, expected).map { abs($0 - $1) }.max() ?? .infinity
      #expect(worst < 1e-4, "\(name): \(worst)")
    }
  }

  /// Places that are told by relative biases are no encoder's here.
  @Test func relativeBiasesAreRefused() throws {
    let folder = try TemporaryFolder()
    let entries =
      try tensors(of: "eva02-tiny")
      + [
        SafetensorsEntry(name: "blocks.0.attn.relative_position_bias_table", shape: [1, 2], floats: [1, 2])
      ]
    let error = #expect(throws: WeightsFileError.self) {
      try write(entries, folder.path + "/beit.safetensors")
    }
    #expect("\(error!)".contains("relative biases"), "\(error!)")
  }
}
