import NeuralNetworks
import WorldModel

/// A class of Hugging Face's transformers, as `model_type` calls it: its names, what it holds, how it is made.
enum TransformersModel: String, CaseIterable {
  case vit
  case dinov2
  case dinov2WithRegisters = "dinov2_with_registers"
  case dinov3 = "dinov3_vit"

  /// The class that an encoder is nearest to.
  init(of design: EncoderDesign) {
    if design.positions.turns {
      self = .dinov3
    } else if design.blocks.layerScale > 0 {
      self = design.registers > 0 ? .dinov2WithRegisters : .dinov2
    } else {
      self = .vit
    }
  }

  private var className: String {
    switch self {
    case .vit: "ViTModel"
    case .dinov2: "Dinov2Model"
    case .dinov2WithRegisters: "Dinov2WithRegistersModel"
    case .dinov3: "DINOv3ViTModel"
    }
  }

  /// - Parameter isGated: whether the feed-forward layers have gates.
  func naming(isGated: Bool) -> EncoderNaming {
    var naming = EncoderNaming()
    let projection = "embeddings.patch_embeddings" + (self == .dinov3 ? "" : ".projection")
    naming.kernel = projection + ".weight"
    naming.blocks = self == .dinov3 ? "layer." : "encoder.layer."
    naming.names = [
      "embeddings.cls_token": "cls_token", "embeddings.register_tokens": "reg_token",
      "embeddings.position_embeddings": "pos_embed", projection: "patch_embed.proj",
      self == .dinov3 ? "norm" : "layernorm": "norm",
    ]
    let (attention, words) =
      self == .dinov3
      ? ("attention.", ["q_proj", "k_proj", "v_proj"]) : ("attention.attention.", ["query", "key", "value"])
    for (number, word) in words.enumerated() { naming.parts[attention + word] = ("attn.qkv", number) }
    naming.inBlock = [
      self == .dinov3 ? "attention.o_proj" : "attention.output.dense": "attn.proj",
      self == .vit ? "layernorm_before" : "norm1": "norm1",
      self == .vit ? "layernorm_after" : "norm2": "norm2",
    ]
    if self != .vit {
      naming.inBlock["layer_scale1.lambda1"] = "ls1.gamma"
      naming.inBlock["layer_scale2.lambda1"] = "ls2.gamma"
    }
    let (expand, contract) = feedForward(isGated: isGated)
    if expand.count == 1 { naming.inBlock[expand[0]] = "mlp.fc1" }
    if expand.count == 2 {
      for (number, name) in expand.enumerated() { naming.parts[name] = ("mlp.fc1", number) }
    }
    naming.inBlock[contract] = "mlp.fc2"
    naming.dropped = [
      "embeddings.mask_token": "a token of masked training, which enters no whole image",
      "pooler.": "a layer on the class token", "classifier.": "a classifier on top of the encoder",
      "decoder.": "a decoder that painted masked patches", "rope": "places, which are computed here",
    ]
    return naming
  }

  /// Gates come first.
  private func feedForward(isGated: Bool) -> (expand: [String], contract: String) {
    switch self {
    case .vit: (["intermediate.dense"], "output.dense")
    case .dinov2, .dinov2WithRegisters:
      isGated ? (["mlp.weights_in"], "mlp.weights_out") : (["mlp.fc1"], "mlp.fc2")
    case .dinov3: (isGated ? ["mlp.gate_proj", "mlp.up_proj"] : ["mlp.up_proj"], "mlp.down_proj")
    }
  }

  var limits: EncoderLimits {
    var limits = EncoderLimits(
      classToken: [true], hiddenNorm: [false], queryKeyNorm: [false], projectionBias: [.all, .none])
    switch self {
    case .vit:
      (limits.registers, limits.layerScale, limits.feedForward) = (0...0, [false], [.gelu])
    case .dinov2, .dinov2WithRegisters: limits.layerScale = [true]
    case .dinov3:
      (limits.registers, limits.layerScale) = (1...Int.max, [true])
      (limits.positions, limits.rotaryGrid) = ([.rotary], [false])
      limits.projectionBias = ProjectionBias.allCases
      return limits
    }
    limits.positions = [.fixed, .learned]
    return limits
  }

