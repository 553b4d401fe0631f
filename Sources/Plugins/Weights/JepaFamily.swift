import NeuralNetworks
import WorldModel

/// A state dict for each part under keys of their own: I-JEPA.
struct JepaFamily: WeightsFamily {
  let name = "ijepa"
  let summary = "a state dict for each of encoder, target_encoder and predictor: I-JEPA"
  let layout = "I-JEPA"

  func recognizes(_ file: any WeightsContents) -> Bool { EncoderNames.areSeparate(file) }

  func names(of file: any WeightsContents) throws -> WeightsNames {
    try WeightsNames(file) { tensor in
      guard tensor.path.count > 1, StateDictionary.parts.contains(tensor.path[0]) else { return .beside }
      return EncoderNames.place(StateDictionary.unwrapped(tensor.path))
    }
  }

  /// I-JEPA tells context tokens and mask tokens alike their places column half first; mask tokens here get them row
  /// half first.
  func conversion(
    of names: WeightsNames, in file: any WeightsContents, heads: Int
  ) throws -> WeightsConversion? {
    let table = try PositionTable("predictor.predictor_pos_embed", of: names, file)
    guard table?.order == .columnFirst else { return nil }
    return WeightsConversion(
      note:
        "predictor: I-JEPA's, whose positions are column half first; its features were renumbered to the row-first "
        + "order of this predictor, which gives the same predictions",
      apply: FeatureHalves.exchanged)
  }

  func settings(
    for names: WeightsNames, in file: any WeightsContents, sizes: WeightsSizes, given: Set<String>
  ) throws -> [WeightsSetting] {
    let order: [WeightsSetting] =
      try conversion(of: names, in: file, heads: sizes.heads) == nil
      ? []
      : [
        WeightsSetting(
          "run", "compatibility", .text(Compatibility.paper.rawValue),
          reason: "as its predictor was brought to the paper's order")
      ]
    return order + (try TaskSettings.settings(for: names, file, sizes, given))
  }

  func remedy(forUnexpected parameter: String) -> String? {
    TaskSettings.remedy(forUnexpected: parameter)
  }

  func places(of parameter: String, in encoder: VisionTransformerConfiguration) -> [[String]] {
    let words = parameter.split(separator: ".", maxSplits: 1).map(String.init)
    guard words.count == 2, StateDictionary.parts.contains(words[0]) else { return [] }
    return [[words[0], "module." + words[1]]]
  }

  func written(
    _ parameter: ExportedModel.Parameter, in encoder: VisionTransformerConfiguration
  ) -> ExportedModel.Parameter {
    ExportedModel.Parameter(
      name: parameter.name, shape: parameter.shape,
      values: FeatureHalves.exchanged(parameter.values, parameter.name, shape: parameter.shape))
  }
}

/// Brings an I-JEPA predictor to this project's order of positions, exactly, and back.
///
/// Nothing in a transformer depends on the order of its features, so the predictor's features are renumbered with the
/// halves of the encoding exchanged: what reads a token has its columns exchanged, what writes one its rows.
enum FeatureHalves {
  /// Which axis of a predictor's parameter counts its tokens' features.
  private enum Axis { case first, last }

  private static func axis(_ name: String) -> Axis? {
    let writers = [
      "predictor_embed.weight", "predictor_embed.bias", "attn.proj.weight", "attn.proj.bias",
      "mlp.fc2.weight",
      "mlp.fc2.bias", "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias", "predictor_norm.weight",
      "predictor_norm.bias",
    ]
    let readers = [
      "mask_token", "predictor_pos_embed", "attn.qkv.weight", "mlp.fc1.weight", "predictor_proj.weight",
    ]
    if writers.contains(where: { name.hasSuffix("." + $0) }) { return .first }
    return readers.contains(where: { name.hasSuffix("." + $0) }) ? .last : nil
  }

  /// The parameter's values with the halves of its tokens' features exchanged; as they are where it has no such axis.
  @Sendable static func exchanged(_ values: [Float], _ name: String, shape: [Int]) -> [Float] {
    guard name.hasPrefix("predictor."), let axis = axis(name), let last = shape.last else { return values }
    switch axis {
    case .first: return exchanged(values, block: values.count)
    case .last: return exchanged(values, block: last)
    }
  }

  /// Exchanges the halves of each block of so many values.
  private static func exchanged(_ values: [Float], block: Int) -> [Float] {
    stride(from: 0, to: values.count, by: max(block, 1)).flatMap { start -> [Float] in
      let middle = start + block / 2
      return Array(values[middle..<start + block] + values[start..<middle])
    }
  }
}
