import NeuralNetworks
import WorldModel

/// DINOv2 (Oquab et al. 2023) as its authors publish it, with or without registers (Darcet et al. 2023); timm's names of it
/// are of the family `timm`, those of Hugging Face's transformers, RAD-DINO's among them, of `transformers`.
struct DINOv2Family: EncoderFamily {
  let name = "dinov2"
  let summary = "register_tokens, mask_token and layer scale beside timm's names: DINOv2"
  let layout = "DINOv2"

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

  var example: EncoderDesign {
    var design = EncoderDesign()
    (design.hasClassToken, design.registers, design.positions) = (true, 4, .learned)
    design.blocks.layerScale = 1
    return design
  }

  func isOwn(_ names: Set<String>) -> Bool { names.areDINOv2 }
}
