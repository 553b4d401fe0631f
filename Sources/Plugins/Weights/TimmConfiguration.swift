import Foundation
import NeuralNetworks
import WorldModel

/// `config.json` as timm's `create_model("local-dir:FOLDER")` reads it, and what it has no word for under `chexworld`.
struct TimmConfiguration<Arguments: Encodable>: Encodable {
  let architecture: String
  let numClasses = 0
  let numFeatures: Int
  let globalPool = "avg"
  /// Of the class that `architecture` is of.
  let modelArgs: Arguments
  let pretrainedCfg: TimmPretrained
  let chexworld: ExportNotes

  /// - Parameters:
  ///   - architecture: one that timm knows, whose arguments `arguments` replace.
  ///   - model: one encoder, whose parameters are called `encoder.*`.
  init(_ architecture: String, _ arguments: Arguments, _ model: ExportedModel) {
    let shape = model.shape.encoder
    func decimal(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }
    self.architecture = architecture
    numFeatures = shape.width
    modelArgs = arguments
    pretrainedCfg = TimmPretrained(
      inputSize: [shape.design.channels, shape.imageSize, shape.imageSize],
      mean: InputNormalization.mean.prefix(shape.design.channels).map(decimal),
      std: InputNormalization.deviation.prefix(shape.design.channels).map(decimal))
    chexworld = ExportNotes(model)
  }

  /// As the file has it.
  func text() throws -> String {
    let json = JSONEncoder()
    json.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    json.keyEncodingStrategy = .convertToSnakeCase
    return String(decoding: try json.encode(self), as: UTF8.self) + "\n"
  }
}

struct TimmPretrained: Encodable {
  let inputSize: [Int]
  let fixedInputSize = true
  let interpolation = "bicubic"
  let cropPct = 1.0
  let cropMode = "squash"
  let mean: [Double]
  let std: [Double]
  let numClasses = 0
  let firstConv = "patch_embed.proj"
  let classifier = "head"
}

/// What other programs have no word for.
struct ExportNotes: Encodable {
  let run: String
  let step: Int
  let encoder: String?
  let layerNormEps: Double
  let activation: String
  let pooling = "mean over the patches' tokens of the last norm's output"
  let positionEncoding: String
  let input =
    "the whole radiograph, grey in [0, 1], resized to the square, replicated to three channels, normalised"

  init(_ model: ExportedModel) {
    let shape = model.shape.encoder
    (run, step, encoder) = (model.run, model.step, model.encoder)
    layerNormEps = shape.design.blocks.normEpsilon
    activation =
      shape.design.blocks.feedForward == .gelu ? "GELU, exact (by the error function)" : "SiLU of a gate"
    let turning =
      shape.design.positions.turns
      ? ["queries and keys are turned, base \(shape.design.rotary.base), grid \(shape.design.rotary.grid)"]
      : []
    let table = model.parameters.first { $0.name == "encoder.pos_embed" }?.values
    let kinds = table.map { values in
      let order = PositionTable.order(values, width: shape.width, grid: shape.gridSize)
      return "fixed table pos_embed, \(shape.gridSize) x \(shape.gridSize) patches in raster order; "
        + (order.map { $0 == .rowFirst ? "sine-cosine, row half first" : "sine-cosine, column half first" }
          ?? "learned or resampled")
    }
    positionEncoding = ([kinds].compactMap { $0 } + turning).joined(separator: "; ")
  }
}

/// Arguments of timm's `VisionTransformer`. The norm comes before the pooling, so there is no `fc_norm`.
struct TimmArguments: Encodable {
  let imgSize: Int
  let patchSize: Int
  let inChans: Int
  let embedDim: Int
  let depth: Int
  let numHeads: Int
  let mlpRatio: Double
  let qkvBias: Bool
  let qkNorm: Bool
  /// Nil for an encoder without layer scale.
  let initValues: Double?
  let classToken: Bool
  let regTokens: Int
  /// Whether the table has no row for the class token.
  let noEmbedClass: Bool
  let globalPool = "avg"
  let fcNorm = false

  /// - Parameter noEmbedClass: as timm is to have it, perhaps once it has read names of others.
  init(_ shape: VisionTransformerConfiguration, noEmbedClass: Bool) {
    let (design, blocks) = (shape.design, shape.design.blocks)
    (imgSize, patchSize, inChans) = (shape.imageSize, shape.patchSize, design.channels)
    (embedDim, depth, numHeads) = (shape.width, shape.depth, shape.heads)
    // timm counts the gates too.
    mlpRatio = shape.ratio(of: (blocks.feedForward == .swiGLU ? 2 : 1) * shape.hiddenWidth)
    (qkvBias, qkNorm) = (blocks.projectionBias == .all, blocks.normalizesQueriesKeys)
    initValues = blocks.layerScale > 0 ? blocks.layerScale : nil
    (classToken, regTokens) = (design.hasClassToken, design.registers)
    self.noEmbedClass = noEmbedClass
  }

  /// An architecture of `VisionTransformer`. Any plain one, or one with gates, will do: the arguments say what differs.
  static func architecture(_ shape: VisionTransformerConfiguration) -> String {
    let known = [192: "tiny", 384: "small", 768: "base", 1024: "large"]
    return shape.design.blocks.feedForward == .swiGLU
      ? "vit_giant_patch14_reg4_dinov2" : "vit_\(known[shape.width] ?? "base")_patch16_224"
  }
}

extension VisionTransformerConfiguration {
  /// Numbers of the hidden layer of a block.
  var hiddenWidth: Int { Int((Double(width) * mlpRatio).rounded()) }

  /// A factor that makes `numbers` of the width where Python cuts the product to a whole number.
  func ratio(of numbers: Int) -> Double {
    let ratio = Double(numbers) / Double(width)
    return Int(Double(width) * ratio) == numbers ? ratio : ratio.nextUp
  }
}
