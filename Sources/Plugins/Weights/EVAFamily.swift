import NeuralNetworks
import WorldModel

/// Encoders under the names of timm's class `Eva`: EVA-02 (Fang et al. 2023), EVA-X (Yao et al. 2024) and others with
/// BEiT's names, whose queries and values have biases of their own and keys none; timm's of DINOv3.
struct EVAFamily: EncoderFamily {
  let name = "eva"
  let summary =
    "biases of queries and values apart, or gamma_1 without a table: EVA-02, EVA-X, timm's names of DINOv3"
  let layout = "EVA"
  let exports: WeightsScope? = .encoder

  var naming: EncoderNaming {
    var naming = EncoderNaming()
    naming.names["fc_norm"] = "norm"
    naming.takeGatesAndScales()
    naming.inBlock["mlp.ffn_ln"] = "mlp.norm"
    for (number, name) in Self.projections.enumerated() { naming.parts[name] = ("attn.qkv", number) }
    naming.dropped["lm_head"] = "a head of masked training"
    // EVA's own programs have the last four; a norm of its own after the pooling is the same norm.
    naming.onlyRead = [
      "fc_norm", "ls1.gamma", "ls2.gamma", "mlp.w1", "mlp.w2", "mlp.w3", "mlp.ffn_ln",
    ]
    return naming
  }
  private static let projections = ["attn.q_proj", "attn.k_proj", "attn.v_proj"]

  func naming(for design: EncoderDesign) -> EncoderNaming {
    var own = naming
    own.onlyRead.formUnion(
      design.hasProjectionsApart ? ["attn.qkv", "attn.q_bias", "attn.v_bias"] : Self.projections)
    own.onlyRead.formUnion(design.hasGatesApart ? ["mlp.fc1"] : ["mlp.fc1_g", "mlp.fc1_x"])
    return own
  }

  func isOwn(_ names: Set<String>) -> Bool {
    (names.haveBiasesApart || names.areDINOv3OfTimm) && !names.areDINOv3
  }

  func problem(of file: any WeightsContents) -> WeightsFileError? {
    file.tensors.first { Set([$0.name]).haveRelativePlaces }.map {
      WeightsFileError(
        file.path, $0.name,
        "expected an encoder that is told places by a table or by turning, found relative biases (BEiT), which no encoder "
          + "here has; give weights of another family")
    }
  }

  /// Rotary places are numbers on the grid of 224 pixels, whatever the image, beside a table; else shares of the image.
  func complete(_ sizes: inout WeightsSizes) {
    guard sizes.design.positions.hasTable else {
      sizes.design.rotary = .init(base: 100)
      sizes.design.blocks.normEpsilon = 1e-5
      return
    }
    guard sizes.design.blocks.feedForward == .swiGLU else { return }
    sizes.design.positions = .learnedAndRotary
    sizes.design.rotary = .init(base: 10_000, grid: 224 / sizes.patchSize)
  }

  /// Pairs that turn are neighbours in EVA-02's files and half a head apart here; queries and keys are renumbered alike,
  /// which changes no product of theirs.
  func conversion(
    of names: WeightsNames, in file: any WeightsContents, heads: Int
  ) throws -> WeightsConversion? {
    guard try sizes(of: names, in: file, heads: heads).design.turnsNeighbours else { return nil }
    return WeightsConversion(
      note: "pairs of numbers that places turn: neighbours in the file, renumbered to half a head apart"
    ) { values, name, shape in
      HeadPairs.renumbered(values, of: name, shape: shape, heads: heads, backward: false)
    }
  }

  func written(
    _ parameter: ExportedModel.Parameter, in encoder: VisionTransformerConfiguration
  ) -> ExportedModel.Parameter {
    let own = withClassRow(parameter, encoder)
    guard encoder.design.turnsNeighbours else { return own }
    return ExportedModel.Parameter(
      name: own.name, shape: own.shape,
      values: HeadPairs.renumbered(
        own.values, of: own.name, shape: own.shape, heads: encoder.heads, backward: true))
  }

  func limits(_ design: EncoderDesign) -> EncoderLimits {
    let epsilon = design.blocks.normEpsilon
    // A file must tell by its names that it is of this family, and timm's DINOv3 always has layer scale.
    let tells =
      design.hasProjectionsApart || design.hasGatesApart
      || !design.positions.hasTable && design.blocks.layerScale > 0
    return EncoderLimits(
      layerScale: epsilon == 1e-5 ? [true] : [false, true],
      queryKeyNorm: design.turnsNeighbours ? [false] : [false, true],
      projectionBias: tells ? [.queriesValues, .none] : [.queriesValues],
      normEpsilon: EvaArguments.architectures.keys.sorted())
  }

  func companions(of model: ExportedModel) throws -> WeightsCompanions {
    let shape = model.shape.encoder
    let architecture = EvaArguments.architectures[shape.design.blocks.normEpsilon] ?? ""
    let arguments = EvaArguments(shape, noEmbedClass: !hasClassRow(shape.design))
    return WeightsCompanions(
      metadata: UntoldParts.metadata(of: shape),
      files: [("config.json", try TimmConfiguration(architecture, arguments, model).text())],
      usage: "timm.create_model(\"local-dir:FOLDER\", pretrained=True)")
  }

  var example: EncoderDesign {
    var design = EncoderDesign()
    design.hasClassToken = true
    (design.positions, design.rotary) = (.learnedAndRotary, .init(base: 10_000, grid: 16))
    design.blocks.projectionBias = .queriesValues
    design.blocks.feedForward = .swiGLU
    design.blocks.normalizesHidden = true
    return design
  }
}

/// The order of a head's numbers.
enum HeadPairs {
  /// Rows 2j and 2j + 1 of each head of queries and keys become rows j and j + width / 2, or, backward, these those. Other
  /// parameters stay as they are.
  static func renumbered(_ values: [Float], of name: String, shape: [Int], heads: Int, backward: Bool)
    -> [Float]
  {
    let isProjection = name.hasSuffix("attn.qkv.weight")
    guard isProjection || name.hasSuffix("attn.q_bias") else { return values }
    let width = isProjection ? shape[0] / 3 : shape[0]
    let (columns, headWidth) = (values.count / max(shape[0], 1), width / heads)
    var result = values
    for row in 0..<(isProjection ? 2 * width : width) {
      let (head, place) = (row / headWidth, row % headWidth)
      let other = head * headWidth + place / 2 + place % 2 * (headWidth / 2)
      let (from, to) = backward ? (other, row) : (row, other)
      for column in 0..<columns { result[to * columns + column] = values[from * columns + column] }
    }
    return result
  }
}
