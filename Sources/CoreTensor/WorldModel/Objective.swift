import CoreTensor
import Layers

/// A term of the loss that a task computes itself from the features of contexts: a reconstruction, a regulariser.
///
/// Made once with the model, on the training thread; its parameters join the model's as `tasks.<task>.…`. Called once
/// a micro-step on the training thread, with gradients recorded; within it no other task runs. It must depend on
/// nothing but its parameters and `scene`, so that the same seed gives the same bits.
public protocol Objective: Module {
  /// The terms of this micro-step, always the same names in the same order.
  func callAsFunction(_ scene: ObjectiveScene) -> [ObjectiveTerm]
}

/// One summand of the loss.
public struct ObjectiveTerm {
  /// Logged as `<task>.<name>`.
  public let name: String
  /// One value, computed from at least one feature or parameter.
  public let value: Tensor
  /// Factor in the objective and in the reported loss; the term itself is logged without it.
  public let weight: Float

  public init(_ name: String, _ value: Tensor, weight: Float = 1) {
    self.name = name
    self.value = value
    self.weight = weight
  }
}

/// What an objective sees of a micro-step: the contexts that its task had a hand in, all of equal batch size.
public struct ObjectiveScene {
  /// A context after all tasks' edits, encoded.
  public struct Context {
    /// Index of the view that it shows.
    public let view: Int
    /// What the encoder saw, `(B, 3, S, S)`, normalised.
    public let images: Tensor
    /// Patches that entered the encoder, B rows of K, ascending.
    public let visible: [[Int]]
    /// Features of the visible patches, `(B, K, d)`, with history: gradients reach the encoder.
    public let features: Tensor
  }

  public let geometry: ImageGeometry
  public let contexts: [Context]
  /// Whole views as films show them, before any task's edits, `(B, 3, S, S)`, normalised; by view.
  public let targets: [Tensor]
  /// What the task's draws told of each sample, `(B, W)`; nil where they told nothing.
  public let numbers: Tensor?
}

/// An objective and the task that it belongs to.
public struct OwnedObjective {
  public let task: String
  public let objective: any Objective

  public init(task: String, objective: any Objective) {
    self.task = task
    self.objective = objective
  }
}
