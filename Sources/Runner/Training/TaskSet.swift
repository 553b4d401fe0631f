import CoreTensor
import Layers
import PluginHost
import WorldModel

/// The tasks of a run, made from their definitions, and the model that they need.
struct TaskSet {
  let tasks: [any WorldTask]
  let environment: TaskEnvironment

  /// - Parameter chosen: definitions in registry order with their resolved options.
  init(_ chosen: [(definition: TaskDefinition, options: Options)], environment: TaskEnvironment) throws {
    self.environment = environment
    tasks = try chosen.map { try $0.definition.make($0.options, environment) }
  }

  /// Latents of all tasks, in registry order. A latent's first weights depend on the seed and its task alone.
  func latents(seed: UInt64) -> [any Latent] {
    tasks.flatMap { task in
      var random = RandomStream(seed: seed, stream: "weights." + task.name)
      return task.makeLatents(random: &random)
    }
  }

  func model(_ shape: WorldModelShape, seed: UInt64, recomputesActivations: Bool = false) -> WorldModel {
    WorldModel(
      shape, latents: latents(seed: seed), seed: seed, recomputesActivations: recomputesActivations)
  }
}

extension WorldModelShape {
  /// The shape that a configuration asks for. Orders of position encodings are a point of compatibility
  /// (spec section 10).
  init(_ model: RunConfiguration.Model, _ compatibility: Compatibility) {
    let order: PositionOrder = compatibility == .paper ? .rowFirst : .columnFirst
    self.init(
      encoder: VisionTransformerShape(
        imageSize: model.imageSize, patchSize: model.patchSize, width: model.encoder.width,
        depth: model.encoder.depth, heads: model.encoder.heads, mlpRatio: model.mlpRatio, positionOrder: order
      ),
      predictor: PredictorShape(
        featureWidth: model.encoder.width, width: model.predictor.width, depth: model.predictor.depth,
        heads: model.predictor.heads, gridSize: model.gridSize, mlpRatio: model.mlpRatio, contextOrder: order,
        targetOrder: .rowFirst))
  }
}
