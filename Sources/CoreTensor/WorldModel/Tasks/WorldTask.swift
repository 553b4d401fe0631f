import CoreTensor
import Imaging
import NeuralNetworks

/// Which of the two columns of published behaviour a run follows (`compatibility` in its configuration).
public enum Compatibility: String, Sendable, CaseIterable, Codable {
  /// As the paper states it.
  case paper
  /// As the authors' released code does it, so that their weights and figures can be reproduced.
  case published
}

/// What a task knows of the run when it is made.
public struct TaskEnvironment: Sendable {
  public let geometry: ImageGeometry
  /// Width of the encoder's features, `d`.
  public let featureWidth: Int
  /// Width of the predictor's tokens, `dp`.
  public let predictorWidth: Int
  public let compatibility: Compatibility
  /// What becomes of the target encoder.
  public let targetEncoder: TargetEncoderMode

  public init(
    geometry: ImageGeometry, featureWidth: Int, predictorWidth: Int, compatibility: Compatibility,
    targetEncoder: TargetEncoderMode = .follows
  ) {
    self.geometry = geometry
    self.featureWidth = featureWidth
    self.predictorWidth = predictorWidth
    self.compatibility = compatibility
    self.targetEncoder = targetEncoder
  }
}

/// A task as it registers itself: `kind = "task"` in `plugins.toml`.
public struct TaskDefinition: Sendable {
  public let name: String
  public let summary: String
  public let options: [OptionDeclaration]
  /// How the task takes part in numeric parity cases; nil for a task of which no case speaks.
  public let parity: TaskParity?
  /// What must become of the target encoder in a run with the task; nil where the task leaves it open. The setting
  /// `model.target_encoder` has this value then where nothing else sets it, and another one is refused.
  public let targetEncoder: TargetEncoderMode?
  public let make: @Sendable (Options, TaskEnvironment) throws -> any WorldTask

  /// - Parameters:
  ///   - name: of the plugin.
  ///   - summary: one line.
  ///   - options: that it takes.
  ///   - parity: its part in numeric parity cases; none unless given.
  ///   - targetEncoder: what must become of the target encoder; left open unless given.
  ///   - make: throws where the options do not fit together or to the run.
  public init(
    name: String, summary: String, options: [OptionDeclaration], parity: TaskParity? = nil,
    targetEncoder: TargetEncoderMode? = nil,
    make: @escaping @Sendable (Options, TaskEnvironment) throws -> any WorldTask
  ) {
    self.name = name
    self.summary = summary
    self.options = options
    self.parity = parity
    self.targetEncoder = targetEncoder
    self.make = make
  }
}

/// A world-modelling task: what is hidden or changed, what must be predicted, and what the predictor is told.
///
/// Draws are made in two stages. `plan` draws what a whole batch shares; the plan's `draw` then draws for one
/// sample. Both are called on loader threads, in any order, and must depend on nothing but their scope.
public protocol WorldTask: Sendable {
  /// The name under which the task is registered.
  var name: String { get }
  /// Views of one radiograph that the task needs; the largest of all enabled tasks wins.
  var requiredViews: Int { get }
  /// Radiographs that a micro-batch must have at least, where the task compares them with each other; a run of smaller
  /// ones is refused. Default 1.
  var minimumBatch: Int { get }
  /// When the task acts beside others: tasks edit contexts, and their latents act, in ascending order, those of equal
  /// order by their names; the order of the registry changes nothing. Tasks of equal order must have latents that give
  /// the same in either order. 0 unless said: `global`, which says how two crops lie to each other, has -1, and
  /// `domain`, whose latent is a network that takes the finished tokens, has 1.
  var order: Int { get }
  /// The latents that the task may attach, made once with the model, on the training thread.
  /// Their parameters join the model's as `predictor.<latent name>.…`.
  /// - Parameter random: the only source of randomness for initial weights.
  func makeLatents(random: inout RandomStream) -> [any Latent]
  /// The task's own term of the loss, made once with the model, on the training thread; nil where its supervisions
  /// are all that it wants.
  /// - Parameter random: the only source of randomness for initial weights.
  func makeObjective(random: inout RandomStream) -> (any Objective)?
  /// What the task draws for a batch. Default nothing: its objective is all that it is.
  func plan(batch: BatchScope) -> any TaskPlan
  /// What the batch sheet writes below context `view` of what the task did to it, briefly: `"a = 0.83 1.21 1.00 0.00"`.
  /// Nil, the default, where there is nothing to write.
  /// - Parameters:
  ///   - view: the context's, from 0.
  ///   - drawn: `TaskDraw.record` of the sample.
  func caption(ofContext view: Int, drawn: [String: [Double]]) -> String?
  /// One line of a dry run on what the task made of the first batch: `"hides 31 % of the patches"`. Nil, the default,
  /// where it has nothing to say.
  /// - Parameter drawn: `TaskDraw.record` of every sample.
  func remark(on drawn: [[String: [Double]]]) -> String?
  /// Choices of options that are allowed and probably not meant, an ablation for example: a sentence each, which a dry
  /// run prints. Default none.
  var oddities: [String] { get }
  /// The run whose encoder the target encoder is to be, by its folder: its weights are taken when a run begins, and are
  /// in the run's own checkpoints from then on. Only for a definition whose `targetEncoder` is `frozen`. Nil, the
  /// default, for none; a run that begins with an empty path is refused.
  var teacher: String? { get }
}

