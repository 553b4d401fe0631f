import NeuralNetworks
import WorldModel

/// One flat state dict of `encoder.*`, `target_encoder.*`, `predictor.*`: the published CheXWorld, and this project's
/// own.
struct CheXWorldFamily: WeightsFamily {
  let name = "chexworld"
  let summary =
    "encoder.*, target_encoder.*, predictor.* in one state dict: the published CheXWorld, and runs"
  let layout = "world model"
  let exports: WeightsScope? = .model

  func recognizes(_ file: any WeightsContents) -> Bool {
    let state = StateDictionary(file)
    return !EncoderNames.areSeparate(file)
      && file.tensors.contains { state.name(of: $0).map(EncoderNames.isOfModel) ?? false }
  }

  func names(of file: any WeightsContents) throws -> WeightsNames {
    let state = StateDictionary(file)
    return try WeightsNames(file) { state.name(of: $0).map(EncoderNames.place) ?? .beside }
  }

  func settings(
    for names: WeightsNames, in file: any WeightsContents, sizes: WeightsSizes, given: Set<String>
  ) throws -> [WeightsSetting] {
    try TaskSettings.settings(for: names, file, sizes, given)
  }

  func remedy(forUnexpected parameter: String) -> String? {
    TaskSettings.remedy(forUnexpected: parameter)
  }

  func sizes(of names: WeightsNames, in file: any WeightsContents, heads: Int?) throws -> WeightsSizes {
    var sizes = try WeightsSizes(names, file, heads: heads)
    UntoldParts.read(&sizes.design, file)
    return sizes
  }

  func places(of parameter: String, in encoder: VisionTransformerConfiguration) -> [[String]] {
    [[parameter]]
  }

  func companions(of model: ExportedModel) throws -> WeightsCompanions {
    WeightsCompanions(
      metadata: UntoldParts.metadata(of: model.shape.encoder),
      usage: "model.load_state_dict(safetensors.torch.load_file(\"FOLDER/model.safetensors\"))")
  }
}
