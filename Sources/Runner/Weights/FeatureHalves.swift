/// Brings an I-JEPA predictor to this project's order of positions, exactly.
///
/// I-JEPA tells context tokens and mask tokens their places column half first; mask tokens here get them row half first
/// (spec section 1). Nothing in a transformer depends on the order of its features, so the predictor's features are
/// renumbered with the halves of the encoding exchanged: what reads a token has its columns exchanged, what writes one
/// its rows.
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
  static func exchanged(_ values: [Float], _ name: String, shape: [Int]) -> [Float] {
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
