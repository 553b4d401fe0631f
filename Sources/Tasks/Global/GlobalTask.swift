import CoreTensor
import Layers
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
      return [
        LatentValue(
          latent: OffsetLatent.name, numbers: OffsetLatent.numbers(from: views[context], to: views[target]))
      ]
    }
  }
}

/// Δ(x→y), the place of the target's crop seen from the context's, in crop sizes (paper equations 4 and 5;
/// spec section 3 for mirrored crops).
final class OffsetLatent: Latent {
  static let name: String = "offset"
  let name: String = OffsetLatent.name
  /// Δ down, Δ right, 1 where the crops are mirrored differently, and then (W - j_x - j_y)/w.
  let width = 4

  static func numbers(from context: Frame, to target: Frame) -> [Float] {
    let (height, width) = (Double(context.height), Double(context.width))
    let (from, to) = (context.viewColumn, target.viewColumn)
    return [
      Float(Double(target.row - context.row) / height), Float(Double(to - from) / width),
      context.mirrored == target.mirrored ? 0 : 1, Float(Double(context.filmWidth - from - to) / width),
    ]
  }

  func move(_ place: GridPlace, numbers: ArraySlice<Float>, gridSize: Int) -> GridPlace {
    let number = numbers.map(Double.init)
    let (n, row) = (Double(gridSize), place.row + number[0] * Double(gridSize))
    guard number[2] > 0 else { return GridPlace(row: row, column: place.column + number[1] * n) }
    return GridPlace(row: row, column: number[3] * n - place.column - 1)
  }

  func visit(_ visitor: inout ParameterVisitor) {}
}