extension WorldTask {
  public var minimumBatch: Int { 1 }
  public func plan(batch: BatchScope) -> any TaskPlan { NothingDrawn() }
  public var order: Int { 0 }
  public func makeLatents(random: inout RandomStream) -> [any Latent] { [] }
  public func makeObjective(random: inout RandomStream) -> (any Objective)? { nil }
  public func caption(ofContext view: Int, drawn: [String: [Double]]) -> String? { nil }
  public func remark(on drawn: [[String: [Double]]]) -> String? { nil }
  public var oddities: [String] { [] }
  public var teacher: String? { nil }
}

/// Of a task that is an objective and no more.
private struct NothingDrawn: TaskPlan, TaskDraw {
  func draw(sample: SampleScope) -> any TaskDraw { self }
}

/// What a task has drawn for a whole batch.
public protocol TaskPlan: Sendable {
  /// The frames that the task wants the views of one sample to have, one for each of `scope.standard`: of any size, in
  /// any relation to each other, all on the radiograph. Nil, the default, where it takes them as they are. Tasks of one
  /// assembly that propose must propose the same.
  func proposeFrames(_ scope: FrameScope) -> [Frame]?
  func draw(sample: SampleScope) -> any TaskDraw
}

extension TaskPlan {
  public func proposeFrames(_ scope: FrameScope) -> [Frame]? { nil }
}

/// What a task has drawn for one sample.
///
/// For each sample, assembly calls `editTarget` of every task on the targets, then, on contexts that begin as the views
/// were cut, `editPixels` of every task and `editVisibility` of every task, and asks for supervisions and latents,
/// always in the order of tasks (`WorldTask.order`).
public protocol TaskDraw: Sendable {
  /// Changes what target `target.view` looks like, as a fixed preprocessing does: pixels in [0, 1],
  /// `imageSize × imageSize`, refused as those of contexts are. Contexts of the view do not change with it.
  func editTarget(of target: inout any Target)
  /// Changes what context `context.view` looks like: pixels in [0, 1], `imageSize × imageSize`. Another size, or a
  /// pixel that is no number, is refused.
  func editPixels(of context: inout any Context)
  /// Chooses which patches of context `context.view` stay visible and which are hidden.
  func editVisibility(of context: inout any Context)
  /// The supervisions that the task wants, given as many views as the run has.
  func supervisions(views: [Frame]) -> [Supervision]
  /// What the predictor is told of target `target` when it predicts from context `context`: for each latent numbers of
  /// the view, of each patch of the target, or both.
  func latents(context: Int, target: Int, views: [Frame]) -> [LatentValue]
  /// What the task's objective is told of this sample (`ObjectiveInput.numbers`): as many in every sample.
  var numbers: [Float] { get }
  /// The drawn numbers by name, for logs and for replaying a step that went wrong.
  var record: [String: [Double]] { get }
}

extension TaskDraw {
  public func editTarget(of target: inout any Target) {}
  public func editPixels(of context: inout any Context) {}
  public func editVisibility(of context: inout any Context) {}
  public func supervisions(views: [Frame]) -> [Supervision] { [] }
  public func latents(context: Int, target: Int, views: [Frame]) -> [LatentValue] { [] }
  public var numbers: [Float] { [] }
  public var record: [String: [Double]] { [:] }
}

/// What all draws of one batch may depend on.
public struct BatchScope: Sendable {
  public let seed: UInt64
  /// Optimiser micro-step, counted from 0 over the whole run.
  public let step: Int
  public let batchSize: Int
  public let geometry: ImageGeometry
  /// The stream's prefix: tells apart the assemblies of a naive run and the passes of an evaluation.
  public let purpose: String

  public init(seed: UInt64, step: Int, batchSize: Int, geometry: ImageGeometry, purpose: String = "") {
    self.seed = seed
    self.step = step
    self.batchSize = batchSize
    self.geometry = geometry
    self.purpose = purpose
  }

  /// The stream of draws that the whole batch shares.
  public func random(_ owner: String) -> RandomStream {
    RandomStream(seed: seed, stream: purpose + owner, step: step, index: Int(UInt32.max))
  }
  /// The stream of draws of one sample.
  public func random(_ owner: String, sample: Int) -> RandomStream {
    RandomStream(seed: seed, stream: purpose + owner, step: step, index: sample)
  }
}

/// What a task may look at when it proposes the frames of a sample's views.
public struct FrameScope: Sendable {
  public let batch: BatchScope
  /// Position in the batch.
  public let index: Int
  /// The radiograph that views are cut from, after the jitter of brightness and contrast.
  public let radiograph: GrayImage
  /// The frames that the run's view settings give, all of one size: a beginning for the task's own.
  public let standard: [Frame]

  public init(batch: BatchScope, index: Int, radiograph: GrayImage, standard: [Frame]) {
    self.batch = batch
    self.index = index
    self.radiograph = radiograph
    self.standard = standard
  }

  /// The stream of a task's draws of frames for this sample, apart from that of its other draws.
  /// - Parameter task: the task's name.
  public func random(_ task: String) -> RandomStream { batch.random(task + ".frames", sample: index) }
}

/// What one sample's draws may depend on.
public struct SampleScope: Sendable {
  public let batch: BatchScope
  /// Position in the batch.
  public let index: Int
  /// The sample's views, each with its own place on the radiograph.
  public let views: [Frame]
  /// The radiograph that views are cut from, after the jitter of brightness and contrast.
  public let radiograph: GrayImage

  public init(batch: BatchScope, index: Int, views: [Frame], radiograph: GrayImage) {
    self.batch = batch
    self.index = index
    self.views = views
    self.radiograph = radiograph
  }

  /// The stream of a task's draws for this sample.
  /// - Parameter task: the task's name.
  public func random(_ task: String) -> RandomStream { batch.random(task, sample: index) }
}
