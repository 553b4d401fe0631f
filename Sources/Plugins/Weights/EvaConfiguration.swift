import NeuralNetworks
import WorldModel

/// Arguments of timm's `Eva`. The norm comes before the pooling, so there is no `fc_norm`. What is nil is the class's own
/// default, which versions that do not know the argument have too.
struct EvaArguments: Encodable {
  let imgSize: Int
  let patchSize: Int
  let inChans: Int
  let embedDim: Int
  let depth: Int
  let numHeads: Int
  let qkvBias: Bool
  let qkvFused: Bool
  let qkNorm: Bool?
  let mlpRatio: Double
  let swigluMlp: Bool
  /// 1 has gates in a tensor of their own, and the hidden layer as it is.
  let swigluAlignTo: Int?
  let scaleMlp: Bool
  let initValues: Double?
  let classToken: Bool
  let numRegTokens: Int
  let noEmbedClass: Bool
  let useAbsPosEmb: Bool
  let useRotPosEmb: Bool
  let ropeType: String?
  let ropeTemperature: Double?
  let ropeRotateHalf: Bool?
  let refFeatShape: [Int]?
  let dynamicImgSize: Bool
  let globalPool = "avg"
  let useFcNorm = false

  init(_ shape: VisionTransformerConfiguration, noEmbedClass: Bool) {
    let (design, blocks) = (shape.design, shape.design.blocks)
    let turns = design.positions.turns
    (imgSize, patchSize, inChans) = (shape.imageSize, shape.patchSize, design.channels)
    (embedDim, depth, numHeads) = (shape.width, shape.depth, shape.heads)
    (qkvBias, qkvFused) = (blocks.projectionBias != .none, !design.hasProjectionsApart)
    qkNorm = blocks.normalizesQueriesKeys ? true : nil
    mlpRatio = shape.ratio(of: shape.hiddenWidth)
    (swigluMlp, scaleMlp) = (blocks.feedForward == .swiGLU, blocks.normalizesHidden)
    swigluAlignTo = design.hasGatesApart && !blocks.normalizesHidden ? 1 : nil
    initValues = blocks.layerScale > 0 ? blocks.layerScale : nil
    (classToken, numRegTokens) = (design.hasClassToken, design.registers)
    self.noEmbedClass = noEmbedClass
    (useAbsPosEmb, useRotPosEmb) = (design.positions.hasTable, turns)
    ropeTemperature = turns ? design.rotary.base : nil
    // Norms like DINOv3's make it one of its architectures, which begin with its places.
    let isUsual = design.turnsNeighbours && blocks.normEpsilon == 1e-6
    ropeType = !turns || isUsual ? nil : design.turnsNeighbours ? "cat" : "dinov3"
    ropeRotateHalf = !turns || isUsual ? nil : !design.turnsNeighbours
    refFeatShape = design.turnsNeighbours ? [design.rotary.grid, design.rotary.grid] : nil
    dynamicImgSize = !design.positions.hasTable
  }

  /// What norms add to the variance only the architecture tells; all else the arguments say.
  static let architectures = [1e-6: "eva02_tiny_patch14_224", 1e-5: "vit_small_patch16_dinov3"]
}

extension EncoderDesign {
  /// Places are numbers on a grid of their own, and turn pairs of neighbours in EVA-02's files.
  var turnsNeighbours: Bool { positions.turns && rotary.grid > 0 }
  /// Queries, keys and values have tensors of their own, as in EVA-02's base and large models.
  var hasProjectionsApart: Bool { blocks.normalizesHidden }
  /// Gates have a tensor of their own, as in EVA-02's base and large models and in DINOv3's.
  var hasGatesApart: Bool {
    blocks.feedForward == .swiGLU
      && (blocks.normalizesHidden || positions == .rotary && !turnsNeighbours)
  }
}
