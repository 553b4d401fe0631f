import CoreTensor

/// Patches of one view that are hidden at random, for tasks that mask images without regard to what is on them: single
/// patches (He et al. 2022) or squares of them (Xie et al. 2022).
public struct RandomMask: Sendable, Equatable {
  /// Both ascending, and neither is empty.
  public let visible: [Int]
  public let hidden: [Int]

  /// Draws which squares are hidden.
  /// - Parameters:
  ///   - ratio: share of the squares that is hidden, from 0 to 1; `⌊count · (1 - ratio)⌋` of them stay visible, but one
  ///     at least is visible and one hidden.
  ///   - side: of a square, in patches, less than the grid's; where it does not divide that, the last squares of a row
  ///     and of a column are cut. Default 1.
  ///   - geometry: of the view.
  ///   - random: the sample's stream.
  public init(ratio: Double, side: Int = 1, geometry: ImageGeometry, random: inout RandomStream) {
    let grid = geometry.gridSize
    require(0 < side && side < grid, "RandomMask: squares of \(side) patches on a grid of \(grid)")
    let rows = (grid + side - 1) / side
    let squares = rows * rows
    // Shares such as 0.6 are no binary fractions: what is a whole number but for rounding is taken as it.
    let wanted = Int((Double(squares) * (1 - ratio) + 1e-9).rounded(.down))
    let kept = Set(random.permutation(squares).prefix(min(max(1, wanted), squares - 1)))
    func isKept(_ patch: Int) -> Bool { kept.contains(patch / grid / side * rows + patch % grid / side) }
    visible = (0..<grid * grid).filter(isKept)
    hidden = (0..<grid * grid).filter { !isKept($0) }
  }

  /// Hides the mask's patches of a context of which every patch is visible so far; where a task before this one has
  /// hidden some, that task's choice stays.
  public func apply(to context: inout any Context) {
    guard context.visible.count == context.geometry.patchCount else { return }
    (context.visible, context.hidden) = (visible, hidden)
  }
}
