import CoreTensor

/// A pre-norm transformer block: `x += attention(norm(x)); x += feedForward(norm(x))`.
public final class TransformerBlock: Module {
  let norm1: LayerNorm
  let attention: Attention
  let attentionScale: LayerScale?
  let norm2: LayerNorm
  let feedForward: FeedForward
  let feedForwardScale: LayerScale?

  /// A block of the given width, with a hidden layer `mlpRatio` times as wide. The two output projections of block
  /// `layer`, counted from 1, begin divided by √(2·layer).
  public init(
    _ width: Int, heads: Int, mlpRatio: Double, layer: Int, design: BlockDesign = .plain,
    initializer: inout Initializer
  ) {
    let (divisor, epsilon) = ((2 * Float(layer)).squareRoot(), Float(design.normEpsilon))
    let made = initializer
    func scale() -> LayerScale? {
      design.layerScale == 0 ? nil : LayerScale(width, value: design.layerScale, initializer: made)
    }
    norm1 = LayerNorm(width, epsilon: epsilon, initializer: initializer)
    attention = Attention(
      width, heads: heads, outputDivisor: divisor, design: design, initializer: &initializer)
    attentionScale = scale()
    norm2 = LayerNorm(width, epsilon: epsilon, initializer: initializer)
    let hidden = Int((Double(width) * mlpRatio).rounded())
    feedForward = FeedForward(
      width, hidden: hidden, outputDivisor: divisor, design: design, initializer: &initializer)
    feedForwardScale = scale()
  }

  /// x (B, N, D) → (B, N, D), or (B, T, D) for B rows of T token numbers.
  public func callAsFunction(_ x: Tensor, of tokens: [[Int]]? = nil) -> Tensor {
    self(x, of: tokens, rotation: nil)
  }

  func callAsFunction(_ x: Tensor, of tokens: [[Int]]?, rotation: Rotation?) -> Tensor {
    let x = Observation.within("attn") {
      attention.branch(x, norm: norm1, scale: attentionScale, of: tokens, rotation: rotation)
    }
    return Observation.within("mlp") { feedForward.branch(x, norm: norm2, scale: feedForwardScale) }
  }

  /// The same for all tokens, where images keep one branch, both or neither.
  func callAsFunction(_ x: Tensor, keeping kept: DropPath.Block, rotation: Rotation?) -> Tensor {
    let x = Observation.within("attn") {
      dropPath(x, kept: kept.attention.images, scale: kept.attention.scale) {
        attention.branch(
          $0, norm: norm1, scale: attentionScale, of: nil, rotation: rotation?.images(kept.attention.images))
      }
    }
    return Observation.within("mlp") {
      dropPath(x, kept: kept.feedForward.images, scale: kept.feedForward.scale) {
        feedForward.branch($0, norm: norm2, scale: feedForwardScale)
      }
    }
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(norm1, "norm1")
    visitor.module(attention, "attn")
    if let attentionScale { visitor.module(attentionScale, "ls1") }
    visitor.module(norm2, "norm2")
    visitor.module(feedForward, "mlp")
    if let feedForwardScale { visitor.module(feedForwardScale, "ls2") }
  }
}

/// Blocks one after the other.
public final class TransformerStack: Module {
  let blocks: [TransformerBlock]
  let name: String
  /// Whether blocks keep only their inputs for the backward pass and compute the rest again.
  public var recomputesActivations = false

  public init(
    _ width: Int, depth: Int, heads: Int, mlpRatio: Double, name: String, design: BlockDesign = .plain,
    initializer: inout Initializer
  ) {
    self.name = name
    var blocks: [TransformerBlock] = []
    for layer in 1...depth {
      blocks.append(
        TransformerBlock(
          width, heads: heads, mlpRatio: mlpRatio, layer: layer, design: design, initializer: &initializer))
    }
    self.blocks = blocks
  }

  /// x (B, N, D) → (B, N, D). Where only some tokens' results are wanted, B rows of T numbers, the last block computes
  /// no others, and the result is (B, T, D).
  /// - Parameters:
  ///   - x: `(B, N, D)`.
  ///   - tokens: nil for all.
  ///   - dropping: which images keep which residual branches, of all tokens; nil for all of them.
  ///   - rotation: turns queries and keys; default nil.
  public func callAsFunction(
    _ x: Tensor, of tokens: [[Int]]? = nil, dropping: DropPath? = nil, rotation: Rotation? = nil
  ) -> Tensor {
    require(
      dropping.map { tokens == nil && $0.blocks.count == blocks.count } ?? true,
      "TransformerStack: drop path for \(dropping?.blocks.count ?? 0) of \(blocks.count) blocks, or of some tokens"
    )
    return blocks.enumerated().reduce(x) { x, block in
      let chosen = block.offset == blocks.count - 1 ? tokens : nil
      func pass(_ x: Tensor) -> Tensor {
        guard let dropping else { return block.element(x, of: chosen, rotation: rotation) }
        return block.element(x, keeping: dropping.blocks[block.offset], rotation: rotation)
      }
      return Observation.within("\(name).\(block.offset)") {
        recomputesActivations ? recomputed(x, pass) : pass(x)
      }
    }
  }

  /// x (B, N, D) → (B, N, D): what the first `count` blocks make of it.
  /// - Parameters:
  ///   - x: `(B, N, D)`.
  ///   - count: 0, which changes nothing, to the number of blocks.
  ///   - rotation: turns queries and keys; default nil.
  public func callAsFunction(_ x: Tensor, through count: Int, rotation: Rotation? = nil) -> Tensor {
    blocks[..<count].reduce(x) { $1($0, of: nil, rotation: rotation) }
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    for (index, block) in blocks.enumerated() { visitor.module(block, "\(name).\(index)") }
  }
}
