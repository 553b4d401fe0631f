import CoreTensor
import NeuralNetworks
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "simmim", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(SimMIMTask.definition)
  }
}

/// SimMIM (Xie et al. 2022, "SimMIM: A Simple Framework for Masked Image Modeling"): masked patches enter the encoder as
/// a learned token, and one linear layer paints their pixels.
///
/// It proposes no supervision, so that a run of this task alone encodes no target. Where another task hides patches,
/// that task's masks are used.
struct SimMIMTask: WorldTask {
  /// Defaults are the paper's (section 4.1).
  static let definition = TaskDefinition(
    name: "simmim", summary: "show hidden patches as a token, and paint their pixels by a linear layer",
    options: [
      OptionDeclaration(
        "mask_patch_size", .integer(default: 32, in: 2...2048),
        help:
          "side of the squares that are hidden whole, in pixels: a multiple of the patch, less than the image"
      ),
      OptionDeclaration(
        "mask_ratio", .number(default: 0.6, in: 0.05...0.99), help: "share of the squares that is hidden"),
      OptionDeclaration("weight", .number(default: 1, in: 0...1000), help: "of the term in the loss"),
    ],
    make: { try SimMIMTask(options: $0, environment: $1) })

  let name = "simmim"
  let requiredViews = 1
  /// After tasks that hide patches.
  let order = 1
  let maskRatio: Double
  /// Of a square, in patches.
  let side: Int
  let weight: Float
  let environment: TaskEnvironment

  init(options: Options, environment: TaskEnvironment) throws {
    let (size, geometry) = (options.integer("mask_patch_size"), environment.geometry)
    guard size % geometry.patchSize == 0, size < geometry.imageSize else {
      throw SquaresOfNoPatches(size: size, geometry: geometry)
    }
    maskRatio = options.number("mask_ratio")
    side = size / geometry.patchSize
    weight = Float(options.number("weight"))
    self.environment = environment
  }

  func makeObjective(random: inout RandomStream) -> (any Objective)? {
    var initializer = Initializer(random: random)
    return PixelHead(environment, weight: weight, initializer: &initializer)
  }

  func plan(batch: BatchScope) -> any TaskPlan {
    RandomMaskPlan(name, ratio: maskRatio, side: side, for: .reconstruction)
  }
}

/// Paints the patches that entered as a mask token; the term is the mean absolute error of their pixels (section 3.3).
///
/// Parameters: `tasks.simmim.mask_token`, `.decoder`.
final class PixelHead: Objective {
  private let token: Parameter
  private let decoder: Linear
  private let weight: Float
  var maskToken: Parameter? { token }

  init(_ environment: TaskEnvironment, weight: Float, initializer: inout Initializer) {
    self.weight = weight
    let patch = environment.geometry.patchSize
    token = initializer.truncatedNormal([1, 1, environment.featureWidth])
    decoder = Linear(environment.featureWidth, 3 * patch * patch, initializer: &initializer)
  }

  func callAsFunction(_ input: ObjectiveInput) -> [ObjectiveTerm] {
    let errors = input.contexts.map { context in
      guard let hidden = context.hidden else { fail("simmim: a context without features of hidden patches") }
      let pixels = extractPatches(
        input.targets[context.view], patches: hidden.patches, patchSize: input.geometry.patchSize)
      return abs(decoder(hidden.features) - pixels).mean()
    }
    let sum = errors.dropFirst().reduce(errors[0], +)
    return [ObjectiveTerm("pixels", sum * (1 / Float(errors.count)), weight: weight)]
  }

  func visit(_ visitor: inout ParameterVisitor) {
    visitor.parameter(token, "mask_token")
    visitor.module(decoder, "decoder")
  }
}

struct SquaresOfNoPatches: Error, CustomStringConvertible {
  let size: Int
  let geometry: ImageGeometry
  var description: String {
    "simmim.mask_patch_size = \(size): expected a multiple of model.patch_size, \(geometry.patchSize), that is less than "
      + "model.image_size, \(geometry.imageSize)"
  }
}
