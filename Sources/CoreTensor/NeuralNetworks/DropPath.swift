import CoreTensor

/// Which images of a batch keep which residual branches: stochastic depth (Huang et al. 2016).
///
/// The chance that a branch is dropped rises linearly over the blocks, from 0 in the first to the rate in the last; a
/// kept branch counts 1/(1 - chance) times, so that the mean over draws is the whole encoder's branch.
public struct DropPath: Sendable, Equatable {
  /// Images that keep a branch, ascending, and the factor on it.
  public struct Branch: Sendable, Equatable {
    public let images: [Int]
    public let scale: Float
  }
  /// The branches of one of the encoder's blocks.
  public struct Block: Sendable, Equatable {
    public let attention: Branch
    public let feedForward: Branch
  }
  /// As many as the encoder is deep.
  public let blocks: [Block]

  /// - Parameters:
  ///   - rate: of the last block, at least 0 and below 1. At 0 nothing is drawn, and nothing changes in any bit.
  ///   - depth: blocks of the encoder.
  ///   - images: of the batch.
  ///   - random: the only source of the draws.
  public init(rate: Double, depth: Int, images: Int, random: inout RandomStream) {
    require((0..<1).contains(rate), "DropPath: rate \(rate) must lie in 0..<1")
    func draw(_ chance: Double) -> Branch {
      guard chance > 0 else { return Branch(images: Array(0..<images), scale: 1) }
      return Branch(
        images: (0..<images).filter { _ in !random.chance(chance) }, scale: Float(1 / (1 - chance)))
    }
    var blocks: [Block] = []
    for block in 0..<depth {
      let chance = depth > 1 ? rate * Double(block) / Double(depth - 1) : 0
      let attention = draw(chance)
      blocks.append(Block(attention: attention, feedForward: draw(chance)))
    }
    self.blocks = blocks
  }
}
