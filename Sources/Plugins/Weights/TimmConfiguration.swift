import NeuralNetworks
import WorldModel

/// `config.json` as timm's `create_model("local-dir:FOLDER")` reads it, and what it has no word for under `chexworld`.
struct TimmConfiguration: Encodable {
  /// Arguments of `VisionTransformer`. The norm comes before the pooling, so there is no `fc_norm`.
  struct Arguments: Encodable {
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
    let noEmbedClass = true
    let globalPool = "avg"
    let fcNorm = false
  }
  struct Pretrained: Encodable {
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
  struct Notes: Encodable {
    let run: String
    let step: Int
    let encoder: String?
    let layerNormEps: Double
    let activation = "GELU, exact (by the error function)"
    let pooling = "mean over the patches' tokens of the last norm's output"
    let positionEncoding: String
    let input =
      "the whole radiograph, grey in [0, 1], resized to the square, replicated to three channels, normalised"
  }

  let architecture: String
  let numClasses = 0
  let numFeatures: Int
  let globalPool = "avg"
  let modelArgs: Arguments
  let pretrainedCfg: Pretrained
  let chexworld: Notes

  /// - Parameter model: one encoder, whose parameters are called `encoder.*`.
  init(_ model: ExportedModel) {
    let shape = model.shape.encoder
    let table = model.parameters.first { $0.name == "encoder.pos_embed" }?.values ?? []
    let order = PositionTable.order(table, width: shape.width, grid: shape.gridSize)
    let known = [192: "tiny", 384: "small", 768: "base", 1024: "large"]
    let (design, blocks) = (shape.design, shape.design.blocks)
    // Any plain one, or one with gates, will do: the arguments say what differs.
    architecture =
      blocks.feedForward == .swiGLU
      ? "vit_giant_patch14_reg4_dinov2" : "vit_\(known[shape.width] ?? "base")_patch16_224"
    numFeatures = shape.width
    modelArgs = Arguments(
      imgSize: shape.imageSize, patchSize: shape.patchSize, inChans: design.channels, embedDim: shape.width,
      depth: shape.depth, numHeads: shape.heads,
      // timm counts the gates too.
      mlpRatio: blocks.feedForward == .swiGLU ? 2 * shape.mlpRatio : shape.mlpRatio,
      qkvBias: blocks.projectionBias == .all, qkNorm: blocks.normalizesQueriesKeys,
      initValues: blocks.layerScale > 0 ? blocks.layerScale : nil, classToken: design.hasClassToken,
      regTokens: design.registers)
    func decimal(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }
    pretrainedCfg = Pretrained(
      inputSize: [design.channels, shape.imageSize, shape.imageSize],
      mean: InputNormalization.mean.prefix(design.channels).map(decimal),
      std: InputNormalization.deviation.prefix(design.channels).map(decimal))
    chexworld = Notes(
      run: model.run, step: model.step, encoder: model.encoder, layerNormEps: blocks.normEpsilon,
      positionEncoding:
        "fixed table pos_embed, \(shape.gridSize) x \(shape.gridSize) patches in raster order; "
        + (order.map { $0 == .rowFirst ? "sine-cosine, row half first" : "sine-cosine, column half first" }
          ?? "learned or resampled"))
  }
}
