/// The two dense layers of a block.
public enum FeedForwardKind: String, Sendable, Codable, CaseIterable {
  /// `contract(gelu(expand(x)))`.
  case gelu
  /// `contract(silu(gate(x)) · expand(x))` (Shazeer 2020).
  case swiGLU = "swiglu"
}

/// Which of queries, keys and values have a bias.
public enum ProjectionBias: String, Sendable, Codable, CaseIterable {
  case all
  /// Keys have none (BEiT, EVA-02).
  case queriesValues = "queries-values"
  case none
}

/// What blocks of a transformer have beside the plain one's parts.
public struct BlockDesign: Sendable, Equatable, Codable {
  /// Where factors on what a branch adds begin, one for each feature (Touvron et al. 2021); 0 = there are none.
  public var layerScale = 0.0
  public var feedForward = FeedForwardKind.gelu
  /// Whether the hidden layer of the feed-forward branch is layer-normed (EVA-02).
  public var normalizesHidden = false
  /// Whether queries and keys of each head are layer-normed (Dehghani et al. 2023).
  public var normalizesQueriesKeys = false
  public var projectionBias = ProjectionBias.all
  /// Of every layer norm.
  public var normEpsilon = 1e-6

  public init() {}

  /// The paper's block.
  public static let plain = BlockDesign()
}
