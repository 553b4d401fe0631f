import NeuralNetworks
import WorldModel

/// What of an encoder's parts a layout of names holds. The defaults hold everything.
struct EncoderLimits {
  var classToken = [false, true]
  /// The fewest and the most registers.
  var registers = 0...Int.max
  var positions = PositionKind.allCases
  /// Grids of rotary places, by whether they have a side of their own (EVA-02) or run from -2π to 2π (DINOv3).
  var rotaryGrid = [false, true]
  var layerScale = [false, true]
  var feedForward = FeedForwardKind.allCases
  var hiddenNorm = [false, true]
  var queryKeyNorm = [false, true]
  var projectionBias = ProjectionBias.allCases
  /// Nil for any.
  var normEpsilon: [Double]?

  /// Settings of `[model]` that cannot be held, and which could be; nil where there are none.
  func refusal(of design: EncoderDesign) -> String? {
    let blocks = design.blocks
    func name(_ setting: String, _ value: String, _ held: [String]) -> String? {
      held.contains(value) ? nil : "model.\(setting) = \(value) (it has \(held.joined(separator: ", ")))"
    }
    func flag(_ setting: String, _ value: Bool, _ held: [Bool]) -> String? {
      name(setting, "\(value)", held.map { "\($0)" })
    }
    let own = [
      flag("class_token", design.hasClassToken, classToken),
      registers.contains(design.registers)
        ? nil
        : "model.registers = \(design.registers) (it has "
          + (design.registers < registers.lowerBound
            ? "\(registers.lowerBound) or more" : "\(registers.upperBound) at most") + ")",
      name("positions", design.positions.rawValue, positions.map(\.rawValue)),
      design.positions.turns && positions.contains(design.positions)
        && !rotaryGrid.contains(design.rotary.grid > 0)
        ? "model.rotary_grid = \(design.rotary.grid) (it has \(rotaryGrid.contains(true) ? "others" : "0"))"
        : nil,
      layerScale.contains(blocks.layerScale > 0)
        ? nil
        : "model.layer_scale = \(blocks.layerScale) (it has \(layerScale.contains(true) ? "others" : "0"))",
      name("feed_forward", blocks.feedForward.rawValue, feedForward.map(\.rawValue)),
      flag("hidden_norm", blocks.normalizesHidden, hiddenNorm),
      flag("query_key_norm", blocks.normalizesQueriesKeys, queryKeyNorm),
      name("projection_bias", blocks.projectionBias.rawValue, projectionBias.map(\.rawValue)),
      normEpsilon.flatMap { name("norm_epsilon", "\(blocks.normEpsilon)", $0.map { "\($0)" }) },
    ].compactMap { $0 }
    return own.isEmpty ? nil : own.joined(separator: ", ")
  }
}

/// What tensors do not tell of an encoder, in the metadata of a safetensors file: under the names that the settings of
/// `[model]` have, beside `num_heads`.
enum UntoldParts {
  private static let (positions, base, grid) = ("positions", "rotary_base", "rotary_grid")
  private static let epsilon = "norm_epsilon"

  static func metadata(of encoder: VisionTransformerConfiguration) -> [String: String] {
    let design = encoder.design
    let turning = [base: "\(design.rotary.base)", grid: "\(design.rotary.grid)"]
    return [
      "format": "pt", "num_heads": "\(encoder.heads)", positions: design.positions.rawValue,
      epsilon: "\(design.blocks.normEpsilon)",
    ].merging(design.positions.turns ? turning : [:]) { $1 }
  }

  /// Takes what a file says, or `config.json` of transformers beside it; what nothing says stays.
  static func read(_ design: inout EncoderDesign, _ file: any WeightsContents) {
    func said(_ name: String) -> String? { file.remarks.first { $0.name == name }?.text }
    func beside(_ name: String) -> String? {
      file.configuration.first { $0.name == name || $0.name.hasSuffix("." + name) }?.text
    }
    // Whether there is a table, and of what kind, the table tells itself.
    if let kind = said(positions).flatMap(PositionKind.init(rawValue:)),
      kind.hasTable == design.positions.hasTable, kind.turns != design.positions.turns
    {
      design.positions = kind
    }
    if !design.positions.turns {
      design.rotary = RotaryEncoding()
    } else {
      design.rotary.base = (said(base) ?? beside("rope_theta")).flatMap(Double.init) ?? design.rotary.base
      design.rotary.grid = said(grid).flatMap(Int.init) ?? design.rotary.grid
    }
    if let value = (said(epsilon) ?? beside("layer_norm_eps")).flatMap(Double.init) {
      design.blocks.normEpsilon = value
    }
  }
}
