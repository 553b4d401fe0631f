import CoreTensor

/// The tasks of a run, made from their definitions, and the model that they need.
public struct TaskSet: Sendable {
  /// In the order in which they act, whatever order they were chosen in.
  public let tasks: [any WorldTask]
  public let environment: TaskEnvironment

  /// Makes the tasks of definitions, each with its resolved options.
  /// - Throws: what a task throws when it is made; `AssemblyError.targetEncoderMode` where one is for another target
  ///   encoder than the run's.
  public init(_ chosen: [(definition: TaskDefinition, options: Options)], environment: TaskEnvironment) throws
  {
    self.environment = environment
    let made = try chosen.map { own in
      if let wanted = own.definition.targetEncoder, wanted != environment.targetEncoder {
        throw AssemblyError.targetEncoderMode(
          task: own.definition.name, wanted: wanted, found: environment.targetEncoder)
      }
      return try PluginCode.task(own.definition.name, "make").run {
        try own.definition.make(own.options, environment)
      }
    }
    tasks = made.sorted { ($0.order, $0.name) < ($1.order, $1.name) }
  }

  /// What must become of the target encoder of a model of some tasks: what the first of them that is not indifferent
  /// says, else it follows the encoder.
  public static func targetEncoder(of definitions: [TaskDefinition]) -> TargetEncoderMode {
    definitions.compactMap(\.targetEncoder).first ?? .follows
  }

  /// A model with the latents and objectives of all tasks, in their order. Their first weights depend on the seed
  /// and their own task alone. A latent without parameters that several tasks return, such as `OffsetLatent`, is there
  /// once, in the place of the first.
  /// - Parameters:
  ///   - shape: sizes of encoder and predictor.
  ///   - networks: make encoder and predictor; those that are shipped unless given.
  ///   - seed: of the initial weights.
  ///   - recomputesActivations: whether blocks that learn compute their activations again in the backward pass.
  public func model(
    _ shape: WorldModelConfiguration, networks: Networks = .standard, seed: UInt64,
    recomputesActivations: Bool = false
  ) -> WorldModel {
    let made = tasks.flatMap { task in
      var random = RandomStream(seed: seed, stream: "weights." + task.name)
      let own = PluginCode.task(task.name, "makeLatents").run { task.makeLatents(random: &random) }
      return own.map { (task: task.name, latent: $0) }
    }
    let latents = made.enumerated().filter { index, own in
      !made[..<index].contains { $0.task != own.task && Self.isShared($0.latent, own.latent) }
    }.map(\.element)
    return WorldModel(
      shape, latents: latents.map(\.latent), latentTasks: latents.map(\.task),
      objectives: tasks.compactMap { task in
        var random = RandomStream(seed: seed, stream: "weights.objective." + task.name)
        let objective = PluginCode.task(task.name, "makeObjective").run {
          task.makeObjective(random: &random)
        }
        return objective.map { OwnedObjective(task: task.name, objective: $0) }
      }, networks: networks, seed: seed, recomputesActivations: recomputesActivations)
  }

  /// What each task says of choices of its options that are probably not meant, in their order.
  public var oddities: [String] {
    tasks.flatMap { task in PluginCode.task(task.name, "oddities").run { task.oddities } }
  }

  /// Whether two tasks brought the same latent: of one name and type, and without anything to learn.
  private static func isShared(_ a: any Latent, _ b: any Latent) -> Bool {
    a.name == b.name && type(of: a) == type(of: b) && a.entries.isEmpty && b.entries.isEmpty
  }
}
