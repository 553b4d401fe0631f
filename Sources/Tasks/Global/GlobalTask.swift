import CoreTensor
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "global", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(GlobalTask.definition)
  }
}

/// Global anatomical layout: predict one crop of a film from another, told how they lie to each other
/// (paper section 4.2).
struct GlobalTask: WorldTask {
  static let definition = TaskDefinition(
    name: "global", summary: "predict one crop from another, told their relative place Δ",
    options: [
      OptionDeclaration(
        "latent", .boolean(default: true),
        help: "tell the predictor Δ, the relative place of the two crops (false: the ablation without Δ)"),
      OptionDeclaration(
        "targets", .choice(default: "auto", of: ["auto", "all", "hidden"]),
        help:
          "where the error is taken: all patches, or those hidden in the other view; auto: by compatibility"),
    ],
    make: { GlobalTask(options: $0, environment: $1) })

  let name = "global"
  let requiredViews = 2
  /// Crops lie to each other as they do before anything else is done to one of them.
  let order = -1
  let tellsOffset: Bool
  let takesAllPatches: Bool

  init(options: Options, environment: TaskEnvironment) {
    tellsOffset = options.boolean("latent")
    takesAllPatches =
      switch options.text("targets") {
      case "all": true
      case "hidden": false
      default: environment.compatibility == .paper
      }
  }

  func makeLatents(random: inout RandomStream) -> [any Latent] { tellsOffset ? [OffsetLatent()] : [] }
  func plan(batch: BatchScope) -> any TaskPlan { Draw(task: self) }

  /// The crops' places are drawn with the views, so nothing is left to draw.
  private struct Draw: TaskPlan, TaskDraw {
    let task: GlobalTask

    func draw(sample: SampleScope) -> any TaskDraw { self }

    func supervisions(views: [Frame]) -> [Supervision] {
      views.indices.flatMap { context in
        views.indices.filter { $0 != context }.map { target in
          Supervision(
            context: context, target: target,
            patches: task.takesAllPatches ? .all : .hidden(context: target))
        }
      }
    }

    func latents(context: Int, target: Int, views: [Frame]) -> [LatentValue] {
      guard task.tellsOffset, context != target else { return [] }
      return [OffsetLatent.value(from: views[context], to: views[target])]
    }
  }
}
