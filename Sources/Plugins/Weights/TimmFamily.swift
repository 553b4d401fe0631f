import Foundation
import NeuralNetworks
import WorldModel

/// Vision transformers under timm's names: plain ones, DeiT, DINO, DINOv2, MAE, MoCo-v3.
struct TimmFamily: EncoderFamily {
  let name = "timm"
  let summary =
    "patch_embed, blocks, norm wherever in a file they lie: timm's vision transformers, MAE, MoCo-v3, DINO"
  let layout = "vision transformer"
  let naming = EncoderNaming()
  let exports: WeightsScope? = .encoder

  func refusal(of design: EncoderDesign) -> String? {
    guard
      design.positions.turns || design.blocks.normalizesHidden
        || design.blocks.projectionBias == .queriesValues
    else { return nil }
    return
      "cannot hold an encoder whose places turn queries and keys, whose hidden layers are normed or whose keys alone have no "
      + "bias; export the whole model with --as chexworld"
  }

  func isOwn(_ names: Set<String>) -> Bool {
    !names.haveBiasesApart && !names.areDINOv3 && !names.areDINOv2 && !names.has("gamma_1")
  }

  func companions(of model: ExportedModel) throws -> WeightsCompanions {
    let json = JSONEncoder()
    json.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    json.keyEncodingStrategy = .convertToSnakeCase
    let text = String(decoding: try json.encode(TimmConfiguration(model)), as: UTF8.self) + "\n"
    return WeightsCompanions(
      metadata: ["format": "pt", "num_heads": "\(model.shape.encoder.heads)"],
      files: [("config.json", text)],
      usage: "timm.create_model(\"local-dir:FOLDER\", pretrained=True)")
  }
}
