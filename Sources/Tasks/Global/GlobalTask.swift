import CoreTensor
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "global", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(GlobalTask.definition)
  }
}

/// Global anatomical layout: predict one crop of a radiograph from another, told how they lie to each other
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
    parity: TaskParity(
      switches: ["use_offset", "flips"], options: { try $0.flag("use_offset") ? [:] : nil },
      latents: { context, target, _, batch in
        context == target
          ? [] : [(OffsetLatent.name, try OffsetLatent.numbers(from: context, to: target, in: batch))]
      }),
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

  func remark(on drawn: [[String: [Double]]]) -> String? {
    "predicts \(takesAllPatches ? "all patches" : "the hidden patches") of each other crop"
  }

  var oddities: [String] {
    tellsOffset
      ? [] : ["global.latent is off: the predictor is not told how the crops lie to each other (an ablation)"]
  }

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

extension OffsetLatent {
  /// Δ as a parity case gives it, for crops of one size: Δ down and right (`d12`), 1 where the crops are mirrored
  /// differently (`flip`) and the origin of columns then (`fcol12`), both 0 in a case without mirrored crops.
  fileprivate static func numbers(from context: Int, to target: Int, in batch: any ParityBatch) throws
    -> Tensor
  {
    let pair = "\(context + 1)\(target + 1)"
    let delta = try batch.tensor("d" + pair, shape: [batch.count, 2]).values
    func mirrored(_ name: String) throws -> [Float] {
      guard batch.contains("flip") else { return Array(repeating: 0, count: batch.count) }
      return try batch.tensor(name, shape: [batch.count]).values
    }
    let (flips, columns) = (try mirrored("flip"), try mirrored("fcol" + pair))
    let numbers = (0..<batch.count).flatMap { sample -> [Float] in
      [delta[2 * sample], delta[2 * sample + 1], flips[sample], columns[sample], 0, 0]
    }
    return Tensor(numbers, shape: [batch.count, 6])
  }
}
