import NeuralNetworks
import WorldModel

/// Vision transformers under the names of Hugging Face's transformers: DINOv2 with or without registers (RAD-DINO is one),
/// DINOv3, ViT, MAE's encoder.
struct TransformersFamily: EncoderFamily {
  let name = "transformers"
  let summary = "embeddings.patch_embeddings…: vision transformers of Hugging Face's transformers, RAD-DINO"
  let layout = "transformers"
  let exports: WeightsScope? = .encoder
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

  /// The names of every model together, above which blocks may be called what versions call them.
  private static func namings() -> [EncoderNaming] {
    let models = [false, true].flatMap { isGated in
      TransformersModel.allCases.map { $0.naming(isGated: isGated) }
    }
    return Set(models.map(\.kernel)).sorted().reversed().flatMap { kernel in
      ["encoder.layer.", "model.layer.", "layers.", "layer."].map { blocks in
        var own = models[0]
        for other in models {
          own.names.merge(other.names) { $1 }
          own.inBlock.merge(other.inBlock) { $1 }
          own.parts.merge(other.parts) { $1 }
        }
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
      // A layer of one name is the hidden one where there are no gates, and a half of it where there are.
      if inner.contains(where: { $0.hasSuffix("mlp.gate_proj.weight") }) {
        naming.inBlock["mlp.up_proj"] = nil
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
    UntoldParts.read(&sizes.design, file)
    if sizes.gridSize == nil, let side = Self.imageSize(file), side % sizes.patchSize == 0 {
      sizes.gridSize = side / sizes.patchSize
    }
    return sizes
  }

  private static func imageSize(_ file: any WeightsContents) -> Int? {
    file.configuration.first { $0.name == "image_size" }.flatMap { Int($0.text) }
  }

  func naming(for design: EncoderDesign) -> EncoderNaming {
    TransformersModel(of: design).naming(isGated: design.blocks.feedForward == .swiGLU)
  }

  func hasClassRow(_ design: EncoderDesign) -> Bool { true }

  func refusal(of encoder: VisionTransformerConfiguration) -> String? {
    let model = TransformersModel(of: encoder.design)
    guard let refused = model.limits.refusal(of: encoder.design) else {
      return model.hidden(of: encoder) == nil
        ? "model.mlp_ratio = \(encoder.mlpRatio), \(encoder.hiddenWidth) hidden numbers for width \(encoder.width) (it has "
          + "whole ratios, of which gates are two thirds in multiples of 8)" : nil
    }
    return refused
  }

  func companions(of model: ExportedModel) throws -> WeightsCompanions {
    let kind = TransformersModel(of: model.shape.encoder.design)
    return WeightsCompanions(
      tensors: kind.tensors(width: model.shape.encoder.width),
      metadata: UntoldParts.metadata(of: model.shape.encoder),
      files: [("config.json", kind.configuration(of: model.shape.encoder))],
      usage: "transformers.AutoModel.from_pretrained(\"FOLDER\")")
  }
}
