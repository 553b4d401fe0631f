import Foundation
import WorldModel

/// A plain vision transformer under timm's names.
struct TimmFamily: WeightsFamily {
  let name = "timm"
  let summary = "patch_embed, blocks, norm at the top or in one state dict: timm's vision transformers"
  let layout = "vision transformer"
  let exports: WeightsScope? = .encoder
  private static let kernel = "patch_embed.proj.weight"

  func recognizes(_ file: any WeightsContents) -> Bool {
    guard !EncoderNames.areSeparate(file) else { return false }
    let state = StateDictionary(file)
    let names = file.tensors.compactMap(state.name)
    return names.contains(Self.kernel) && !names.contains(where: EncoderNames.isOfModel)
  }

  func names(of file: any WeightsContents) throws -> WeightsNames {
    let state = StateDictionary(file)
    return try WeightsNames(file) { tensor in
      state.name(of: tensor).map { EncoderNames.place("encoder." + $0) } ?? .beside
    }
  }

  func settings(
    for names: WeightsNames, in file: any WeightsContents, sizes: WeightsSizes, given: Set<String>
  ) throws -> [WeightsSetting] {
    try TaskSettings.settings(for: names, file, sizes, given)
  }

  func advice(about file: any WeightsContents) -> String? {
    guard file.tensors.contains(where: { $0.name.contains("patch_embeddings.projection.") }) else {
      return nil
    }
    let names = file.tensors.prefix(3).map(\.name).joined(separator: ", ")
    return
      "has the names of Hugging Face's transformers (\(names)…), which are not read; give the same weights as timm has "
      + "them (timm.create_model(…, pretrained=True), torch.save(model.state_dict(), path))"
  }

  func places(of parameter: String) -> [[String]] {
    parameter.hasPrefix("encoder.") ? [[String(parameter.dropFirst("encoder.".count))]] : []
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
