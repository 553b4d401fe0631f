import CoreTensor
import NeuralNetworks
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "mae", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(MAETask.definition)
  }
}

/// Masked autoencoding (He et al. 2022, "Masked Autoencoders Are Scalable Vision Learners"): the encoder sees few
/// patches, and a light decoder paints the others.
///
/// It proposes no supervision, so that a run of this task alone encodes no target. Where another task hides patches,
/// that task's masks are used.
struct MAETask: WorldTask {
  /// Defaults are the paper's (section 4.1, table 1; appendix A.1), of images of 224 pixels and encoders of 768 numbers
  /// and more; below that a decoder of 128 numbers, 2 blocks and 4 heads paints as well at a fraction of the time.
  static let definition = TaskDefinition(
    name: "mae", summary: "reconstruct the pixels of hidden patches by a decoder of its own",
    options: [
      OptionDeclaration(
        "mask_ratio", .number(default: 0.75, in: 0.05...0.99), help: "share of patches that are hidden"),
      OptionDeclaration(
        "decoder_embed_dim", .integer(default: 512, in: 4...8192),
        help: "width of the decoder; a multiple of 4 and of its heads"),
      OptionDeclaration("decoder_depth", .integer(default: 8, in: 1...64), help: "blocks of the decoder"),
      OptionDeclaration(
        "decoder_num_heads", .integer(default: 16, in: 1...128), help: "attention heads of a block"),
      OptionDeclaration(
        "norm_pix_loss", .boolean(default: true),
        help: "compare pixels less their patch's mean, over its deviation"),
      OptionDeclaration("weight", .number(default: 1, in: 0...1000), help: "of the term in the loss"),
    ],
    make: { try MAETask(options: $0, environment: $1) })

  let name = "mae"
  let requiredViews = 1
  /// After tasks that hide patches.
  let order = 1
  let maskRatio: Double
  let weight: Float
  let decoder: MAEDecoder.Shape

  init(options: Options, environment: TaskEnvironment) throws {
    maskRatio = options.number("mask_ratio")
    weight = Float(options.number("weight"))
    decoder = MAEDecoder.Shape(
      features: environment.featureWidth, width: options.integer("decoder_embed_dim"),
      depth: options.integer("decoder_depth"), heads: options.integer("decoder_num_heads"),
      normalizesPixels: options.boolean("norm_pix_loss"), geometry: environment.geometry)
    guard decoder.width % 4 == 0, decoder.width % decoder.heads == 0 else {
      throw WidthOfNoHeads(width: decoder.width, heads: decoder.heads)
    }
  }

  func makeObjective(random: inout RandomStream) -> (any Objective)? {
    var initializer = Initializer(random: random)
    return MAEDecoder(decoder, weight: weight, initializer: &initializer)
  }

  func plan(batch: BatchScope) -> any TaskPlan {
    RandomMaskPlan(name, ratio: maskRatio, for: .reconstruction)
  }
}

struct WidthOfNoHeads: Error, CustomStringConvertible {
  let width: Int
  let heads: Int
  var description: String {
    "mae: decoder_embed_dim = \(width), decoder_num_heads = \(heads): expected a width that is a multiple of 4 and of "
      + "the heads; give another of the two"
  }
}
