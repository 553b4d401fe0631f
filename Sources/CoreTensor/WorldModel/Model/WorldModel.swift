import CoreTensor
import NeuralNetworks

/// What becomes of the target encoder while a model is trained.
public enum TargetEncoderMode: String, Sendable, Codable, CaseIterable {
  /// It follows the encoder by exponential moving average (paper).
  case follows = "ema"
  /// It keeps the weights that it begins with, such as imported ones.
  case frozen
  /// There is none: objectives of tasks are all that learns.
  case absent
}

/// Sizes of a world model, and what becomes of its target encoder.
public struct WorldModelConfiguration: Sendable, Equatable, Codable {
  public var encoder: VisionTransformerConfiguration
  public var predictor: PredictorConfiguration
  /// Default `follows`, also where it was written before there was a choice.
  public var targetEncoder: TargetEncoderMode
  /// Whether target features are layer-normed (paper), so that no encoder can make the error small by small features.
  /// Default true, also where it was written before there was a choice.
  public var normalizesTargets: Bool

  public init(
    encoder: VisionTransformerConfiguration, predictor: PredictorConfiguration,
    targetEncoder: TargetEncoderMode = .follows, normalizesTargets: Bool = true
  ) {
    self.encoder = encoder
    self.predictor = predictor
    self.targetEncoder = targetEncoder
    self.normalizesTargets = normalizesTargets
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      encoder: try container.decode(VisionTransformerConfiguration.self, forKey: .encoder),
      predictor: try container.decode(PredictorConfiguration.self, forKey: .predictor),
      targetEncoder: try container.decodeIfPresent(TargetEncoderMode.self, forKey: .targetEncoder)
        ?? .follows,
      normalizesTargets: try container.decodeIfPresent(Bool.self, forKey: .normalizesTargets) ?? true)
  }

  public var geometry: ImageGeometry {
    ImageGeometry(imageSize: encoder.imageSize, patchSize: encoder.patchSize)
  }

  /// What tasks are told of a run with this model.
  public func environment(_ compatibility: Compatibility) -> TaskEnvironment {
    TaskEnvironment(
      geometry: geometry, featureWidth: encoder.width, predictorWidth: predictor.width,
      compatibility: compatibility, targetEncoder: targetEncoder)
  }
}

/// Context encoder, target encoder, predictor, and the latents of the enabled tasks.
///
/// Parameters are named as the published weights: `encoder.*`, `target_encoder.*` where there is one, `predictor.*`.
public final class WorldModel: Module {
  public let shape: WorldModelConfiguration
  /// `f`
  public let encoder: any ImageEncoder
  /// `f'`, which begins as `f` and follows it by moving average or stays as it is; nil where it is absent.
  public let targetEncoder: (any ImageEncoder)?
  /// `g`
  public let predictor: any Predictor
  public let latents: [any Latent]
  /// The task of each latent; empty where no task was named.
  public let latentTasks: [String]
  /// Terms of the loss that tasks compute themselves.
  public let objectives: [OwnedObjective]
  /// How encoder and predictor were made.
  public let networks: Networks
  /// What is wrong with what modules show to visitors.
  let visitProblem: TaskFault?
  /// Layer norm of target features has no scale of its own (spec section 1).
  static let targetEpsilon: Float = 1e-5

  /// - Parameters:
  ///   - shape: sizes of encoder and predictor.
  ///   - latents: of all enabled tasks, in the order in which they act.
  ///   - latentTasks: the task of each latent, for messages; empty where there is none.
  ///   - objectives: likewise.
  ///   - networks: make encoder and predictor; those that are shipped unless given.
  ///   - seed: of the initial weights.
  ///   - recomputesActivations: whether blocks that learn keep only their inputs and compute the rest again in the
  ///     backward pass: a third more arithmetic, for a fraction of the activations.
  public init(
    _ shape: WorldModelConfiguration, latents: [any Latent], latentTasks: [String] = [],
    objectives: [OwnedObjective] = [], networks: Networks = .standard, seed: UInt64,
    recomputesActivations: Bool = false
  ) {
    self.shape = shape
    self.latents = latents
    self.latentTasks = latentTasks
    self.objectives = objectives
    self.networks = networks
    var trained = Initializer(random: RandomStream(seed: seed, stream: "weights.encoder"))
    encoder = networks.makeEncoder(shape.encoder, &trained)
    var following = Initializer(random: RandomStream(seed: seed, stream: "weights.encoder"), trainable: false)
    targetEncoder =
      shape.targetEncoder == .absent ? nil : networks.makeEncoder(shape.encoder, &following)
    var predicting = Initializer(random: RandomStream(seed: seed, stream: "weights.predictor"))
    predictor = networks.makePredictor(shape.predictor, &predicting)
    encoder.recomputesActivations = recomputesActivations
    predictor.recomputesActivations = recomputesActivations
    var visitor = ParameterVisitor()
    Self.visit(
      &visitor, encoder, targetEncoder, predictor, latents: latents, latentTasks: latentTasks, objectives)
    visitProblem =
      Self.problem(visitor.entries, latents, latentTasks) ?? Self.problem(visitor.entries, objectives)
    for entry in visitor.entries { entry.parameter.name = entry.name }
    if visitProblem == nil { Self.beginEqual(objectives) }
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    Self.visit(
      &visitor, encoder, targetEncoder, predictor, latents: latents, latentTasks: latentTasks, objectives)
  }

  private static func visit(
    _ visitor: inout ParameterVisitor, _ encoder: any Module, _ targetEncoder: (any Module)?,
    _ predictor: any Module, latents: [any Latent], latentTasks: [String], _ objectives: [OwnedObjective]
  ) {
    visitor.module(encoder, "encoder")
    if let targetEncoder { visitor.module(targetEncoder, "target_encoder") }
    visitor.module(predictor, "predictor")
    for (index, latent) in latents.enumerated() {
      code(of: latent, at: index, latentTasks, "visit").run {
        visitor.module(latent, "predictor." + latent.name)
      }
    }
    for own in objectives {
      PluginCode.task(own.task, "visit").run { visitor.module(own.objective, "tasks." + own.task) }
    }
  }

  /// Code of a latent, by its task where that is known.
  static func code(of latent: any Latent, at index: Int, _ tasks: [String], _ part: String) -> PluginCode {
    let name = "latent \"\(latent.name)\""
    return tasks.indices ~= index
      ? PluginCode("task \"\(tasks[index])\"", "\(name), \(part)") : PluginCode(name, part)
  }

  /// Latents of one name, parameters of one name, or one parameter of two names.
  private static func problem(
    _ entries: [ParameterVisitor.Entry], _ latents: [any Latent], _ tasks: [String]
  ) -> TaskFault? {
    for (index, latent) in latents.enumerated() {
      if let other = latents[..<index].firstIndex(where: { $0.name == latent.name }) {
        return .latentTwice(
          latent.name, tasks: [other, index].filter { tasks.indices ~= $0 }.map { tasks[$0] })
      }
    }
    var names: Set<String> = []
    var parameters: [ObjectIdentifier: String] = [:]
    for entry in entries {
      if let other = parameters.updateValue(entry.name, forKey: ObjectIdentifier(entry.parameter)) {
        return .shownTwice([other, entry.name])
      }
      if !names.insert(entry.name).inserted { return .nameTwice(entry.name) }
    }
    return nil
  }

  /// Parameters that training changes, in the model's order.
  public var trainable: [Parameter] { entries.map(\.parameter).filter(\.isTrainable) }
}
