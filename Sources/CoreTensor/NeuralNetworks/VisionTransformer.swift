import CoreTensor

/// Sizes of a vision transformer.
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

  public init(
    imageSize: Int, patchSize: Int, width: Int, depth: Int, heads: Int, mlpRatio: Double = 4,
    positionOrder: PositionOrder = .rowFirst
  ) {
    self.imageSize = imageSize
    self.patchSize = patchSize
    self.width = width
    self.depth = depth
    self.heads = heads
    self.mlpRatio = mlpRatio
    self.positionOrder = positionOrder
  }

  /// Patches along a side.
  public var gridSize: Int { imageSize / patchSize }
  public var patchCount: Int { gridSize * gridSize }
}

/// Cuts images into patches and projects each: a convolution whose stride is its size.
///
/// Parameters: `proj.weight` (D, 3, P, P), `proj.bias` (D).
public final class PatchEmbedding: Module {
  let patchSize: Int
  let weight: Parameter
  let bias: Parameter

  public init(_ shape: VisionTransformerConfiguration, initializer: inout Initializer) {
    patchSize = shape.patchSize
    weight = initializer.truncatedNormal([shape.width, 3, shape.patchSize, shape.patchSize])
    bias = initializer.constant(0, [shape.width])
  }

  /// images (B, 3, S, S), B rows of K patch numbers → (B, K, D)
  public func callAsFunction(_ images: Tensor, patches: [[Int]]) -> Tensor {
    let rows = extractPatches(images, patches: patches, patchSize: patchSize)
    return linear(rows, weight: weight.tensor, bias: bias.tensor)
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    visitor.parameter(weight, "proj.weight")
    visitor.parameter(bias, "proj.bias")
  }
}

/// The encoder `f` (and `f'`): a vision transformer without class token (Dosovitskiy et al. 2021; spec section 1).
public final class VisionTransformer: ImageEncoder {
  public let shape: VisionTransformerConfiguration
  let patchEmbedding: PatchEmbedding
  let positionTable: Parameter
  public let blocks: TransformerStack
  let norm: LayerNorm
  public var recomputesActivations: Bool {
    get { blocks.recomputesActivations }
    set { blocks.recomputesActivations = newValue }
  }

  public init(_ shape: VisionTransformerConfiguration, initializer: inout Initializer) {
    self.shape = shape
    patchEmbedding = PatchEmbedding(shape, initializer: &initializer)
    let encoding = PositionEncoding(width: shape.width, order: shape.positionOrder)
    positionTable = Parameter(encoding.grid(shape.gridSize), trainable: false)
    blocks = TransformerStack(
      shape.width, depth: shape.depth, heads: shape.heads, mlpRatio: shape.mlpRatio, name: "blocks",
      initializer: &initializer)
    norm = LayerNorm(shape.width, initializer: initializer)
  }

  /// Encodes patches of images. Patches that are not listed never enter.
  /// - Parameters:
  ///   - images: `(B, 3, S, S)`, normalised.
  ///   - visible: B rows of K patch numbers in raster order; nil for all.
  ///   - tokens: B rows of T positions among the visible patches whose features are wanted; nil for all.
  ///   - dropping: which images keep which residual branches; nil for all of them. Only where `tokens` is nil.
  /// - Returns: `(B, K, D)`, or `(B, T, D)`.
  public func callAsFunction(
    _ images: Tensor, visible: [[Int]]?, of tokens: [[Int]]?, dropping: DropPath?
  ) -> Tensor {
    let encoded = blocks(embedded(images, visible), of: tokens, dropping: dropping)
    return Observation.within("norm") { norm(encoded) }
  }

  public func features(_ images: Tensor, masking masked: [[Int]], by token: Tensor) -> Tensor? {
    let encoded = blocks(embedded(images, nil, masking: (masked, token)))
    return Observation.within("norm") { norm(encoded) }
  }

  /// Below the top these are the sums that blocks add to, which no norm has passed.
  public func features(_ images: Tensor, after layer: Int) -> Tensor? {
    guard (0...shape.depth).contains(layer) else { return nil }
    return layer == shape.depth ? self(images) : blocks(embedded(images, nil), through: layer)
  }

  private func embedded(
    _ images: Tensor, _ visible: [[Int]]?, masking mask: (patches: [[Int]], token: Tensor)? = nil
  ) -> Tensor {
    let patches = visible ?? Array(repeating: Array(0..<shape.patchCount), count: images.shape[0])
    return Observation.within("patch_embed") {
      let shown = patchEmbedding(images, patches: patches)
      let embedded = mask.map { replaceTokens(shown, at: $0.patches, by: $0.token) } ?? shown
      return embedded + positions(positionTable, patches)
    }
  }

  /// Factors on the learning rate of each parameter when the encoder is fine-tuned: 1 for the last norm, and `decay`
  /// times less for each block below, for the patch embedding least of all (Bao et al. 2022).
  public func learningRateScales(decay: Double) -> [ObjectIdentifier: Double] {
    let layers: [any Module] = [patchEmbedding] + blocks.blocks + [norm]
    var scales: [ObjectIdentifier: Double] = [:]
    var scale = 1.0
    for layer in layers.reversed() {
      for entry in layer.entries { scales[ObjectIdentifier(entry.parameter)] = scale }
      scale *= decay
    }
    return scales
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(patchEmbedding, "patch_embed")
    visitor.buffer(positionTable, "pos_embed")
    visitor.module(blocks, "")
    visitor.module(norm, "norm")
  }
}
