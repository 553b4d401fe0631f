import CoreTensor
import NeuralNetworks
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "visible", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(VisibleTask.definition)
  }
}

/// The context loss of V-JEPA 2.1 (Mur-Labadia et al. 2026, arXiv 2603.14482): the predictor's tokens of patches that a
/// context shows must tell the target features of these patches too, most of all beside what is hidden.
///
/// Where another task hides patches, that task's masks are used; alone it hides patches at random.
struct VisibleTask: WorldTask {
  static let definition = TaskDefinition(
    name: "visible",
    summary: "predict the features of visible patches too, weighted by how near hidden ones are",
    options: [
      OptionDeclaration(
        "lambda", .number(default: 0.5, in: 0...1000),
        help: "weight of the term; a patch has lambda / √d of it, d patches from the nearest hidden one"),
      OptionDeclaration(
        "loss_exp", .integer(default: 1, in: 1...2),
        help: "exponent of the error: 1 its absolute value, 2 half its square"),
      OptionDeclaration(
        "mask_ratio", .number(default: 0.75, in: 0.05...0.99),
        help: "share of patches that are hidden at random where no other task hides any"),
    ],
    make: { VisibleTask(options: $0, environment: $1) })

  let name = "visible"
  let requiredViews = 1
  /// After tasks that hide patches.
  let order = 1
  let maskRatio: Double
  let loss: ContextLoss.Shape

  init(options: Options, environment: TaskEnvironment) {
    maskRatio = options.number("mask_ratio")
    loss = ContextLoss.Shape(
      tokens: environment.predictorWidth, features: environment.featureWidth,
      lambda: Float(options.number("lambda")), exponent: options.integer("loss_exp"))
  }

  func makeObjective(random: inout RandomStream) -> (any Objective)? {
    var initializer = Initializer(random: random)
    return ContextLoss(loss, initializer: &initializer)
  }

  /// The predictor's tokens are those of a prediction of the context's own view, whoever wants it.
  func plan(batch: BatchScope) -> any TaskPlan {
    RandomMaskPlan(name, ratio: maskRatio, for: .prediction)
  }
}
