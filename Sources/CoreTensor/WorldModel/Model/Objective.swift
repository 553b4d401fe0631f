import CoreTensor
import NeuralNetworks

/// A term of the loss that a task computes itself from the features of contexts: a reconstruction, a regulariser.
///
/// Made once with the model, on the training thread; its parameters join the model's as `tasks.<task>.…`. Called once
/// a micro-step on the training thread, with gradients recorded; within it no other task runs. It must depend on
/// nothing but its parameters and `input`, so that the same seed gives the same bits.
public protocol Objective: Module {
  /// Whether the input must hold features of every patch of every target, also where no supervision asks for them. A
  /// model without target encoder refuses such an objective. Default false.
  var wantsTargetFeatures: Bool { get }
  /// Whether predictions must come with the predictor's tokens of the patches that their contexts show
  /// (`ObjectiveInput.Prediction.contextTokens`). A model whose predictor has none refuses such an objective. Default
  /// false.
  var wantsContextTokens: Bool { get }
  /// A token, `(1, 1, d)`, as which patches that contexts do not show enter the encoder all the same
  /// (`ObjectiveInput.Context.hidden`); shown to visitors like any parameter. All tasks of an assembly see features that
  /// were encoded beside it. One objective of an assembly may have it; an encoder without mask tokens refuses. Nil, the
  /// default, for none: patches that are not shown do not enter.
  var maskToken: Parameter? { get }
  /// Heads of the objective, each with what follows it by exponential moving average, with the decay of the target
  /// encoder's: both of one make, the average not trainable, both shown to visitors. EMA copies begin with their head's
  /// values. Default none.
  var averagedHeads: [(head: any Module, average: any Module)] { get }
  /// The terms of this micro-step, always the same names in the same order.
  func callAsFunction(_ input: ObjectiveInput) -> [ObjectiveTerm]
}

extension Objective {
  public var wantsTargetFeatures: Bool { false }
  public var wantsContextTokens: Bool { false }
  public var maskToken: Parameter? { nil }
  public var averagedHeads: [(head: any Module, average: any Module)] { [] }
}

/// One summand of the loss.
public struct ObjectiveTerm {
  /// Logged as `<task>.<name>`.
  public let name: String
  /// One value, computed from at least one feature or parameter.
  public let value: Tensor
  /// Factor in the objective and in the reported loss; the term itself is logged without it.
  public let weight: Float
  /// What the objective saw of the micro-batch, for buffers that follow it.
  public let statistics: [BatchStatistic]

  public init(_ name: String, _ value: Tensor, weight: Float = 1, statistics: [BatchStatistic] = []) {
    self.name = name
    self.value = value
    self.weight = weight
    self.statistics = statistics
  }
}

/// A number, or several, of a micro-batch, and the buffer of an objective that follows it by moving average.
///
/// The forward pass leaves the buffer as it is. After an optimiser step it becomes m b + (1 - m) v, with v the mean over
/// all micro-batches of the step, those of other processes included.
public struct BatchStatistic: @unchecked Sendable {
  /// Not trainable, shown to visitors as a buffer.
  public let buffer: Parameter
  /// Of the buffer's shape, without history.
  public let value: Tensor
  /// m, in [0, 1].
  public let decay: Float

  public init(_ buffer: Parameter, follows value: Tensor, decay: Float) {
    require(
      value.shape == buffer.shape && !buffer.isTrainable && 0...1 ~= decay,
      "BatchStatistic: value \(value.shape), buffer \(buffer.shape), decay \(decay); expected a value of the buffer's "
        + "shape, a buffer that is not trainable and a decay in [0, 1]")
    (self.buffer, self.value, self.decay) = (buffer, value.detached, decay)
  }
}

/// What an objective sees of a micro-step: the contexts, targets and predictions that its task had a hand in, all of
/// equal batch size.
public struct ObjectiveInput {
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
    /// Patches that entered as a mask token, B rows of N - K, ascending, and their features, `(B, N - K, d)`, with
    /// history; nil where no objective has such a token.
    public let hidden: (patches: [[Int]], features: Tensor)?
  }

  /// Features of a target, by the target encoder.
  public struct TargetFeatures {
    /// Patches whose features were computed, B rows of T, ascending: all of them where an objective asks for target
    /// features, else at least those that some prediction is compared with.
    public let patches: [[Int]]
    /// `(B, T, d)`, without history; layer-normed unless the model's configuration says otherwise.
    public let features: Tensor
  }

  /// A prediction of one view from another, after all latents.
  public struct Prediction {
    /// Index of the view that was seen, and of the view that is predicted.
    public let context: Int
    public let target: Int
    /// Patches of the target, B rows of T.
    public let patches: [[Int]]
    /// Predicted features of these patches, `(B, T, d)`, with history: gradients reach predictor and encoder.
    public let features: Tensor
    /// Tokens of the patches that the context shows, `(B, K, dp)`, rows of its `visible`, as they leave the predictor,
    /// with history; nil where no objective of the model asks for them.
    public let contextTokens: Tensor?
  }

  public let geometry: ImageGeometry
  public let contexts: [Context]
  /// Whole views as the target encoder gets them, as radiographs show them unless a task edits targets, `(B, 3, S, S)`,
  /// normalised; by view.
  public let targets: [Tensor]
  /// By view; nil where nothing asks for a view's features.
  public let targetFeatures: [TargetFeatures?]
  /// In the order of the loss's terms.
  public let predictions: [Prediction]
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

/// The mean over a crop's patches of its layer-normed features: (B, N, d) → (B, d). Target features may be layer-normed
/// before an objective gets them and context features are not, so that heads that compare the two begin alike by this.
public func pooledFeatures(_ features: Tensor) -> Tensor {
  meanTokens(layerNorm(features, weight: nil, bias: nil, epsilon: WorldModel.targetEpsilon))
}
