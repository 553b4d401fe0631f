import Foundation
import NeuralNetworks
import WorldModel

/// DINOv3 (Siméoni et al. 2025) as its authors publish it: rotary places, registers, layer scale. timm's names of it are of
/// the family `eva`, those of Hugging Face's transformers of `transformers`.
struct DINOv3Family: EncoderFamily {
  let name = "dinov3"
  let summary = "storage_tokens, rope_embed and layer scale, no table of positions: DINOv3"
  let layout = "DINOv3"
  let exports: WeightsScope? = .encoder

  var naming: EncoderNaming {
    var naming = EncoderNaming()
    naming.names["reg_token"] = nil
    naming.names["storage_tokens"] = "reg_token"
    naming.inBlock["mlp.w3"] = "mlp.fc2"
    for (number, name) in ["mlp.w1", "mlp.w2"].enumerated() { naming.parts[name] = ("mlp.fc1", number) }
    naming.dropped["rope"] = "places, which are computed here"
    naming.dropped["local_cls_norm"] = "a norm of crops that training alone has"
    naming.droppedInBlock[Self.mask] = "a mask of the biases beside it, which are masked when they are read"
    return naming
  }
  private static let mask = "attn.qkv.bias_mask"

  func naming(for design: EncoderDesign) -> EncoderNaming {
    var own = naming
    own.onlyRead =
      design.blocks.feedForward == .swiGLU ? ["mlp.fc1", "mlp.fc2"] : ["mlp.w1", "mlp.w2", "mlp.w3"]
    return own
  }

  var example: EncoderDesign {
    var design = EncoderDesign()
    (design.hasClassToken, design.registers, design.positions) = (true, 4, .rotary)
    design.blocks.layerScale = 1
    return design
  }

  func isOwn(_ names: Set<String>) -> Bool { names.areDINOv3 && !names.haveTable }

  func complete(_ sizes: inout WeightsSizes) {
    sizes.design.positions = .rotary
    sizes.design.rotary = .init(base: 100)
    sizes.design.blocks.normEpsilon = 1e-5
  }

  /// The authors multiply biases by a mask when they use them, which takes those of keys away.
  func conversion(
    of names: WeightsNames, in file: any WeightsContents, heads: Int
  ) throws -> WeightsConversion? {
    var masks: [String: [Float]] = [:]
    for tensor in file.tensors where tensor.name.hasSuffix(Self.mask) {
      masks[Self.block(of: tensor.name)] = try file.floats(of: tensor)
    }
    guard !masks.isEmpty else { return nil }
    return WeightsConversion(note: "biases of keys, which a mask takes away, are 0") {
      [masks] values, name, _ in
      guard name.hasSuffix("attn.qkv.bias"), let mask = masks[Self.block(of: name)],
        mask.count == values.count
      else { return values }
      return zip(values, mask).map { $1 == 0 ? 0 : $0 * $1 }
    }
  }

  /// The number of a block, from `blocks.3.attn.qkv.bias`.
  private static func block(of name: String) -> String {
    let words = name.split(separator: ".")
    return words.lastIndex(of: "attn").flatMap { $0 > 0 ? String(words[$0 - 1]) : nil } ?? ""
  }

  func limits(_ design: EncoderDesign) -> EncoderLimits {
    EncoderLimits(
      classToken: [true], positions: [.rotary], rotaryGrid: [false], layerScale: [true], hiddenNorm: [false],
      queryKeyNorm: [false], projectionBias: [.all, .none],
      normEpsilon: EvaArguments.architectures.keys.sorted())
  }

  func refusal(of encoder: VisionTransformerConfiguration) -> String? {
    limits(encoder.design).refusal(of: encoder.design) ?? encoder.gatesOutOfStep
  }

  /// timm reads the authors' names too, where keys have no bias: an encoder that was trained on here may have moved them.
  func companions(of model: ExportedModel) throws -> WeightsCompanions {
    let shape = model.shape.encoder
    let biases = model.parameters.filter { $0.name.hasSuffix("attn.qkv.bias") }
    let keysHaveBias = biases.contains { bias in
      let third = bias.values.count / 3
      return bias.values[third..<2 * third].contains { $0 != 0 }
    }
    let masks = biases.map { bias in
      let third = bias.values.count / 3
      return ExportedModel.Parameter(
        name: bias.name.dropFirst("encoder.".count) + "_mask", shape: bias.shape,
        values: bias.values.indices.map { !keysHaveBias && (third..<2 * third).contains($0) ? 0 : 1 })
    }
    let quarter = shape.headWidth / 4
    let periods = (0..<quarter).map { Float(pow(shape.design.rotary.base, Double($0) / Double(quarter))) }
    let architecture = EvaArguments.architectures[shape.design.blocks.normEpsilon] ?? ""
    let arguments = EvaArguments(shape, noEmbedClass: true)
    return WeightsCompanions(
      tensors: [
        .zeros("mask_token", [1, shape.width]),
        .init(name: "rope_embed.periods", shape: [quarter], values: periods),
      ] + masks,
      metadata: UntoldParts.metadata(of: shape),
      files: keysHaveBias
        ? [] : [("config.json", try TimmConfiguration(architecture, arguments, model).text())],
      usage: keysHaveBias ? AuthorsModel.usageAlone : AuthorsModel.usage)
  }
}
