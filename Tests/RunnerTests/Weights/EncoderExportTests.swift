import CoreTensor
import Foundation
import NeuralNetworks
import Runs
import TestSupport
import Testing
import WorldModel

@testable import Commands
@testable import Weights

/// An encoder goes back to the layout of names that it was imported from.
struct EncoderExportTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private static let families = WeightsFamilies.shipped()

  private static func read(_ path: String) throws -> RecognizedWeights {
    try RecognizedWeights(WeightsFile(path: path), families)
  }

  /// - Returns: the encoder that a golden file holds, at the size that it was trained for.
  private static func imported(_ weights: RecognizedWeights, heads: Int?) throws -> WorldModel {
    let model = GoldenEncoder.model(try weights.sizes(heads: heads), imageSize: 32)
    try WeightsLoading.load(
      weights, into: model, allowing: WeightsAllowances(missing: ["predictor.*"], unexpected: []))
    return model
  }

  /// Writes a golden encoder as its own family's file.
  private func export(_ name: String, as family: String? = nil) throws -> (WorldModel, folder: String) {
    let weights = try Self.read(GoldenEncoder.path(of: name))
    let model = try Self.imported(weights, heads: 2)
    let own = try #require(Self.families.all.first { $0.name == family ?? weights.family.name })
    let out = folder.path + "/\(name)-\(own.name)"
    _ = try WeightsExport.write(
      Self.exported(model), as: own, among: Self.families, to: out)
    return (model, out)
  }

  private static func exported(_ model: WorldModel) -> ExportedModel {
    ExportedModel(
      shape: model.shape,
      parameters: model.encoder.entries.map {
        .init(name: "encoder." + $0.name, shape: $0.parameter.shape, values: $0.parameter.tensor.values)
      }, run: "golden", step: 0, encoder: "target")
  }

  @Test(arguments: GoldenEncoder.names) func whatWasImportedGoesBack(name: String) throws {
    let (model, out) = try export(name)
    let (first, again) = (
      try Self.read(GoldenEncoder.path(of: name)), try Self.read(out + "/model.safetensors")
    )
    #expect(again.family.name == first.family.name)
    // Heads, epsilons and how places turn are told by the export itself.
    let (expected, found) = (try first.sizes(heads: 2), try again.sizes(heads: nil))
    #expect(found.design == expected.design)
    #expect(found.heads == 2 && found.width == expected.width && found.depth == expected.depth)
    #expect(found.mlpRatio == expected.mlpRatio && found.patchSize == expected.patchSize)
    #expect(found.positionOrder == expected.positionOrder)
    let back = try Self.imported(again, heads: nil)
    for (own, other) in zip(model.encoder.entries, back.encoder.entries) {
      #expect(own.name == other.name)
      #expect(own.parameter.tensor.values == other.parameter.tensor.values, "\(own.name)")
    }
    func layout(_ file: WeightsFile) -> [String: [Int]] {
      Dictionary(uniqueKeysWithValues: file.tensors.map { (Self.written($0.name), $0.shape) })
    }
    #expect(layout(again.file) == layout(first.file))
  }

  /// A tensor's name as an export has it: the norm after the pooling is the last norm, blocks are in no groups.
  private static func written(_ name: String) -> String {
    if name.hasPrefix("fc_norm") { return String(name.dropFirst(3)) }
    let words = name.split(separator: ".")
    return words.count > 2 && Int(words[1]) != nil && Int(words[2]) != nil
      ? ([words[0]] + words[2...]).joined(separator: ".") : name
  }

  /// Every encoder that a family does not refuse comes back as it went, by the family's own reading.
  @Test(arguments: ["timm", "eva", "dinov2", "dinov3", "transformers"])
  func whatIsNotRefusedComesBack(family name: String) throws {
    let family = try #require(Self.families.all.first { $0.name == name })
    var held = 0
    for design in Self.designs() {
      let shape = VisionTransformerConfiguration(
        imageSize: 16, patchSize: 8, width: 16, depth: 1, heads: 2, mlpRatio: 3, design: design)
      guard family.refusal(of: shape) == nil else { continue }
      held += 1
      let out = folder.path + "/\(held)"
      let model = GoldenEncoder.model(of: shape)
      var random = RandomStream(seed: 4, stream: "noise")
      for entry in model.encoder.entries where !entry.isBuffer {
        entry.parameter.assign(entry.parameter.tensor.values.map { $0 + Float(random.normal()) })
      }
      _ = try WeightsExport.write(Self.exported(model), as: family, among: Self.families, to: out)
      let again = try Self.read(out + "/model.safetensors")
      #expect(again.family.name == name, "\(design)")
      let sizes = try again.sizes(heads: nil)
      #expect(sizes.design == design)
      let back = GoldenEncoder.model(sizes, imageSize: 16)
      try WeightsLoading.load(
        again, into: back, allowing: WeightsAllowances(missing: ["predictor.*"], unexpected: []))
      for (own, other) in zip(model.encoder.entries, back.encoder.entries) {
        #expect(own.parameter.tensor.values == other.parameter.tensor.values, "\(own.name) of \(design)")
      }
      try FileManager.default.removeItem(atPath: out)
    }
    #expect(held > 3, "\(held)")
  }

  /// Every part with every other.
  private static func designs() -> [EncoderDesign] {
    func each<Value>(
      _ all: [EncoderDesign], _ key: WritableKeyPath<EncoderDesign, Value>, _ values: [Value]
    ) -> [EncoderDesign] {
      all.flatMap { design in
        values.map { value in
          var own = design
          own[keyPath: key] = value
          return own
        }
      }
    }
    var all = each([.plain], \.positions, PositionKind.allCases).flatMap { design in
      design.positions.turns
        ? each([design], \.rotary, [.init(base: 50), .init(base: 900, grid: 7)]) : [design]
    }
    all = each(all, \.hasClassToken, [false, true])
    all = each(all, \.registers, [0, 3])
    all = each(all, \.blocks.layerScale, [0, 1])
    all = each(all, \.blocks.feedForward, FeedForwardKind.allCases)
    all = each(all, \.blocks.normalizesHidden, [false, true])
    all = each(all, \.blocks.normalizesQueriesKeys, [false, true])
    all = each(all, \.blocks.projectionBias, ProjectionBias.allCases)
    return each(all, \.blocks.normEpsilon, [1e-6, 1e-5])
  }

  /// Keys' biases of DINOv3 that were trained here cannot be masked.
  @Test func keysOfDINOv3MayHaveBias() throws {
    let (model, _) = try export("dinov3-authors")
    let bias = try #require(model.encoder.entries.first { $0.name == "blocks.1.attn.qkv.bias" }).parameter
    var values = bias.tensor.values
    #expect(values[16..<32].allSatisfy { $0 == 0 })
    values[20] = 0.5
    bias.assign(values)
    let out = folder.path + "/trained"
    let family = try #require(Self.families.all.first { $0.name == "dinov3" })
    let (_, usage) = try WeightsExport.write(
      Self.exported(model), as: family, among: Self.families, to: out)
    #expect(try !#require(usage).contains("timm"))
    #expect(!FileManager.default.fileExists(atPath: out + "/config.json"))
    let back = try Self.imported(try Self.read(out + "/model.safetensors"), heads: nil)
    let found = try #require(back.encoder.entries.first { $0.name == "blocks.1.attn.qkv.bias" })
    #expect(found.parameter.tensor.values == values)
  }

  /// What a layout has no word for is named, and so are the layouts that have one.
  @Test(arguments: [
    ("eva02-base", "timm", "model.positions = learned-rotary (it has fixed, learned)"),
    ("eva02-base", "timm", "model.hidden_norm = true (it has false)"),
    ("eva02-base", "timm", "model.projection_bias = queries-values (it has all, none)"),
    ("eva02-tiny", "transformers", "others can: --as chexworld, --as eva"),
    ("plain", "eva", "model.projection_bias = all (it has queries-values)"),
    ("plain", "dinov3", "model.positions = learned (it has rotary)"),
    ("plain", "dinov2", "model.layer_scale = 0.0 (it has others)"),
    ("query-key-norm", "transformers", "model.query_key_norm = true (it has false)"),
    ("dinov2-registers", "dinov3", "others can: --as timm, --as chexworld, --as dinov2, --as transformers"),
    ("dinov3", "dinov2", "others can: --as chexworld, --as dinov3, --as eva, --as transformers"),
    ("transformers-vit", "timm", "model.norm_epsilon = 1e-12 (it has 1e-06)"),
  ]) func whatCannotGoOutIsNamed(name: String, family: String, expected: String) throws {
    let thrown = #expect(throws: (any Error).self) { try export(name, as: family) }
    let error = "\(try #require(thrown))"
    #expect(error.hasPrefix("weights export: \(family) cannot hold model."), "\(error)")
    #expect(error.contains(expected), "\(error)")
  }

  /// Programs that are told a ratio, and round gates up, have no hidden layers of other widths.
  @Test func hiddenLayersOfOtherWidthsAreNamed() throws {
    var design = EncoderDesign.plain
    (design.hasClassToken, design.positions, design.blocks.layerScale) = (true, .learned, 1)
    func refusal(_ family: String, hidden: Double) throws -> String? {
      try #require(Self.families.all.first { $0.name == family }).refusal(
        of: VisionTransformerConfiguration(
          imageSize: 32, patchSize: 8, width: 16, depth: 1, heads: 2, mlpRatio: hidden / 16, design: design))
    }
    #expect(try refusal("transformers", hidden: 48) == nil && refusal("dinov2", hidden: 44) == nil)
    #expect(try refusal("transformers", hidden: 44)?.contains("44 hidden numbers for width 16") == true)
    design.blocks.feedForward = .swiGLU
    #expect(try refusal("transformers", hidden: 32) == nil && refusal("dinov2", hidden: 40) == nil)
    #expect(try refusal("transformers", hidden: 44)?.contains("44 hidden numbers for width 16") == true)
    #expect(try refusal("dinov2", hidden: 44)?.contains("44 gates (it has multiples of 8)") == true)
  }

  /// Opens folders as their `config.json` say, with a complaint where a tensor is missing or not expected; features of every
  /// patch as float32.
  private static let reader = #"""
    import json, sys, torch, numpy as np
    loaded, own = [], torch.nn.Module.load_state_dict
    def load(self, state, *words, **named):
        loaded.append(own(self, state, strict=False))
        return loaded[-1]
    for folder, channels in zip(sys.argv[1::2], map(int, sys.argv[2::2])):
        configuration = json.load(open(folder + "/config.json"))
        x = torch.sin(0.37 * torch.arange(channels * 32 * 32, dtype=torch.float64)).float().reshape(1, channels, 32, 32)
        if "model_type" in configuration:
            from transformers import AutoModel
            m, told = AutoModel.from_pretrained(folder, output_loading_info=True)
            assert not told["missing_keys"] and not told["unexpected_keys"] and not told["mismatched_keys"], (folder, told)
            with torch.no_grad(): t = m.eval()(x).last_hidden_state
        else:
            import timm
            torch.nn.Module.load_state_dict = load
            m = timm.create_model("local-dir:" + folder, pretrained=True)
            torch.nn.Module.load_state_dict = own
            assert len(loaded) == 1 and not loaded[0].missing_keys and not loaded[0].unexpected_keys, (folder, loaded)
            loaded.clear()
            with torch.no_grad(): t = m.eval().forward_features(x)
        t[:, -16:].contiguous().numpy().tofile(folder + "/features")
    """#

  /// Exports encoders, lets Python open them all, and compares features.
  private func checkFeatures(_ encoders: [(name: String, family: String)]) throws {
    #expect(!encoders.isEmpty)
    var words: [String] = []
    for (name, family) in encoders {
      let (model, out) = try export(name, as: family)
      words += [out, "\(model.shape.encoder.design.channels)"]
    }
    try PyTorch.run(try #require(PyTorch.python), Self.reader, words)
    for (index, (name, family)) in encoders.enumerated() {
      let found = try Bytes.read(words[2 * index] + "/features").withUnsafeBytes {
        Array($0.bindMemory(to: Float.self))
      }
      let expected = try #require(GoldenEncoder.all[name]?.features["32"])
      #expect(found.count == expected.count)
      let scale = expected.map(abs).max() ?? 0
      let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
      #expect(worst <= 1e-5 * scale, "\(name) as \(family): \(worst) of \(scale)")
    }
  }

  private static func golden(
    _ isWanted: (_ name: String, _ family: String) -> Bool
  ) -> [(name: String, family: String)] {
    GoldenEncoder.names.map { ($0, GoldenEncoder.all[$0]?.family ?? "") }.filter(isWanted)
  }

  @Test(.enabled(if: PyTorch.timm != nil, "needs a Python with torch and timm (CHEX_PYTHON)"))
  func timmOpensWhatGoesBack() throws {
    try checkFeatures(Self.golden { !$0.contains("dinov3") && $1 != "transformers" })
  }

  @Test(
    .enabled(if: PyTorch.timmHasDINOv3, "needs a Python with torch and timm 1.0.20 or later (CHEX_PYTHON)"))
  func timmOpensDINOv3() throws {
    try checkFeatures(Self.golden { $0.contains("dinov3") && $1 != "transformers" })
  }

  @Test(
    .enabled(if: PyTorch.transformers != nil, "needs a Python with torch and transformers (CHEX_PYTHON)"))
  func transformersOpensWhatGoesBack() throws {
    try checkFeatures(Self.golden { $1 == "transformers" })
  }

  /// From one layout to another that holds it.
  @Test(
    .enabled(
      if: PyTorch.timm != nil && PyTorch.transformers != nil, "needs timm and transformers (CHEX_PYTHON)"))
  func otherLayoutsHaveTheSameFeatures() throws {
    try checkFeatures([
      ("rad-dino", "timm"), ("rad-dino", "dinov2"), ("dinov2", "transformers"),
      ("dinov2-registers", "transformers"), ("dinov2-registers", "dinov2"), ("dinov2-authors", "timm"),
      ("plain", "transformers"), ("mae", "transformers"), ("grey", "transformers"),
      ("dinov3", "transformers"), ("dinov3-swiglu", "transformers"),
    ])
  }
}
