import CoreTensor
import Imaging
import NeuralNetworks
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "flow", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(FlowTask.definition)
  }
}

/// Predict a crop from one whose patches were shuffled within neighbourhoods of 2 × 2, told of each patch where its
/// pixels went. Of another view's patches nothing is told: which of the context's they lie on is for Δ to say.
public struct FlowTask: WorldTask, TaskPlan {
  public static let definition = TaskDefinition(
    name: "flow", summary: "predict a crop from one with patches shuffled nearby, told where each went",
    options: [
      OptionDeclaration("latent", .boolean(default: true), help: "Tell the predictor where patches went.")
    ],
    make: { options, _ in FlowTask(tells: options.boolean("latent")) })

  public let name = "flow"
  public let requiredViews = 1
  /// Patches go as they lie on the grid, before anything else is done to their pixels.
  public let order = -1
  let tells: Bool

  public func makeLatents(random: inout RandomStream) -> [any Latent] { tells ? [FlowLatent()] : [] }
  public func plan(batch: BatchScope) -> any TaskPlan { self }

  public func draw(sample: SampleScope) -> any TaskDraw {
    var random = sample.random("flow")
    let grid = sample.batch.geometry.gridSize
    return Draw(flows: sample.views.map { _ in Flow(gridSize: grid, &random) }, tells: tells)
  }

  private struct Draw: TaskDraw {
    /// Of each view's context.
    let flows: [Flow]
    let tells: Bool

    func editPixels(of context: inout any Context) {
      context.pixels = flows[context.view].shown(context.pixels)
    }

    func supervisions(views: [Frame]) -> [Supervision] {
      views.indices.map { Supervision(context: $0, target: $0, patches: .all, isFallback: true) }
    }

    func latents(context: Int, target: Int, views: [Frame]) -> [LatentValue] {
      guard tells, context == target else { return [] }
      return [LatentValue(latent: "flow", patchNumbers: flows[context].steps)]
    }
  }
}

/// A permutation of a grid's patches within neighbourhoods of 2 × 2, those at the border of an odd grid cut.
public struct Flow: Sendable {
  public let gridSize: Int
  /// The patch in whose place each patch's pixels are shown.
  public let places: [Int]

  public init(gridSize: Int, _ random: inout RandomStream) {
    var places = Array(0..<gridSize * gridSize)
    let groups = Dictionary(grouping: places) { [$0 / gridSize / 2, $0 % gridSize / 2] }
    for group in groups.values.sorted(by: { $0[0] < $1[0] }) {
      for (patch, other) in zip(group, random.permutation(group.count)) { places[patch] = group[other] }
    }
    (self.gridSize, self.places) = (gridSize, places)
  }

  public func shown(_ image: GrayImage) -> GrayImage {
    var shown = image
    let size = image.width / gridSize
    for (index, value) in image.pixels.enumerated() {
      let (row, column) = (index / image.width, index % image.width)
      let place = places[row / size * gridSize + column / size]
      shown[place / gridSize * size + row % size, place % gridSize * size + column % size] = value
    }
    return shown
  }

  /// Patches down and right by which each patch's pixels went.
  public var steps: [[Float]] {
    places.enumerated().map { [Float($1 / gridSize - $0 / gridSize), Float($1 % gridSize - $0 % gridSize)] }
  }
}

/// Moves mask tokens to where their patches went. No parameters; a patch's numbers are its steps down and right.
public final class FlowLatent: Latent {
  public let (name, width, patchWidth) = ("flow", 0, 2)

  public func move(_ place: GridPlace, of patch: LatentPatch) -> GridPlace {
    let step = patch.patchNumbers.map { Double($0) }
    return GridPlace(row: place.row + step[0], column: place.column + step[1])
  }

  public func visit(_ visitor: inout ParameterVisitor) {}
}
