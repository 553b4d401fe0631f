import NeuralNetworks
import WorldModel

/// DINOv2 (Oquab et al. 2023) as its authors publish it, with or without registers (Darcet et al. 2023); timm's names of it
/// are of the family `timm`, those of Hugging Face's transformers, RAD-DINO's among them, of `transformers`.
struct DINOv2Family: EncoderFamily {
  let name = "dinov2"
  let summary = "register_tokens, mask_token and layer scale beside timm's names: DINOv2"
  let layout = "DINOv2"
  let exports: WeightsScope? = .encoder

  var naming: EncoderNaming {
    var naming = EncoderNaming()
    naming.names["reg_token"] = nil
    naming.names["register_tokens"] = "reg_token"
    naming.inBlock["mlp.w12"] = "mlp.fc1"
    naming.inBlock["mlp.w3"] = "mlp.fc2"
    naming.dropped["dino_head."] = "a head on top of the encoder"
    naming.dropped["ibot_head."] = "a head on top of the encoder"
    return naming
  }

  func naming(for design: EncoderDesign) -> EncoderNaming {
    var own = naming
    own.onlyRead =
      design.blocks.feedForward == .swiGLU ? ["mlp.fc1", "mlp.fc2"] : ["mlp.w12", "mlp.w3"]
    return own
  }

  var example: EncoderDesign {
    var design = EncoderDesign()
    (design.hasClassToken, design.registers, design.positions) = (true, 4, .learned)
    design.blocks.layerScale = 1
    return design
  }

  func isOwn(_ names: Set<String>) -> Bool { names.areDINOv2 }

  func hasClassRow(_ design: EncoderDesign) -> Bool { true }

  func limits(_ design: EncoderDesign) -> EncoderLimits {
    EncoderLimits(
      classToken: [true], positions: [.fixed, .learned], layerScale: [true], hiddenNorm: [false],
      queryKeyNorm: [false], projectionBias: [.all, .none], normEpsilon: [1e-6])
  }

  func refusal(of encoder: VisionTransformerConfiguration) -> String? {
    limits(encoder.design).refusal(of: encoder.design) ?? encoder.gatesOutOfStep
  }

  /// timm reads the authors' names too, so that the folder opens there.
  func companions(of model: ExportedModel) throws -> WeightsCompanions {
    let shape = model.shape.encoder
    let arguments = TimmArguments(shape, noEmbedClass: shape.design.registers > 0)
    return WeightsCompanions(
      tensors: [.zeros("mask_token", [1, shape.width])], metadata: UntoldParts.metadata(of: shape),
      files: [
        (
          "config.json", try TimmConfiguration(TimmArguments.architecture(shape), arguments, model).text()
        )
      ],
      usage: AuthorsModel.usage)
  }
}

/// What folders under their authors' names have in common.
enum AuthorsModel {
  static let usageAlone =
    "model.load_state_dict(safetensors.torch.load_file(\"FOLDER/model.safetensors\")) of the authors' model"
  static let usage = usageAlone + ", or timm.create_model(\"local-dir:FOLDER\", pretrained=True)"
}

extension VisionTransformerConfiguration {
  /// What is wrong with gates for programs that round their number up to a multiple of 8; nil where nothing is.
  var gatesOutOfStep: String? {
    guard design.blocks.feedForward == .swiGLU, hiddenWidth % 8 != 0 else { return nil }
    return "model.mlp_ratio = \(mlpRatio), \(hiddenWidth) gates (it has multiples of 8)"
  }
}

extension ExportedModel.Parameter {
  static func zeros(_ name: String, _ shape: [Int]) -> Self {
    Self(name: name, shape: shape, values: [Float](repeating: 0, count: shape.reduce(1, *)))
  }
}
