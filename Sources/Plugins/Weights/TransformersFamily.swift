import NeuralNetworks
import WorldModel

/// Vision transformers under the names of Hugging Face's transformers: DINOv2 with or without registers (RAD-DINO is one),
/// DINOv3, ViT, MAE's encoder.
struct TransformersFamily: EncoderFamily {
  let name = "transformers"
  let summary = "embeddings.patch_embeddings…: vision transformers of Hugging Face's transformers, RAD-DINO"
  let layout = "transformers"
  let naming: EncoderNaming
  private let all: [EncoderNaming]

  init() {
    all = Self.namings()
    naming = all[0]
  }

  var example: EncoderDesign {
    var design = EncoderDesign()
    (design.hasClassToken, design.registers, design.positions) = (true, 4, .learned)
    design.blocks.layerScale = 1
    return design
  }

  func isOwn(_ names: Set<String>) -> Bool { true }

  private static func namings() -> [EncoderNaming] {
    var naming = EncoderNaming()
    naming.names = [
      "embeddings.cls_token": "cls_token", "embeddings.register_tokens": "reg_token",
      "embeddings.position_embeddings": "pos_embed", "layernorm": "norm", "norm": "norm",
      "embeddings.patch_embeddings.projection": "patch_embed.proj",
      "embeddings.patch_embeddings": "patch_embed.proj",
    ]
    naming.inBlock = [
      "norm1": "norm1", "norm2": "norm2", "layernorm_before": "norm1", "layernorm_after": "norm2",
      "attention.o_proj": "attn.proj", "attention.output.dense": "attn.proj",
      "layer_scale1.lambda1": "ls1.gamma", "layer_scale2.lambda1": "ls2.gamma", "mlp.fc1": "mlp.fc1",
      "intermediate.dense": "mlp.fc1", "mlp.weights_in": "mlp.fc1", "mlp.fc2": "mlp.fc2",
      "output.dense": "mlp.fc2", "mlp.weights_out": "mlp.fc2", "mlp.down_proj": "mlp.fc2",
    ]
    for (number, word) in ["q", "k", "v"].enumerated() {
      naming.parts["attention.\(word)_proj"] = ("attn.qkv", number)
    }
    for (number, word) in ["query", "key", "value"].enumerated() {
      naming.parts["attention.attention.\(word)"] = ("attn.qkv", number)
    }
    naming.dropped = [
      "embeddings.mask_token": "a token of masked training, which enters no whole image",
      "pooler.": "a layer on the class token", "classifier.": "a classifier on top of the encoder",
      "decoder.": "a decoder that painted masked patches", "rope": "places, which are computed here",
    ]
    return ["embeddings.patch_embeddings.projection.weight", "embeddings.patch_embeddings.weight"].flatMap {
      kernel in
      ["encoder.layer.", "model.layer.", "layers.", "layer."].map { blocks in
        var own = naming
        (own.kernel, own.blocks) = (kernel, blocks)
        return own
      }
    }
  }

  /// The names of a file; nil where it has none of them.
  private func naming(of file: any WeightsContents) -> (EncoderNaming, EncoderState)? {
    for var naming in all {
      guard let state = EncoderState(file, naming) else { continue }
      let inner = state.inner
      guard inner.contains(where: { $0.hasPrefix(naming.blocks) }) else { continue }
      if inner.contains(where: { $0.hasSuffix("mlp.gate_proj.weight") }) {
        naming.parts["mlp.gate_proj"] = ("mlp.fc1", 0)
        naming.parts["mlp.up_proj"] = ("mlp.fc1", 1)
      } else {
        naming.inBlock["mlp.up_proj"] = "mlp.fc1"
      }
      return EncoderState(file, naming).map { (naming, $0) }
    }
    return nil
  }

  func recognizes(_ file: any WeightsContents) -> Bool {
    !EncoderNames.areSeparate(file) && naming(of: file) != nil
  }

  func names(of file: any WeightsContents) throws -> WeightsNames {
    guard let (_, state) = naming(of: file) else {
      throw WeightsFileError(file.path, nil, "expected names of Hugging Face's transformers, found others")
    }
    return try state.places(in: file)
  }

  func sizes(of names: WeightsNames, in file: any WeightsContents, heads: Int?) throws -> WeightsSizes {
    var sizes = try WeightsSizes(names, file, heads: heads)
    let tensors = names.tensors.values.joined().map(\.name)
    if sizes.gridSize == nil, sizes.design.blocks.layerScale > 0 {
      (sizes.design.positions, sizes.design.rotary) = (.rotary, .init(base: 100))
      sizes.design.blocks.normEpsilon = 1e-5
    } else if tensors.contains(where: { $0.contains("layernorm_before") }) {
      sizes.design.blocks.normEpsilon = 1e-12
    }
    if sizes.gridSize == nil, let side = Self.imageSize(file), side % sizes.patchSize == 0 {
      sizes.gridSize = side / sizes.patchSize
    }
    return sizes
  }

  private static func imageSize(_ file: any WeightsContents) -> Int? {
    file.configuration.first { $0.name == "image_size" }.flatMap { Int($0.text) }
  }
}
