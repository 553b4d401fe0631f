import CoreTensor
import NeuralNetworks
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "moco-v3", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(MoCoV3Task.definition)
  }
}

/// MoCo v3 (Chen, Xie and He 2021, "An Empirical Study of Training Self-Supervised Vision Transformers"): a crop of a
/// radiograph must be told, among the crops of other radiographs, from another one of its own.
///
/// Queries come from context features, keys from the target encoder's, which follows by moving average.
struct MoCoV3Task: WorldTask {
  /// Defaults are the published code's for vision transformers.
  static let definition = TaskDefinition(
    name: "moco-v3", summary: "tell two crops of a radiograph from those of others (contrastive)",
    options: [
      OptionDeclaration("T", .number(default: 0.2, in: 0.001...100), help: "temperature of the softmax"),
      OptionDeclaration("dim", .integer(default: 256, in: 2...65_536), help: "width of queries and keys"),
      OptionDeclaration(
        "mlp_dim", .integer(default: 4096, in: 2...65_536), help: "width of hidden layers of both heads"),
      OptionDeclaration(
        "norm", .choice(default: "batch", of: ProjectionNorm.allCases.map(\.rawValue)),
        help: "normalisation in both heads: over the micro-batch, or over each row (layer)"),
      OptionDeclaration("weight", .number(default: 1, in: 0...1000), help: "of the term in the loss"),
    ], targetEncoder: .follows,
    make: { MoCoV3Task(options: $0, environment: $1) })

  let name = "moco-v3"
  let requiredViews = 2
  let minimumBatch = 2
  let options: Options
  let featureWidth: Int

  init(options: Options, environment: TaskEnvironment) {
    self.options = options
    featureWidth = environment.featureWidth
  }

  func makeObjective(random: inout RandomStream) -> (any Objective)? {
    let shape = MoCoV3.Shape(
      features: featureWidth, hidden: options.integer("mlp_dim"), width: options.integer("dim"),
      norm: ProjectionNorm(rawValue: options.text("norm"))!)
    return MoCoV3(
      shape, temperature: Float(options.number("T")), weight: Float(options.number("weight")), random: random)
  }
}
