import CoreTensor
import Imaging
import WorldModel

/// A task for tests of evaluations: it hides patches of the first view, may darken what is seen of it, and has given parts
/// of views predicted.
public struct TrialTask: WorldTask {
  public let name: String
  public let requiredViews: Int
  private let plan: Plan

  /// - Parameters:
  ///   - name: of the task.
  ///   - requiredViews: of each radiograph.
  ///   - brightness: of what is seen; 1 leaves it.
  ///   - supervisions: what is predicted.
  ///   - hidden: patches of the first view, for so many patches along a side.
  public static func definition(
    _ name: String, requiredViews: Int = 2, brightness: Double = 1, supervisions: [Supervision],
    hidden: @escaping @Sendable (_ gridSize: Int) -> [Int]
  ) -> TaskDefinition {
    TaskDefinition(name: name, summary: "hides and predicts patches", options: []) { _, _ in
      TrialTask(
        name: name, requiredViews: requiredViews,
        plan: Plan(own: Draw(brightness: brightness, predicted: supervisions, hidden: hidden)))
    }
  }

  /// The hidden part of the first view, and the second view whole.
  public static let hiddenAndOther = [
    Supervision(context: 0, target: 0, patches: .hidden(context: 0)),
    Supervision(context: 0, target: 1, patches: .all),
  ]

  /// Patches of the left half.
  @Sendable public static func leftHalf(_ gridSize: Int) -> [Int] {
    (0..<gridSize * gridSize).filter { $0 % gridSize < gridSize / 2 }
  }

  public func plan(batch: BatchScope) -> any TaskPlan { plan }

  private struct Plan: TaskPlan {
    let own: Draw
    func draw(sample: SampleScope) -> any TaskDraw { own }
  }

  private struct Draw: TaskDraw {
    let brightness: Double
    let predicted: [Supervision]
    let hidden: @Sendable (Int) -> [Int]

    func editVisibility(of context: inout any Context) {
      let side = context.geometry.gridSize
      let hidden = Set(hidden(side))
      guard !hidden.isEmpty else { return }
      context.hidden = hidden.sorted()
      context.visible = (0..<side * side).filter { !hidden.contains($0) }
    }
    func editPixels(of context: inout any Context) {
      guard brightness != 1 else { return }
      var pixels = context.pixels
      pixels.applyBrightness(brightness)
      context.pixels = pixels
    }
    func supervisions(views: [Frame]) -> [Supervision] { predicted }
  }
}
