import Layers
import WorldModel

/// The named sizes of encoders, paper.
public enum ModelSize: String, Codable, Sendable, CaseIterable {
  case tiny, small, base, large
  /// Width, depth and heads are given one by one.
  case custom

  /// Its width, depth and heads; nil for `custom`.
  public var shape: TransformerShape? {
    switch self {
    case .tiny: TransformerShape(width: 192, depth: 12, heads: 3)
    case .small: TransformerShape(width: 384, depth: 12, heads: 6)
    case .base: TransformerShape(width: 768, depth: 12, heads: 12)
    case .large: TransformerShape(width: 1024, depth: 24, heads: 16)
    case .custom: nil
    }
  }
}

/// The sizes of a stack of transformer blocks.
public struct TransformerShape: Codable, Sendable, Equatable {
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
    /// The size that was named, default base; `encoder` holds what it means.
    public var size: ModelSize
    public var encoder: TransformerShape
    /// Default 384 × 6 with as many heads as the encoder, paper.
    public var predictor: TransformerShape
    /// Side of the square input in pixels. Default 224, paper.
    public var imageSize: Int
    /// Side of a patch in pixels; divides `imageSize`. Default 16, paper.
    public var patchSize: Int
    /// Hidden width of an encoder block's MLP in widths. Default 4, paper.
    public var mlpRatio: Double
    /// Likewise of the predictor's blocks. Default as the encoder's.
    public var predictorMlpRatio: Double
    /// Names of encoder and predictor. Default `vit`, paper.
    public var encoderName: String
    public var predictorName: String
    /// What becomes of the target encoder. Default `follows`, paper.
    public var targetEncoder: TargetEncoderMode

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

extension WorldModelShape {
  /// The shape that a configuration asks for. Orders of position encodings are a point of compatibility
  /// (spec section 10).
  package init(_ model: RunConfiguration.Model, _ compatibility: Compatibility) {
    let order: PositionOrder = compatibility == .paper ? .rowFirst : .columnFirst
    self.init(
      encoder: VisionTransformerShape(
        imageSize: model.imageSize, patchSize: model.patchSize, width: model.encoder.width,
        depth: model.encoder.depth, heads: model.encoder.heads, mlpRatio: model.mlpRatio, positionOrder: order
      ),
      predictor: PredictorShape(
        featureWidth: model.encoder.width, width: model.predictor.width, depth: model.predictor.depth,
        heads: model.predictor.heads, gridSize: model.gridSize, mlpRatio: model.predictorMlpRatio,
        contextOrder: order,
        targetOrder: .rowFirst), targetEncoder: model.targetEncoder)
  }
}
