import NeuralNetworks
import WorldModel

/// EVA-02 (Fang et al. 2023), EVA-X (Yao et al. 2024) and others with BEiT's names: queries and values have biases of their
/// own, keys none.
struct EVAFamily: EncoderFamily {
  let name = "eva"
  let summary = "biases of queries and values apart, BEiT's names: EVA-02, EVA-X"
  let layout = "EVA"

  var naming: EncoderNaming {
    var naming = EncoderNaming()
    naming.names["fc_norm"] = "norm"
    naming.takeGatesAndScales()
    naming.inBlock["mlp.ffn_ln"] = "mlp.norm"
    for (number, name) in ["attn.q_proj", "attn.k_proj", "attn.v_proj"].enumerated() {
      naming.parts[name] = ("attn.qkv", number)
    }
    naming.dropped["lm_head"] = "a head of masked training"
    return naming
  }

  func isOwn(_ names: Set<String>) -> Bool { names.haveBiasesApart && !names.areDINOv3 }

  func problem(of file: any WeightsContents) -> WeightsFileError? {
    file.tensors.first { Set([$0.name]).haveRelativePlaces }.map {
      WeightsFileError(
        file.path, $0.name,
        "expected an encoder that is told places by a table or by turning, found relative biases (BEiT), which no encoder "
          + "here has; give weights of another family")
    }
  }

  /// Rotary places are numbers on the grid of 224 pixels, whatever the image.
  func complete(_ sizes: inout WeightsSizes) {
    guard sizes.design.blocks.feedForward == .swiGLU else { return }
    sizes.design.positions = .learnedAndRotary
    sizes.design.rotary = .init(base: 10_000, grid: 224 / sizes.patchSize)
  }

  /// Pairs that turn are neighbours there and half a head apart here; queries and keys are renumbered alike, which changes
  /// no product of theirs.
  func conversion(
    of names: WeightsNames, in file: any WeightsContents, heads: Int
  ) throws -> WeightsConversion? {
    let part = names.encoderPart + ".blocks.0.mlp."
    guard let expanded = names.shape(of: part + "fc1.weight")?.first,
      let hidden = names.shape(of: part + "fc2.weight")?.last, expanded == 2 * hidden
    else { return nil }
    return WeightsConversion(
      note: "pairs of numbers that places turn: neighbours in the file, renumbered to half a head apart"
    ) { values, name, shape in
      HeadPairs.renumbered(values, of: name, shape: shape, heads: heads, backward: false)
    }
  }

  func written(_ values: [Float], of parameter: String, shape: [Int], heads: Int) -> [Float] {
    HeadPairs.renumbered(values, of: parameter, shape: shape, heads: heads, backward: true)
  }

  var example: EncoderDesign {
    var design = EncoderDesign()
    design.hasClassToken = true
    design.positions = .learnedAndRotary
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
