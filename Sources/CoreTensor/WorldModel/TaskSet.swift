import CoreTensor

/// The tasks of a run, made from their definitions, and the model that they need.
public struct TaskSet: Sendable {
  /// In the order in which they act, whatever order they were chosen in.
  public let tasks: [any WorldTask]
  public let environment: TaskEnvironment

  /// Makes the tasks of definitions, each with its resolved options.
  /// - Throws: what a task throws when it is made.
  public init(_ chosen: [(definition: TaskDefinition, options: Options)], environment: TaskEnvironment) throws
  {
    self.environment = environment
    let made = try chosen.map { own in
      try PluginCode.task(own.definition.name, "make").run {
        try own.definition.make(own.options, environment)
      }
    }
    tasks = made.sorted { ($0.order, $0.name) < ($1.order, $1.name) }
  }

  /// A model with the latents and objectives of all tasks, in their order. Their first weights depend on the seed
  /// and their own task alone.
  public func model(_ shape: WorldModelShape, seed: UInt64, recomputesActivations: Bool = false) -> WorldModel
  {
    let latents = tasks.flatMap { task in
      var random = RandomStream(seed: seed, stream: "weights." + task.name)
      let own = PluginCode.task(task.name, "makeLatents").run { task.makeLatents(random: &random) }
      return own.map { (task: task.name, latent: $0) }
    }
    return WorldModel(
      shape, latents: latents.map(\.latent), latentTasks: latents.map(\.task),
      objectives: tasks.compactMap { task in
        var random = RandomStream(seed: seed, stream: "weights.objective." + task.name)
        let objective = PluginCode.task(task.name, "makeObjective").run {
          task.makeObjective(random: &random)
        }
        return objective.map { OwnedObjective(task: task.name, objective: $0) }
      }, seed: seed, recomputesActivations: recomputesActivations)
  }
}
