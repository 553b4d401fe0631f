import CoreTensor
import Imaging

/// An evaluation of a whole model, which may encode, predict, or train a copy further.
///
/// Called on the main thread. It must depend on its input alone, keep what it changes to copies, and give the same
/// result for the same input, also where it was stopped and goes on from what it saved.
public protocol ModelEvaluation: Sendable {
  /// - Throws: `EvaluationStopped` where the user asked to stop and everything is saved; else an error that says what
  ///   the radiographs or the model lack.
  func callAsFunction(_ input: ModelEvaluationInput) throws -> EvaluationResult
}

/// The user asked to stop; what was done is saved, and the same command goes on.
public struct EvaluationStopped: Error {
  public init() {}
}

/// A model and the images to evaluate it on.
public struct ModelEvaluationInput {
  /// As trained. Whoever trains takes a copy.
  public let model: WorldModel
  /// The same model as its seed initialises it; each call makes a new one.
  public let makeUntrained: () -> WorldModel
  /// The tasks that the model was trained on, in the order in which they act.
  public let tasks: [any WorldTask]
  /// How views were cut from radiographs.
  public let views: ViewSettings
  public let radiographs: any RadiographSource
  /// Radiographs to learn from, as indices into `radiographs`.
  public let train: [Int]
  /// Radiographs to choose settings by, of other patients; empty where the source names none.
  public let validation: [Int]
  /// Radiographs to test on, of other patients than both.
  public let test: [Int]
  /// Findings to evaluate, sorted: those asked for, else all that records may name.
  public let findingNames: [String]
  /// Of whatever is drawn.
  public let seed: UInt64
  /// Where work is shown and kept.
  public let workspace: any EvaluationWorkspace

  public init(
    model: WorldModel, makeUntrained: @escaping () -> WorldModel, tasks: [any WorldTask], views: ViewSettings,
    radiographs: any RadiographSource, train: [Int], validation: [Int], test: [Int], findingNames: [String],
    seed: UInt64,
    workspace: any EvaluationWorkspace
  ) {
    self.model = model
    self.makeUntrained = makeUntrained
    self.tasks = tasks
    self.views = views
    self.radiographs = radiographs
    self.train = train
    self.validation = validation
    self.test = test
    self.findingNames = findingNames
    self.seed = seed
    self.workspace = workspace
  }
}

/// What an evaluation may leave behind while it works; the host decides where.
public protocol EvaluationWorkspace: AnyObject {
  /// A line for the user and the log.
  func note(_ text: String) throws
  /// Something that the user should know and may not expect.
  func warn(_ text: String) throws
  /// How far the work is.
  /// - Parameters:
  ///   - unit: what is counted: `"image"`, `"step"`.
  ///   - done: how many are done.
  ///   - total: how many there will be.
  ///   - radiographs: radiographs gone through so far.
  ///   - loss: nil where nothing is trained.
  func progress(_ unit: String, _ done: Int, of total: Int, radiographs: Int, loss: Double?)
  /// Adds a row to `SERIES.jsonl`; `step` rises from row to row within one `series`.
  func record(_ series: String, step: Int, _ values: [(name: String, value: Double)]) throws
  /// What was recorded of a series, also by an earlier call that was stopped; nothing where there is none.
  func recorded(_ series: String) throws -> [(step: Int, values: [String: Double])]
  /// Writes a picture, 0 black and 1 white, as `name.png`.
  func write(_ picture: GrayImage, named name: String) throws
  /// Draws pictures with words beside them, as `name.png`.
  func write(_ sheet: PictureSheet, named name: String) throws
  /// Writes text, a table for scripts for instance, under a file's name.
  func write(_ text: String, named name: String) throws
  /// Keeps the state of work in progress, durably, in place of the last one under that name.
  func save(_ state: EvaluationState, named name: String) throws
  /// The state saved under that name; nil where there is none.
  func restore(_ name: String) throws -> EvaluationState?
  /// Whether the user asked to stop.
  var isStopRequested: Bool { get }
}

/// Work in progress: tensors by name, and text (JSON, say) beside them.
public struct EvaluationState {
  public var tensors: [(name: String, tensor: Tensor)]
  public var text: String

  public init(tensors: [(name: String, tensor: Tensor)], text: String) {
    self.tensors = tensors
    self.text = text
  }
}