  /// How the class is told the width of the hidden layer: the number itself, or for DINOv2's classes a whole ratio. Nil where
  /// no ratio gives it.
  func hidden(of shape: VisionTransformerConfiguration) -> (name: String, value: Int)? {
    guard self == .dinov2 || self == .dinov2WithRegisters else {
      return ("intermediate_size", shape.hiddenWidth)
    }
    let ratio = (1...64).first { ratio in
      let numbers = shape.width * ratio
      let gates = (Int(Double(numbers * 2) / 3) + 7) / 8 * 8
      return (shape.design.blocks.feedForward == .gelu ? numbers : gates) == shape.hiddenWidth
    }
    return ratio.map { ("mlp_ratio", $0) }
  }

  /// Tensors that the class has and the encoder has not: a mask token, which enters no whole image; a layer on the class
  /// token, which leaves it as it is.
  func tensors(width: Int) -> [ExportedModel.Parameter] {
    switch self {
    case .vit:
      let one = (0..<width * width).map { $0 / width == $0 % width ? Float(1) : 0 }
      return [
        .init(name: "pooler.dense.weight", shape: [width, width], values: one),
        .zeros("pooler.dense.bias", [width]),
      ]
    case .dinov2, .dinov2WithRegisters: return [.zeros("embeddings.mask_token", [1, width])]
    case .dinov3: return [.zeros("embeddings.mask_token", [1, 1, width])]
    }
  }

  /// `config.json`. Its numbers are written one by one, since `AutoModel` takes 100 for no number with a fraction.
  func configuration(of shape: VisionTransformerConfiguration) -> String {
    let (design, blocks) = (shape.design, shape.design.blocks)
    let isGated = blocks.feedForward == .swiGLU
    var lines: [String: String] = [
      "architectures": "[\"\(className)\"]", "model_type": "\"\(rawValue)\"", "dtype": "\"float32\"",
      "torch_dtype": "\"float32\"", "image_size": "\(shape.imageSize)", "patch_size": "\(shape.patchSize)",
      "num_channels": "\(design.channels)", "hidden_size": "\(shape.width)",
      "num_hidden_layers": "\(shape.depth)", "num_attention_heads": "\(shape.heads)",
      "layer_norm_eps": "\(blocks.normEpsilon)", "hidden_act": "\"gelu\"",
    ]
    if let hidden = hidden(of: shape) { lines[hidden.name] = "\(hidden.value)" }
    let hasBias = "\(blocks.projectionBias == .all)"
    switch self {
    case .vit:
      lines["qkv_bias"] = hasBias
      lines["pooler_act"] = "\"linear\""
    case .dinov2, .dinov2WithRegisters:
      lines["use_swiglu_ffn"] = "\(isGated)"
      lines["qkv_bias"] = hasBias
    case .dinov3:
      lines["use_gated_mlp"] = "\(isGated)"
      lines["hidden_act"] = isGated ? "\"silu\"" : "\"gelu\""
      lines["rope_theta"] = "\(design.rotary.base)"
      lines["query_bias"] = "\(blocks.projectionBias != .none)"
      lines["value_bias"] = "\(blocks.projectionBias != .none)"
      lines["key_bias"] = hasBias
    }
    if self == .dinov2WithRegisters || self == .dinov3 {
      lines["num_register_tokens"] = "\(design.registers)"
    }
    let body = lines.sorted { $0.key < $1.key }.map { "  \"\($0.key)\": \($0.value)" }
    return "{\n" + body.joined(separator: ",\n") + "\n}\n"
  }
}
