import NeuralNetworks
import WorldModel

/// The named sizes of encoders, paper.
public enum ModelSize: String, Codable, Sendable, CaseIterable {
  case tiny, small, base, large
  /// Width, depth and heads are given one by one.
  case custom

  /// Its width, depth and heads; nil for `custom`.
  public var blocks: TransformerConfiguration? {
    switch self {
    case .tiny: TransformerConfiguration(width: 192, depth: 12, heads: 3)
    case .small: TransformerConfiguration(width: 384, depth: 12, heads: 6)
    case .base: TransformerConfiguration(width: 768, depth: 12, heads: 12)
    case .large: TransformerConfiguration(width: 1024, depth: 24, heads: 16)
    case .custom: nil
    }
  }
}

/// The sizes of a stack of transformer blocks.
public struct TransformerConfiguration: Codable, Sendable, Equatable {
  /// Numbers of a token.
  public var width: Int
  /// Blocks.
  public var depth: Int
  /// Attention heads; they divide the width.
  public var heads: Int

  public init(width: Int, depth: Int, heads: Int) {
    self.width = width
    self.depth = depth
    self.heads = heads
  }
}

extension RunConfiguration {
  /// Encoder and predictor.
  public struct Model: Codable, Sendable, Equatable {
    /// The size that was named; `encoder` holds what it means.
    public var size: ModelSize = .base
    /// The encoder's blocks.
    public var encoder = ModelSize.base.blocks!
    /// The predictor's blocks; as many heads as the encoder, paper.
    public var predictor = TransformerConfiguration(width: 384, depth: 6, heads: 12)
    /// Side of the square input in pixels.
    public var imageSize = 224
    /// Side of a patch in pixels; divides `imageSize`.
    public var patchSize = 16
    /// Hidden width of an encoder block's MLP in widths.
    public var mlpRatio: Double = 4
    /// Likewise of the predictor's blocks.
    public var predictorMlpRatio: Double = 4
    /// What the encoder has beside the paper's parts.
    public var design = EncoderDesign.plain
    /// Names of encoder and predictor.
    public var encoderName: String = ComponentChoice.standardNetwork
    public var predictorName: String = ComponentChoice.standardNetwork
    /// What becomes of the target encoder.
    public var targetEncoder: TargetEncoderMode = .follows
    /// Whether target features are layer-normed before the error is taken, paper.
    public var normalizesTargets = true

    /// Folder of the run whose encoder this one begins with; empty = with the seed's weights.
    public var from = ""
    /// Whether it begins with that run's predictor too.
    public var takesPredictor = false

    /// Patches along a side, `n`.
    public var gridSize: Int { imageSize / patchSize }
    /// Tokens of a whole crop, `N = n²`.
    public var patchCount: Int { gridSize * gridSize }
    public var geometry: ImageGeometry { ImageGeometry(imageSize: imageSize, patchSize: patchSize) }
    /// Hidden width of the encoder's MLPs.
    public var encoderHiddenWidth: Int { Int((Double(encoder.width) * mlpRatio).rounded()) }
    /// Hidden width of the predictor's MLPs.
    public var predictorHiddenWidth: Int { Int((Double(predictor.width) * predictorMlpRatio).rounded()) }
  }
}

