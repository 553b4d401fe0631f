import CoreTensor
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "scale", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(ScaleTask.definition)
  }
}

/// Predict in detail what a wide crop shows small: the target is a crop within the context's, told by Δ where it lies
/// and how large it is.
public struct ScaleTask: WorldTask {
  public static let definition = TaskDefinition(
    name: "scale", summary: "predict a small crop from the wide one around it, told their places and sizes Δ",
    options: [
      OptionDeclaration(
        "area", .interval(default: 0.1...1.0 / 3, in: 0.01...1),
        help: "Area of the target's crop as a fraction of the context's, uniform."),
      OptionDeclaration("latent", .boolean(default: true), help: "Tell the predictor Δ."),
    ],
    make: { options, _ in ScaleTask(area: options.interval("area"), tells: options.boolean("latent")) })

  public let name = "scale"
  public let requiredViews = 2
  /// As of `global`: crops lie to each other as they do before anything else is done to one of them.
  public let order = -1
  let area: ClosedRange<Double>
  let tells: Bool

  public func makeLatents(random: inout RandomStream) -> [any Latent] { tells ? [OffsetLatent()] : [] }
  public func plan(batch: BatchScope) -> any TaskPlan { Plan(task: self) }

  private struct Plan: TaskPlan {
    let task: ScaleTask

    /// The first view as the settings give it, every other one within it.
    func proposeFrames(_ scope: FrameScope) -> [Frame]? {
      var random = scope.random("scale")
      let wide = scope.standard[0]
      return [wide]
        + scope.standard.dropFirst().map { frame in
          wide.inner(
            area: random.uniform(in: task.area), down: random.unit(), right: random.unit(),
            mirrored: frame.mirrored)
        }
    }

    func draw(sample: SampleScope) -> any TaskDraw { Draw(tells: task.tells) }
  }

  private struct Draw: TaskDraw {
    let tells: Bool

    func supervisions(views: [Frame]) -> [Supervision] {
      views.indices.dropFirst().map { Supervision(context: 0, target: $0, patches: .all) }
    }

    func latents(context: Int, target: Int, views: [Frame]) -> [LatentValue] {
      guard tells, context != target else { return [] }
      return [OffsetLatent.value(from: views[context], to: views[target])]
    }
  }
}
