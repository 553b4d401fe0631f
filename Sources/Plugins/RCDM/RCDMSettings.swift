import WorldModel

/// The options of the evaluation, checked.
struct RCDMSettings: Sendable, Equatable {
  let size: Int
  let width: Int
  let steps: Int
  let batchSize: Int
  let learningRate: Double
  let averageDecay: Double
  let untold: Double
  let guidance: Double
  let samplingSteps: Int
  let share: Double
  let images: Int
  let samples: Int
  let pictures: Int
  let resamples: Int

  static let declarations = [
    OptionDeclaration(
      "size", .integer(default: 64, in: 16...256),
      help: "rows and columns of an imagined region in pixels, a multiple of 8: 64, or 128 for more detail"),
    OptionDeclaration(
      "width", .integer(default: 32, in: 8...256),
      help: "channels of the network at full size, a multiple of 8; 2, 3 and 4 times as many below"),
    OptionDeclaration("steps", .integer(default: 20_000, in: 1...10_000_000), help: "optimiser steps"),
    OptionDeclaration(
      "batch_size", .integer(default: 16, in: 2...4096), help: "regions of a step, about two of a radiograph"),
    OptionDeclaration(
      "learning_rate", .number(default: 3e-4, in: 0...1), help: "after the first 200 steps, which rise to it"),
    OptionDeclaration(
      "average_decay", .number(default: 0.999, in: 0...0.99999),
      help: "share that the averaged weights, which draw samples, keep of themselves in a step"),
    OptionDeclaration(
      "untold", .number(default: 0.1, in: 0...0.9),
      help: "share of training regions whose features are not told, for guidance"),
    OptionDeclaration(
      "guidance", .number(default: 1, in: 0...20),
      help:
        "how far samples go from those without features to those with them: 1 none further, twice the work above"
    ),
    OptionDeclaration(
      "sampling_steps", .integer(default: 50, in: 1...1000), help: "steps from noise to a sample (DDIM)"),
    OptionDeclaration(
      "training_share", .number(default: 0.75, in: 0.1...0.9),
      help: "of the patients that the run set apart: they train the diffusion model, the others are shown"),
    OptionDeclaration(
      "images", .integer(default: 32, in: 2...1024), help: "radiographs that figures are taken of"),
    OptionDeclaration(
      "samples", .integer(default: 4, in: 1...16),
      help: "samples of each prediction that are drawn, from the same noise everywhere"),
    OptionDeclaration(
      "pictures", .integer(default: 4, in: 0...64), help: "radiographs whose samples are drawn"),
    OptionDeclaration(
      "resamples", .integer(default: 1000, in: 0...100_000),
      help: "resamples of the bootstrap over shown patients; 0 gives no intervals"),
  ]

  /// - Throws: `ImagineError` where the size or the width is no multiple of 8.
  init(_ options: Options) throws {
    (size, width) = (options.integer("size"), options.integer("width"))
    for (name, value) in [("size", size), ("width", width)] where value % 8 != 0 {
      throw rcdmError(
        "options: \(name) = \(value), expected a multiple of 8; give \(value / 8 * 8) or \((value / 8 + 1) * 8)"
      )
    }
    (steps, batchSize) = (options.integer("steps"), options.integer("batch_size"))
    (learningRate, averageDecay) = (options.number("learning_rate"), options.number("average_decay"))
    (untold, guidance) = (options.number("untold"), options.number("guidance"))
    (samplingSteps, share) = (options.integer("sampling_steps"), options.number("training_share"))
    (images, samples) = (options.integer("images"), options.integer("samples"))
    (pictures, resamples) = (options.integer("pictures"), options.integer("resamples"))
  }

  func shape(features: Int) -> DiffusionShape {
    DiffusionShape(size: size, width: width, condition: features)
  }
}
