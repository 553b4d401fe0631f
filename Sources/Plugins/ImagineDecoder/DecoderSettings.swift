import WorldModel

/// The options of the evaluation.
struct DecoderSettings: Sendable {
  let learnsFromTest: Bool
  let steps: Int
  let batchSize: Int
  let learningRate: Double
  let width: Int
  let depth: Int
  let heads: Int
  let images: Int
  let pictures: Int
  let resamples: Int
  let seed: UInt64

  static let options = [
    OptionDeclaration(
      "learn_from", .choice(default: "test", of: ["test", "train"]),
      help:
        "whose pixels the decoder learns: test: half of the test patients, and shown are the others; train: the training "
        + "radiographs, which must be others than the run was pre-trained on"),
    OptionDeclaration(
      "steps", .integer(default: 4000, in: 1...10_000_000), help: "steps of the decoder's training"),
    OptionDeclaration("batch_size", .integer(default: 16, in: 1...4096), help: "radiographs of a step"),
    OptionDeclaration(
      "learning_rate", .number(default: 1e-3, in: 1e-8...1), help: "peak of the decoder's learning rate"),
    OptionDeclaration(
      "width", .integer(default: 128, in: 4...4096),
      help: "width of the decoder's tokens, a multiple of 4 and of heads"),
    OptionDeclaration("depth", .integer(default: 3, in: 1...64), help: "blocks of the decoder"),
    OptionDeclaration("heads", .integer(default: 4, in: 1...64), help: "heads of the decoder's attention"),
    OptionDeclaration(
      "images", .integer(default: 192, in: 2...100_000),
      help: "radiographs that are predicted, spread over those shown"),
    OptionDeclaration("pictures", .integer(default: 4, in: 0...64), help: "radiographs that are drawn"),
    OptionDeclaration(
      "resamples", .integer(default: 1000, in: 0...100_000),
      help: "resamples of the bootstrap over shown patients; 0 gives no intervals"),
    OptionDeclaration(
      "seed", .integer(default: 0, in: 0...Int(Int32.max)),
      help: "of the decoder's weights and draws and of the halves, beside the run's"),
  ]

  /// - Throws: `DecoderError` where the width does not suit.
  init(_ options: Options) throws {
    learnsFromTest = options.text("learn_from") == "test"
    steps = options.integer("steps")
    batchSize = options.integer("batch_size")
    learningRate = options.number("learning_rate")
    width = options.integer("width")
    depth = options.integer("depth")
    heads = options.integer("heads")
    images = options.integer("images")
    pictures = options.integer("pictures")
    resamples = options.integer("resamples")
    seed = UInt64(options.integer("seed"))
    guard width % heads == 0, width % 4 == 0 else {
      throw DecoderError("width = \(width): expected a multiple of 4 and of heads, which are \(heads)")
    }
  }
}

struct DecoderError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = "imagine decoder: " + description }
}