extension RunConfiguration.Model {
  /// `[model]` of the settings.
  static let table = ConfigurationTable("model", "The encoder and the predictor.", Self()) {
    Setting(
      "size", \.size,
      help: "Width/depth/heads: tiny 192/12/3, small 384/12/6, base 768/12/12, large 1024/24/16, or custom."
    )
    Setting(
      "width", .integer(default: 0, in: 0...16384), help: "Encoder width; 0 = from size; custom needs it.")
    Setting(
      "depth", .integer(default: 0, in: 0...256), help: "Encoder blocks; 0 = from size; custom needs it.")
    Setting(
      "heads", .integer(default: 0, in: 0...256), help: "Attention heads; 0 = from size; custom needs it."
    ) { values, _, settings in
      values.encoder = try ConfigurationChecks(settings: settings).encoder(size: values.size)
    }
    Setting(
      "encoder", \.encoderName,
      help: "The encoder: vit, a vision transformer, or one that a plugin registers, by its name.")
    Setting(
      "predictor", \.predictorName,
      help: "The predictor: vit, a narrow transformer, or one that a plugin registers, by its name.")
    Setting("image_size", \.imageSize, in: 16...4096, help: "Side of the square input, in pixels.")
    Setting(
      "patch_size", \.patchSize, in: 2...512, help: "Side of a patch, in pixels; divides image_size.")
    Setting("mlp_ratio", \.mlpRatio, in: 0.25...64, help: "Hidden width of a block's MLP, in widths.")
    Setting("predictor_width", \.predictor.width, in: 4...16384, help: "Width of the predictor's tokens.")
    Setting("predictor_depth", \.predictor.depth, in: 1...256, help: "Blocks of the predictor.")
    Setting(
      "predictor_heads", .integer(default: 0, in: 0...256),
      help: "Attention heads of the predictor; 0 = as many as the encoder."
    ) { values, options, _ in
      let heads = options.integer("predictor_heads")
      values.predictor.heads = heads > 0 ? heads : values.encoder.heads
    }
    Setting(
      "predictor_mlp_ratio", .number(default: 0, in: 0...64),
      help: "Hidden width of the MLP in the predictor's blocks, in widths; 0 = the encoder's mlp_ratio."
    ) { values, options, _ in
      let ratio = options.number("predictor_mlp_ratio")
      values.predictorMlpRatio = ratio > 0 ? ratio : values.mlpRatio
    }
    Setting(
      "channels", \.design.channels, in: 1...3, help: "Channels that the encoder reads: 3, or 1 of them.")
    Setting(
      "class_token", \.design.hasClassToken, help: "A class token stands before the encoder's patches.")
    Setting(
      "registers", \.design.registers, in: 0...64,
      help: "Registers stand between the class token and the patches: so many.")
    Setting(
      "positions", \.design.positions,
      help:
        "Places are told by a fixed table of sines and cosines (paper), a learned one, by turning queries and keys"
        + " (rotary), or by both (learned-rotary).")
    Setting(
      "rotary_base", \.design.rotary.base, in: 1...1_000_000,
      help: "Base of rotary frequencies: 100 in DINOv3, 10000 in EVA-02.")
    Setting(
      "rotary_grid", \.design.rotary.grid, in: 0...512,
      help: "Side of the grid whose numbers rotary places are (EVA-02); 0 = shares of the image (DINOv3).")
    Setting(
      "layer_scale", \.design.blocks.layerScale, in: 0...1,
      help: "Where factors on what each branch of a block adds begin; 0 = there are none.")
    Setting(
      "feed_forward", \.design.blocks.feedForward,
      help: "The dense layers of the encoder's blocks: gelu, or swiglu with a gate beside as many numbers.")
    Setting(
      "hidden_norm", \.design.blocks.normalizesHidden,
      help: "The hidden layer of the encoder's blocks is layer-normed (EVA-02).")
    Setting(
      "query_key_norm", \.design.blocks.normalizesQueriesKeys,
      help: "Queries and keys of each head are layer-normed.")
    Setting(
      "projection_bias", \.design.blocks.projectionBias,
      help: "Bias in the encoder of queries, keys and values (all), of queries and values, or none.")
    Setting(
      "norm_epsilon", \.design.blocks.normEpsilon, in: 1e-12...0.1,
      help: "What the encoder's layer norms add to the variance.")
    Setting(
      "from", \.from,
      help:
        "Run whose encoder this one begins with, trained or made by weights import; the other settings of [model] are its,"
        + " where none are given; empty = the seed's weights.")
    Setting("from_predictor", \.takesPredictor, help: "Begin with that run's predictor too.")
    Setting(
      "target_encoder", \.targetEncoder,
      help:
        "The target encoder follows the encoder by moving average (ema), keeps its first or imported weights"
        + " (frozen), or is absent, where objectives of tasks are all that learns.")
    Setting(
      "normalize_targets", \.normalizesTargets,
      help:
        "Layer-norm target features before the error is taken; without it small features make a small error.")
  }
}

extension WorldModelConfiguration {
  /// The sizes that a configuration asks for. Orders of position encodings are a point of compatibility
  /// (spec section 10).
  package init(_ model: RunConfiguration.Model, _ compatibility: Compatibility) {
    let order: PositionOrder = compatibility == .paper ? .rowFirst : .columnFirst
    self.init(
      encoder: VisionTransformerConfiguration(
        imageSize: model.imageSize, patchSize: model.patchSize, width: model.encoder.width,
        depth: model.encoder.depth, heads: model.encoder.heads, mlpRatio: model.mlpRatio,
        positionOrder: order,
        design: model.design),
      predictor: PredictorConfiguration(
        featureWidth: model.encoder.width, width: model.predictor.width, depth: model.predictor.depth,
        heads: model.predictor.heads, gridSize: model.gridSize, mlpRatio: model.predictorMlpRatio,
        contextOrder: order,
        targetOrder: .rowFirst), targetEncoder: model.targetEncoder,
      normalizesTargets: model.normalizesTargets)
  }
}
