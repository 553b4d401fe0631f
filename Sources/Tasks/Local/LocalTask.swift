import CoreTensor
import Foundation
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "local", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(LocalTask.definition)
  }
}

/// Local anatomical structure: predict blocks of patches that the context does not show (paper section 4.1).
struct LocalTask: WorldTask {
  static let definition = TaskDefinition(
    name: "local", summary: "predict masked blocks from the patches around them",
    options: [
      OptionDeclaration(
        "blocks", .integer(default: 4, in: 1...64), help: "blocks whose union is masked in an image"),
      OptionDeclaration(
        "area", .interval(default: 0.15...0.2, in: 0.005...0.9),
        help: "of a block as a fraction of the image, uniform, drawn for each batch"),
      OptionDeclaration(
        "aspect", .interval(default: 0.75...1.5, in: 0.05...20),
        help: "height to width of a block, log-uniform, drawn for each batch"),
      OptionDeclaration(
        "context", .interval(default: 0.75...1, in: 0.05...1),
        help:
          "of the square that the context keeps, as a fraction of the image, uniform, drawn for each batch"),
      OptionDeclaration(
        "minimum_patches", .integer(default: 10, in: 1...1000),
        help: "that must stay visible, and be masked; masks with fewer are drawn again"),
    ],
    make: { try LocalTask(options: $0, environment: $1) })

  let name = "local"
  let requiredViews = 1
  let blocks: Int
  let area: ClosedRange<Double>
  let aspect: ClosedRange<Double>
  let context: ClosedRange<Double>
  let minimumPatches: Int
  let sharesMasks: Bool
  /// Patches of a crop.
  private let patches: Int

  init(options: Options, environment: TaskEnvironment) throws {
    blocks = options.integer("blocks")
    area = options.interval("area")
    aspect = options.interval("aspect")
    context = options.interval("context")
    minimumPatches = options.integer("minimum_patches")
    sharesMasks = environment.compatibility == .published
    patches = environment.geometry.patchCount
    guard 2 * minimumPatches <= patches else {
      throw MaskImpossible(
        reason: "an image has \(patches) patches, and \(minimumPatches) must stay on either side")
    }
  }

  func makeLatents(random: inout RandomStream) -> [any Latent] { [] }

  func plan(batch: BatchScope) -> any TaskPlan {
    var random = batch.random(name)
    let sizes = MaskSizes.draw(self, gridSize: batch.geometry.gridSize, &random)
    return Plan(task: self, batch: batch, sizes: sizes, shuffled: random.permutation(batch.batchSize))
  }

  func remark(on drawn: [[String: [Double]]]) -> String? {
    let hidden = drawn.flatMap(\.values).map(\.count)
    guard let least = hidden.min(), let most = hidden.max() else { return nil }
    let mean = Double(hidden.reduce(0, +)) / Double(hidden.count) / Double(patches)
    return "hides \(least) to \(most) of a context's \(patches) patches, "
      + String(format: "%.0f %% on average", 100 * mean)
  }

  struct Plan: TaskPlan {
    let task: LocalTask
    let batch: BatchScope
    let sizes: MaskSizes
    /// Published: whose first mask each sample's further views take.
    let shuffled: [Int]

    func draw(sample: SampleScope) -> any TaskDraw {
      Draw(
        masks: sample.views.indices.map { view in
          let shares = task.sharesMasks && view > 0
          let owner = shares ? shuffled[sample.index] : sample.index
          var random = batch.random("\(task.name).\(shares ? 0 : view)", sample: owner)
          return PatchMask.draw(task, sizes, gridSize: batch.geometry.gridSize, &random)
        })
    }
  }

  struct Draw: TaskDraw {
    /// One for each view.
    let masks: [PatchMask]

    func editVisibility(of context: inout any Context) {
      let kept = Set(masks[context.view].visible)
      context.visible.removeAll { !kept.contains($0) }
      context.hidden = masks[context.view].hidden
    }

    func supervisions(views: [Frame]) -> [Supervision] {
      views.indices.map { Supervision(context: $0, target: $0, patches: .hidden(context: $0)) }
    }

    var record: [String: [Double]] {
      Dictionary(
        uniqueKeysWithValues: masks.enumerated().map { ("mask\($0 + 1)", $1.hidden.map(Double.init)) })
    }
  }
}

/// The options leave no room for a mask.
struct MaskImpossible: Error, CustomStringConvertible {
  let reason: String
  var description: String {
    "local: \(reason); use more patches (larger images or smaller patches) or lower minimum_patches"
  }
}
