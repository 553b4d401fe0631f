import CoreTensor

/// Cuts images into patches and projects each: a convolution whose stride is its size.
///
/// Parameters: `proj.weight` (D, C, P, P), `proj.bias` (D).
public final class PatchEmbedding: Module {
  let patchSize: Int
  let weight: Parameter
  let bias: Parameter

  public init(_ shape: VisionTransformerConfiguration, initializer: inout Initializer) {
    patchSize = shape.patchSize
    weight = initializer.truncatedNormal([
      shape.width, shape.design.channels, shape.patchSize, shape.patchSize,
    ])
    bias = initializer.constant(0, [shape.width])
  }

  /// images (B, 3, S, S), B rows of K patch numbers → (B, K, D)
  public func callAsFunction(_ images: Tensor, patches: [[Int]]) -> Tensor {
    let channels = weight.shape[1]
    let seen = channels == images.shape[1] ? images : slice(images, [nil, 0..<channels, nil, nil])
    let rows = extractPatches(seen, patches: patches, patchSize: patchSize)
    return linear(rows, weight: weight.tensor, bias: bias.tensor)
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    visitor.parameter(weight, "proj.weight")
    visitor.parameter(bias, "proj.bias")
  }
}

/// The encoder `f` (and `f'`): a vision transformer (Dosovitskiy et al. 2021; spec section 1), with what other people's
/// have beside the paper's parts.
///
/// Tokens before the patches, a class token and registers, see all patches that enter and are seen by them; they are no
/// features of the image's places, so that `callAsFunction` leaves them out.
public final class VisionTransformer: ImageEncoder {
  public let shape: VisionTransformerConfiguration
  let patchEmbedding: PatchEmbedding
  /// `(1, 1, D)` and `(1, registers, D)`.
  let classToken: Parameter?
  let registers: Parameter?
  let positionTable: Parameter?
  private let rotation: Rotation?
  public let blocks: TransformerStack
  let norm: LayerNorm
  public var recomputesActivations: Bool {
    get { blocks.recomputesActivations }
    set { blocks.recomputesActivations = newValue }
  }

  public init(_ shape: VisionTransformerConfiguration, initializer: inout Initializer) {
    self.shape = shape
    patchEmbedding = PatchEmbedding(shape, initializer: &initializer)
    classToken = shape.design.hasClassToken ? initializer.truncatedNormal([1, 1, shape.width]) : nil
    registers =
      shape.design.registers > 0
      ? initializer.truncatedNormal([1, shape.design.registers, shape.width]) : nil
    positionTable =
      switch shape.design.positions {
      case .fixed:
        Parameter(
          PositionEncoding(width: shape.width, order: shape.positionOrder).grid(shape.gridSize),
          trainable: false)
      case .learned, .learnedAndRotary: initializer.truncatedNormal([1, shape.patchCount, shape.width])
      case .rotary: nil
      }
    rotation =
      shape.design.positions.turns
      ? shape.design.rotary.tables(
        prefix: shape.design.prefixCount, gridSize: shape.gridSize, width: shape.headWidth) : nil
    blocks = TransformerStack(
      shape.width, depth: shape.depth, heads: shape.heads, mlpRatio: shape.mlpRatio, name: "blocks",
      design: shape.design.blocks, initializer: &initializer)
    norm = LayerNorm(shape.width, epsilon: Float(shape.design.blocks.normEpsilon), initializer: initializer)
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
    let prefix = shape.design.prefixCount
    let chosen = prefix == 0 ? tokens : tokens.map { $0.map { $0.map { $0 + prefix } } }
    let encoded = blocks(
      embedded(images, visible), of: chosen, dropping: dropping, rotation: turning(visible))
    return Observation.within("norm") { norm(tokens == nil ? patches(of: encoded) : encoded) }
  }

  public func features(_ images: Tensor, masking masked: [[Int]], by token: Tensor) -> Tensor? {
    let encoded = blocks(
      embedded(images, nil, masking: (masked, token)), rotation: rotation)
    return Observation.within("norm") { norm(patches(of: encoded)) }
  }

