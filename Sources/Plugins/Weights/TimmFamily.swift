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

  func limits(_ design: EncoderDesign) -> EncoderLimits {
    EncoderLimits(
      positions: [.fixed, .learned], hiddenNorm: [false], projectionBias: [.all, .none], normEpsilon: [1e-6])
  }

  func isOwn(_ names: Set<String>) -> Bool {
    !names.haveBiasesApart && !names.areDINOv3 && !names.areDINOv2 && !names.has("gamma_1")
  }

  func companions(of model: ExportedModel) throws -> WeightsCompanions {
    let shape = model.shape.encoder
    let arguments = TimmArguments(shape, noEmbedClass: !hasClassRow(shape.design))
    return WeightsCompanions(
      metadata: UntoldParts.metadata(of: shape),
      files: [
        (
          "config.json", try TimmConfiguration(TimmArguments.architecture(shape), arguments, model).text()
        )
      ],
      usage: "timm.create_model(\"local-dir:FOLDER\", pretrained=True)")
  }
}
