import CoreTensor

/// Multi-head self-attention with one projection for queries, keys and values.
public final class Attention: Module {
  let heads: Int
  let queriesKeysValues: Linear
  let projection: Linear

  public init(_ width: Int, heads: Int, outputDivisor: Float, initializer: inout Initializer) {
    require(width % heads == 0, "Attention: width \(width) is no multiple of \(heads) heads")
    self.heads = heads
    queriesKeysValues = Linear(width, 3 * width, initializer: &initializer)
    projection = Linear(width, width, outputDivisor: outputDivisor, initializer: &initializer)
  }

  /// x + attention(norm(x)): x (B, N, D) → (B, N, D).
  /// - Parameter tokens: B rows of T token numbers; then the result is theirs alone, (B, T, D).
  func branch(_ x: Tensor, norm: LayerNorm, of tokens: [[Int]]?) -> Tensor {
    let (projected, output) = (queriesKeysValues.weights, projection.weights)
    guard let tokens else {
      return attentionBranch(x, norm: norm.weights, projection: projected, output: output, heads: heads)
    }
    return attentionBranch(
      x, of: tokens, norm: norm.weights, projection: projected, output: output, heads: heads)
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(queriesKeysValues, "qkv")
    visitor.module(projection, "proj")
  }
}

/// Two dense layers with a Gaussian error linear unit between.
public final class FeedForward: Module {
  let expand: Linear
  let contract: Linear

  public init(_ width: Int, hidden: Int, outputDivisor: Float, initializer: inout Initializer) {
    expand = Linear(width, hidden, initializer: &initializer)
    contract = Linear(hidden, width, outputDivisor: outputDivisor, initializer: &initializer)
  }

  /// x + feedForward(norm(x)): x (B, N, D) → (B, N, D)
  func branch(_ x: Tensor, norm: LayerNorm) -> Tensor {
    feedForwardBranch(x, norm: norm.weights, expand: expand.weights, contract: contract.weights)
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(expand, "fc1")
    visitor.module(contract, "fc2")
  }
}

/// A pre-norm transformer block: `x += attention(norm(x)); x += feedForward(norm(x))`.
public final class TransformerBlock: Module {
  let norm1: LayerNorm
  let attention: Attention
  let norm2: LayerNorm
  let feedForward: FeedForward

  /// A block of the given width, with a hidden layer `mlpRatio` times as wide. The two output projections of block
  /// `layer`, counted from 1, begin divided by √(2·layer).
  public init(_ width: Int, heads: Int, mlpRatio: Double, layer: Int, initializer: inout Initializer) {
    let divisor = (2 * Float(layer)).squareRoot()
    norm1 = LayerNorm(width, initializer: initializer)
    attention = Attention(width, heads: heads, outputDivisor: divisor, initializer: &initializer)
    norm2 = LayerNorm(width, initializer: initializer)
    let hidden = Int((Double(width) * mlpRatio).rounded())
    feedForward = FeedForward(width, hidden: hidden, outputDivisor: divisor, initializer: &initializer)
  }

  /// x (B, N, D) → (B, N, D), or (B, T, D) for B rows of T token numbers.
  public func callAsFunction(_ x: Tensor, of tokens: [[Int]]? = nil) -> Tensor {
    let x = Observation.within("attn") { attention.branch(x, norm: norm1, of: tokens) }
    return Observation.within("mlp") { feedForward.branch(x, norm: norm2) }
  }

  /// The same for all tokens, where images keep one branch, both or neither.
  func callAsFunction(_ x: Tensor, keeping kept: DropPath.Block) -> Tensor {
    let x = Observation.within("attn") {
      dropPath(x, kept: kept.attention.images, scale: kept.attention.scale) {
        attention.branch($0, norm: norm1, of: nil)
      }
    }
    return Observation.within("mlp") {
      dropPath(x, kept: kept.feedForward.images, scale: kept.feedForward.scale) {
        feedForward.branch($0, norm: norm2)
      }
    }
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(norm1, "norm1")
    visitor.module(attention, "attn")
    visitor.module(norm2, "norm2")
    visitor.module(feedForward, "mlp")
  }
}

/// Blocks one after the other.
public final class TransformerStack: Module {
  let blocks: [TransformerBlock]
  let name: String
  /// Whether blocks keep only their inputs for the backward pass and compute the rest again.
  public var recomputesActivations = false

  public init(
    _ width: Int, depth: Int, heads: Int, mlpRatio: Double, name: String, initializer: inout Initializer
  ) {
    self.name = name
    var blocks: [TransformerBlock] = []
    for layer in 1...depth {
      blocks.append(
        TransformerBlock(width, heads: heads, mlpRatio: mlpRatio, layer: layer, initializer: &initializer))
    }
    self.blocks = blocks
  }

  /// x (B, N, D) → (B, N, D). Where only some tokens' results are wanted, B rows of T numbers, the last block computes
  /// no others, and the result is (B, T, D).
  /// - Parameters:
  ///   - x: `(B, N, D)`.
  ///   - tokens: nil for all.
  ///   - dropping: which images keep which residual branches, of all tokens; nil for all of them.
  public func callAsFunction(_ x: Tensor, of tokens: [[Int]]? = nil, dropping: DropPath? = nil) -> Tensor {
    require(
      dropping.map { tokens == nil && $0.blocks.count == blocks.count } ?? true,
      "TransformerStack: drop path for \(dropping?.blocks.count ?? 0) of \(blocks.count) blocks, or of some tokens"
    )
    return blocks.enumerated().reduce(x) { x, block in
      let chosen = block.offset == blocks.count - 1 ? tokens : nil
      func pass(_ x: Tensor) -> Tensor {
        guard let dropping else { return block.element(x, of: chosen) }
        return block.element(x, keeping: dropping.blocks[block.offset])
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
  public func callAsFunction(_ x: Tensor, through count: Int) -> Tensor {
    blocks[..<count].reduce(x) { $1($0, of: nil) }
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    for (index, block) in blocks.enumerated() { visitor.module(block, "\(name).\(index)") }
  }
}
