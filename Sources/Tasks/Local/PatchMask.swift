import CoreTensor

/// Sizes in patches that a batch shares, so that its masks have about equally many patches.
struct MaskSizes: Sendable, Equatable {
  /// Of a masked block.
  let height: Int
  let width: Int
  /// Side of the square that the context keeps.
  let contextSide: Int

  /// Area and aspect are drawn apart: one number for both would tie them together.
  static func draw(_ task: LocalTask, gridSize: Int, _ random: inout RandomStream) -> MaskSizes {
    let patches = Double(gridSize * gridSize)
    let area = patches * random.uniform(in: task.area)
    let aspect = random.logUniform(in: task.aspect)
    let context = (patches * random.uniform(in: task.context)).squareRoot()
    func side(_ length: Double) -> Int { min(gridSize, max(1, Int(length.rounded()))) }
    return MaskSizes(
      height: side((area * aspect).squareRoot()), width: side((area / aspect).squareRoot()),
      contextSide: side(context))
  }
}

/// Which patches of an image a context shows, and which it hides to be predicted; both ascending.
struct PatchMask: Sendable, Equatable {
  let visible: [Int]
  let hidden: [Int]

  /// Tries before the square that the context keeps is given up and only the blocks are hidden.
  private static let tries = 20

  /// Draws blocks until enough patches stay on either side.
  static func draw(
    _ task: LocalTask, _ sizes: MaskSizes, gridSize: Int, _ random: inout RandomStream
  ) -> PatchMask {
    for _ in 0..<tries {
      let mask = PatchMask(
        blocks: (0..<task.blocks).map { _ in
          Block.draw(height: sizes.height, width: sizes.width, gridSize: gridSize, &random)
        },
        context: Block.draw(
          height: sizes.contextSide, width: sizes.contextSide, gridSize: gridSize, &random),
        gridSize: gridSize)
      if min(mask.visible.count, mask.hidden.count) >= task.minimumPatches { return mask }
    }
    return balanced(task, sizes, gridSize: gridSize, &random)
  }

  /// Where unions of blocks keep failing (few patches, large blocks): blocks are shifted one by one into the mask,
  /// patch by patch, as long as enough stay visible.
  private static func balanced(
    _ task: LocalTask, _ sizes: MaskSizes, gridSize: Int, _ random: inout RandomStream
  ) -> PatchMask {
    var hidden: Set<Int> = []
    let limit = gridSize * gridSize - task.minimumPatches
    while hidden.count < task.minimumPatches {
      let block = Block.draw(height: sizes.height, width: sizes.width, gridSize: gridSize, &random)
      for patch in block.patches(gridSize) where hidden.count < limit { hidden.insert(patch) }
    }
    let visible = (0..<gridSize * gridSize).filter { !hidden.contains($0) }
    return PatchMask(visible: visible, hidden: hidden.sorted())
  }

  private init(blocks: [Block], context: Block, gridSize: Int) {
    let masked = blocks.reduce(into: Set<Int>()) { $0.formUnion($1.patches(gridSize)) }
    self.init(
      visible: context.patches(gridSize).filter { !masked.contains($0) }, hidden: masked.sorted())
  }

  private init(visible: [Int], hidden: [Int]) {
    self.visible = visible
    self.hidden = hidden
  }
}

/// A rectangle of patches.
private struct Block {
  let row: Int
  let column: Int
  let height: Int
  let width: Int

  /// Every place at which the block fits is equally likely, the last row and column included.
  static func draw(height: Int, width: Int, gridSize: Int, _ random: inout RandomStream) -> Block {
    Block(
      row: random.integer(in: 0...gridSize - height), column: random.integer(in: 0...gridSize - width),
      height: height, width: width)
  }

  func patches(_ gridSize: Int) -> [Int] {
    (row..<row + height).flatMap { row in (column..<column + width).map { row * gridSize + $0 } }
  }
}
