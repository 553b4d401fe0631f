import CoreTensor
import NeuralNetworks
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "mae", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(MAETask.definition)
  }
}

/// Masked autoencoding (He et al. 2022): show the encoder few patches, and let a light decoder paint the others.
///
/// It proposes no supervision, so that a run of this task alone encodes no target. Where another task hides patches,
/// that task's masks are used.
public struct MAETask: WorldTask {
  public static let definition = TaskDefinition(
    name: "mae", summary: "reconstruct the pixels of hidden patches by a decoder of its own",
    options: [
      OptionDeclaration(
        "hidden", .number(default: 0.75, in: 0.1...0.95), help: "share of patches that are hidden"),
      OptionDeclaration(
        "width", .integer(default: 128, in: 16...2048), help: "of the decoder; a multiple of 16"),
      OptionDeclaration("depth", .integer(default: 2, in: 1...24), help: "blocks of the decoder"),
      OptionDeclaration("weight", .number(default: 1, in: 0...1000), help: "of the term in the loss"),
    ],
    make: { try MAETask(options: $0, environment: $1) })

  public let name = "mae"
  public let requiredViews = 1
  let hidden: Double
  let weight: Float
  let decoder: MAEDecoder.Shape

  init(options: Options, environment: TaskEnvironment) throws {
    hidden = options.number("hidden")
    weight = Float(options.number("weight"))
    guard options.integer("width") % 16 == 0 else { throw WidthOfNoHeads(width: options.integer("width")) }
    decoder = MAEDecoder.Shape(
      features: environment.featureWidth, width: options.integer("width"), depth: options.integer("depth"),
      geometry: environment.geometry)
  }

  public func makeObjective(random: inout RandomStream) -> (any Objective)? {
    var initializer = Initializer(random: random)
    return MAEDecoder(decoder, weight: weight, initializer: &initializer)
  }

  public func plan(batch: BatchScope) -> any TaskPlan { Plan(task: self) }

  private struct Plan: TaskPlan {
    let task: MAETask

    func draw(sample: SampleScope) -> any TaskDraw {
      var random = sample.batch.random("mae", sample: sample.index)
      let patches = sample.batch.geometry.patchCount
      let count = min(max(1, Int((Double(patches) * (1 - task.hidden)).rounded())), patches - 1)
      return Draw(visible: sample.views.map { _ in random.permutation(patches).prefix(count).sorted() })
    }
  }

  private struct Draw: TaskDraw {
    /// Patches that stay, for each view.
    let visible: [[Int]]

    func editVisibility(of context: inout any Context) {
      guard context.visible.count == context.geometry.patchCount else { return }
      context.visible = visible[context.view]
    }
  }
}

struct WidthOfNoHeads: Error, CustomStringConvertible {
  let width: Int
  var description: String {
    "mae.width = \(width): expected a multiple of 16, for heads of 16; give another width"
  }
}
