import NeuralNetworks
import WorldModel

/// A family whose files hold one encoder, or one and another that follows it.
protocol EncoderFamily: WeightsFamily {
  var naming: EncoderNaming { get }
  /// The names by which an encoder is written, where the family has several. Default all of them.
  func naming(for design: EncoderDesign) -> EncoderNaming
  /// What of an encoder's parts the family holds. Default all.
  func limits(_ design: EncoderDesign) -> EncoderLimits
  /// Whether the table of positions has a row for the class token. Default where there are no registers, as timm has it.
  func hasClassRow(_ design: EncoderDesign) -> Bool
  /// Whether an encoder of such names, and of no others, is the family's.
  func isOwn(_ names: Set<String>) -> Bool
  /// What the family's encoders are that tensors do not tell. Default nothing.
  func complete(_ sizes: inout WeightsSizes)
  /// Why a file of the family cannot be read; nil, the default, where it can.
  func problem(of file: any WeightsContents) -> WeightsFileError?
}

extension EncoderFamily {
  func recognizes(_ file: any WeightsContents) -> Bool {
    guard !EncoderNames.areSeparate(file), let state = EncoderState(file, naming) else { return false }
    let flat = StateDictionary(file)
    return !file.tensors.contains { flat.name(of: $0).map(EncoderNames.isOfModel) ?? false }
      && isOwn(Set(state.inner))
  }

  func names(of file: any WeightsContents) throws -> WeightsNames {
    if let problem = problem(of: file) { throw problem }
    guard let state = EncoderState(file, naming) else {
      throw WeightsFileError(
        file.path, nil, "expected one \(naming.kernel), or two of which one follows, found others")
    }
    return try state.places(in: file)
  }

  func naming(for design: EncoderDesign) -> EncoderNaming { naming }
  func limits(_ design: EncoderDesign) -> EncoderLimits { EncoderLimits() }
  func hasClassRow(_ design: EncoderDesign) -> Bool { design.hasClassToken && design.registers == 0 }
  func refusal(of encoder: VisionTransformerConfiguration) -> String? {
    limits(encoder.design).refusal(of: encoder.design)
  }

  func complete(_ sizes: inout WeightsSizes) {}
  func problem(of file: any WeightsContents) -> WeightsFileError? { nil }

  func sizes(of names: WeightsNames, in file: any WeightsContents, heads: Int?) throws -> WeightsSizes {
    var sizes = try WeightsSizes(names, file, heads: heads)
    complete(&sizes)
    UntoldParts.read(&sizes.design, file)
    return sizes
  }

  func settings(
    for names: WeightsNames, in file: any WeightsContents, sizes: WeightsSizes, given: Set<String>
  ) throws -> [WeightsSetting] {
    try TaskSettings.settings(for: names, file, sizes, given)
  }

  func places(of parameter: String, in encoder: VisionTransformerConfiguration) -> [[String]] {
    guard parameter.hasPrefix("encoder.") else { return [] }
    return naming(for: encoder.design).places(of: String(parameter.dropFirst("encoder.".count))).map { [$0] }
  }

  func written(
    _ parameter: ExportedModel.Parameter, in encoder: VisionTransformerConfiguration
  ) -> ExportedModel.Parameter {
    withClassRow(parameter, encoder)
  }

  /// A table of positions with a row for the class token where files have one: the token has its place already, so that
  /// the row is 0.
  func withClassRow(
    _ parameter: ExportedModel.Parameter, _ encoder: VisionTransformerConfiguration
  ) -> ExportedModel.Parameter {
    guard parameter.name == "encoder.pos_embed", hasClassRow(encoder.design) else { return parameter }
    let (rows, width) = (encoder.patchCount, encoder.width)
    return ExportedModel.Parameter(
      name: parameter.name, shape: [1, rows + 1, width],
      values: [Float](repeating: 0, count: width) + parameter.values)
  }
}

/// What names tell encoders apart.
extension Set<String> {
  func has(_ end: String) -> Bool { contains { $0 == end || $0.hasSuffix("." + end) } }
  /// BEiT's and EVA's: keys without bias, queries and values with one of its own.
  var haveBiasesApart: Bool {
    ["attn.q_bias", "attn.q_proj.weight", "mlp.fc1_g.weight", "mlp.w1.weight"].contains(where: has)
  }
  var haveLayerScale: Bool { has("gamma_1") || has("ls1.gamma") }
  var haveTable: Bool { contains("pos_embed") }
  var haveRelativePlaces: Bool { contains { $0.contains("relative_position") || $0.contains("rel_pos") } }
  /// timm's of DINOv3: places turn queries and keys, and there is no table.
  var areDINOv3OfTimm: Bool { !haveTable && has("gamma_1") && !haveRelativePlaces }
  /// DINOv3 as its authors publish it.
  var areDINOv3: Bool {
    contains("storage_tokens") || has("periods") || !haveTable && has("ls1.gamma")
  }
  /// DINOv2 as its authors publish it.
  var areDINOv2: Bool {
    haveTable && !haveBiasesApart
      && (contains("register_tokens") || haveLayerScale && contains("mask_token") || has("mlp.w12.weight"))
  }
}
