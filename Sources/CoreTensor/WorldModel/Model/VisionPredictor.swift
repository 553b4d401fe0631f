import CoreTensor
import NeuralNetworks

/// Sizes of the predictor (paper: width 384, depth 6, as many heads as the encoder).
public struct PredictorConfiguration: Sendable, Equatable, Codable {
  /// Width of the encoder's features, `d`, and of the predictor's tokens, `dp`.
  public var featureWidth: Int
  public var width: Int
  public var depth: Int
  public var heads: Int
  public var gridSize: Int
  public var mlpRatio: Double
  /// Order of position encodings at context tokens, and at mask tokens.
  public var contextOrder: PositionOrder
  public var targetOrder: PositionOrder

  public init(
    featureWidth: Int, width: Int, depth: Int, heads: Int, gridSize: Int, mlpRatio: Double = 4,
    contextOrder: PositionOrder = .rowFirst, targetOrder: PositionOrder = .rowFirst
  ) {
    self.featureWidth = featureWidth
    self.width = width
    self.depth = depth
    self.heads = heads
    self.gridSize = gridSize
    self.mlpRatio = mlpRatio
    self.contextOrder = contextOrder
    self.targetOrder = targetOrder
  }
}

/// The predictor `g`: a narrow transformer over context tokens and mask tokens (spec section 1).
public final class VisionPredictor: Predictor {
  public let shape: PredictorConfiguration
  private let embedding: Linear
  private let maskToken: Parameter
  private let positionTable: Parameter
  private let targetEncoding: PositionEncoding
  public let blocks: TransformerStack
  private let norm: LayerNorm
  private let projection: Linear
  public var recomputesActivations: Bool {
    get { blocks.recomputesActivations }
    set { blocks.recomputesActivations = newValue }
  }

  public init(_ shape: PredictorConfiguration, initializer: inout Initializer) {
    self.shape = shape
    embedding = Linear(shape.featureWidth, shape.width, initializer: &initializer)
    maskToken = initializer.truncatedNormal([1, 1, shape.width])
    let contextEncoding = PositionEncoding(width: shape.width, order: shape.contextOrder)
    positionTable = Parameter(contextEncoding.grid(shape.gridSize), trainable: false)
    targetEncoding = PositionEncoding(width: shape.width, order: shape.targetOrder)
    blocks = TransformerStack(
      shape.width, depth: shape.depth, heads: shape.heads, mlpRatio: shape.mlpRatio, name: "predictor_blocks",
      initializer: &initializer)
    norm = LayerNorm(shape.width, initializer: initializer)
    projection = Linear(shape.width, shape.featureWidth, initializer: &initializer)
  }

  public func maskTokens(at places: [[GridPlace]]) -> Tensor {
    let encoded = targetEncoding.encodings(
      images: places.count, places: places.first?.count ?? 0, on: maskToken.tensor.device
    ) { (places[$0][$1].row, places[$0][$1].column) }
    return addRowVector(encoded, maskToken.tensor)
  }

  public func callAsFunction(context: Tensor, visible: [[Int]], maskTokens: Tensor) -> Tensor {
    let tokens = embedded(context, visible)
    let last = Array(tokens.shape[1]..<tokens.shape[1] + maskTokens.shape[1])
    let encoded = blocks(
      concatenateTokens(tokens, maskTokens), of: Array(repeating: last, count: tokens.shape[0]))
    return Observation.within("predictor_proj") { projection(norm(encoded)) }
  }

  public func withContextTokens(
    context: Tensor, visible: [[Int]], maskTokens: Tensor
  ) -> (predictions: Tensor, contextTokens: Tensor)? {
    let tokens = embedded(context, visible)
    let count = tokens.shape[1]
    let encoded = norm(blocks(concatenateTokens(tokens, maskTokens)))
    let predictions = Observation.within("predictor_proj") {
      projection(slice(encoded, [nil, count..<encoded.shape[1], nil]))
    }
    return (predictions, slice(encoded, [nil, 0..<count, nil]))
  }

  private func embedded(_ context: Tensor, _ visible: [[Int]]) -> Tensor {
    Observation.within("predictor_embed") { embedding(context) + positions(positionTable, visible) }
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(embedding, "predictor_embed")
    visitor.parameter(maskToken, "mask_token")
    visitor.buffer(positionTable, "predictor_pos_embed")
    visitor.module(blocks, "")
    visitor.module(norm, "predictor_norm")
    visitor.module(projection, "predictor_proj")
  }
}
