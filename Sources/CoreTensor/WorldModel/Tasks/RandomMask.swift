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
}

/// The plan of a task that hides patches at random, each view's own, where no task before it has hidden any.
public struct RandomMaskPlan: TaskPlan {
  /// What becomes of hidden patches.
  public enum Purpose: Sendable {
    /// Their features are predicted, by a supervision of each view that falls back behind other tasks'.
    case prediction
    /// An objective reconstructs them; nobody is asked for their features.
    case reconstruction
  }

  private let task: String
  private let ratio: Double
  private let side: Int
  private let purpose: Purpose

  /// - Parameters:
  ///   - task: whose draws they are.
  ///   - ratio: share of squares that is hidden: see `RandomMask`.
  ///   - side: of a square, in patches. Default 1.
  ///   - purpose: what becomes of hidden patches.
  public init(_ task: String, ratio: Double, side: Int = 1, for purpose: Purpose) {
    (self.task, self.ratio, self.side, self.purpose) = (task, ratio, side, purpose)
  }

  public func draw(sample: SampleScope) -> any TaskDraw {
    var random = sample.random(task)
    return Draw(
      masks: sample.views.map { _ in
        RandomMask(ratio: ratio, side: side, geometry: sample.batch.geometry, random: &random)
      }, purpose: purpose)
  }

  private struct Draw: TaskDraw {
    /// One for each view.
    let masks: [RandomMask]
    let purpose: Purpose

    func editVisibility(of context: inout any Context) {
      guard context.visible.count == context.geometry.patchCount else { return }
      context.visible = masks[context.view].visible
      if purpose == .prediction { context.hidden = masks[context.view].hidden }
    }

    func supervisions(views: [Frame]) -> [Supervision] {
      guard purpose == .prediction else { return [] }
      return views.indices.map {
        Supervision(context: $0, target: $0, patches: .hidden(context: $0), isFallback: true)
      }
    }
  }
}