  public func classFeatures(_ images: Tensor, dropping: DropPath?) -> Tensor? {
    guard shape.design.hasClassToken else { return nil }
    let encoded = blocks(embedded(images, nil), of: nil, dropping: dropping, rotation: rotation)
    let token = norm(slice(encoded, [nil, 0..<1, nil]))
    return reshape(token, [images.shape[0], shape.width])
  }

  /// Features of all tokens: the class token's where there is one, the registers', the patches'.
  /// - Parameter images: `(B, 3, S, S)`, normalised.
  /// - Returns: `(B, prefix + N, D)`.
  public func tokens(_ images: Tensor) -> Tensor {
    norm(blocks(embedded(images, nil), rotation: rotation))
  }

  /// Below the top these are the sums that blocks add to, which no norm has passed.
  public func features(_ images: Tensor, after layer: Int) -> Tensor? {
    guard (0...shape.depth).contains(layer) else { return nil }
    guard layer < shape.depth else { return self(images) }
    return patches(
      of: blocks(embedded(images, nil), through: layer, rotation: rotation))
  }

  /// (B, prefix + K, D) → (B, K, D)
  private func patches(of tokens: Tensor) -> Tensor {
    shape.design.prefixCount == 0
      ? tokens : slice(tokens, [nil, shape.design.prefixCount..<tokens.shape[1], nil])
  }

  private func turning(_ visible: [[Int]]?) -> Rotation? {
    guard let rotation, let visible else { return rotation }
    let prefix = Array(0..<shape.design.prefixCount)
    return rotation.tokens(visible.map { prefix + $0.map { $0 + prefix.count } })
  }

  private func embedded(
    _ images: Tensor, _ visible: [[Int]]?, masking mask: (patches: [[Int]], token: Tensor)? = nil
  ) -> Tensor {
    let patches = visible ?? Array(repeating: Array(0..<shape.patchCount), count: images.shape[0])
    return Observation.within("patch_embed") {
      let shown = patchEmbedding(images, patches: patches)
      let projected = mask.map { replaceTokens(shown, at: $0.patches, by: $0.token) } ?? shown
      let placed = positionTable.map { projected + positions($0, patches) } ?? projected
      let first = [classToken, registers].compactMap { $0?.tensor }
      guard !first.isEmpty else { return placed }
      let prefix = first.map { expanded($0, to: [images.shape[0], $0.shape[1], shape.width]) }
      return concatenate(prefix + [placed], axis: 1)
    }
  }

  /// Factors on the learning rate of each parameter when the encoder is fine-tuned: 1 for the last norm, and `decay`
  /// times less for each block below, for what is below the first block least of all (Bao et al. 2022).
  public func learningRateScales(decay: Double) -> [ObjectIdentifier: Double] {
    let layers =
      [entrance] + blocks.blocks.map { $0.entries.map(\.parameter) } + [norm.entries.map(\.parameter)]
    var scales: [ObjectIdentifier: Double] = [:]
    var scale = 1.0
    for layer in layers.reversed() {
      for parameter in layer { scales[ObjectIdentifier(parameter)] = scale }
      scale *= decay
    }
    return scales
  }

  /// What is below the first block and trained.
  private var entrance: [Parameter] {
    patchEmbedding.entries.map(\.parameter)
      + [classToken, registers, positionTable].compactMap { $0 }.filter(\.isTrainable)
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    if let classToken { visitor.parameter(classToken, "cls_token") }
    if let registers { visitor.parameter(registers, "reg_token") }
    visitor.module(patchEmbedding, "patch_embed")
    if let positionTable {
      if shape.design.positions == .fixed {
        visitor.buffer(positionTable, "pos_embed")
      } else {
        visitor.parameter(positionTable, "pos_embed")
      }
    }
    visitor.module(blocks, "")
    visitor.module(norm, "norm")
  }
}
