/// How patches of a vision transformer are told their places.
public enum PositionKind: String, Sendable, Codable, CaseIterable {
  /// By a table of sines and cosines that nothing trains (paper; MAE, I-JEPA).
  case fixed
  /// By a table that is trained (DINOv2, DeiT).
  case learned
  /// By turning queries and keys, without a table (Su et al. 2021; DINOv3).
  case rotary
  /// By a trained table and by turning queries and keys (EVA-02, EVA-X).
  case learnedAndRotary = "learned-rotary"

  public var hasTable: Bool { self != .rotary }
  public var turns: Bool { self == .rotary || self == .learnedAndRotary }
}

/// What a vision transformer has beside the parts of the paper's encoder, which the defaults are.
public struct EncoderDesign: Sendable, Equatable, Codable {
  /// Channels of the input that the patch embedding reads: 3, or 1, the first.
  public var channels = 3
  /// Whether a class token stands before the patches (Dosovitskiy et al. 2021).
  public var hasClassToken = false
  /// Tokens between the class token and the patches that are no patch (Darcet et al. 2023).
  public var registers = 0
  public var positions = PositionKind.fixed
  /// Where positions turn.
  public var rotary = RotaryEncoding()
  public var blocks = BlockDesign.plain

  public init() {}

  public static let plain = EncoderDesign()
  /// Tokens before the patches.
  public var prefixCount: Int { (hasClassToken ? 1 : 0) + registers }
}

/// Sizes and parts of a vision transformer.
public struct VisionTransformerConfiguration: Sendable, Equatable, Codable {
  /// Side of the square input in pixels, and of a patch.
  public var imageSize: Int
  public var patchSize: Int
  /// Width of a token, `d`; a multiple of 4 and of `heads`.
  public var width: Int
  public var depth: Int
  public var heads: Int
  public var mlpRatio: Double
  public var positionOrder: PositionOrder
  /// Default the paper's, also where it was written before there was a choice.
  public var design: EncoderDesign

  public init(
    imageSize: Int, patchSize: Int, width: Int, depth: Int, heads: Int, mlpRatio: Double = 4,
    positionOrder: PositionOrder = .rowFirst, design: EncoderDesign = .plain
  ) {
    self.imageSize = imageSize
    self.patchSize = patchSize
    self.width = width
    self.depth = depth
    self.heads = heads
    self.mlpRatio = mlpRatio
    self.positionOrder = positionOrder
    self.design = design
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func whole(_ key: CodingKeys) throws -> Int { try container.decode(Int.self, forKey: key) }
    self.init(
      imageSize: try whole(.imageSize), patchSize: try whole(.patchSize), width: try whole(.width),
      depth: try whole(.depth), heads: try whole(.heads),
      mlpRatio: try container.decode(Double.self, forKey: .mlpRatio),
      positionOrder: try container.decode(PositionOrder.self, forKey: .positionOrder),
      design: try container.decodeIfPresent(EncoderDesign.self, forKey: .design) ?? .plain)
  }

  /// Patches along a side.
  public var gridSize: Int { imageSize / patchSize }
  public var patchCount: Int { gridSize * gridSize }
  /// Numbers of a head.
  public var headWidth: Int { width / heads }
}
