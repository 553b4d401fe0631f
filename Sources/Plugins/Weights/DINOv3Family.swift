import NeuralNetworks
import WorldModel

/// DINOv3 (Siméoni et al. 2025), by its authors' names and by timm's: rotary places, registers, layer scale.
struct DINOv3Family: EncoderFamily {
  let name = "dinov3"
  let summary = "layer scale and no table of positions: DINOv3, its authors' and timm's names"
  let layout = "DINOv3"

  var naming: EncoderNaming {
    var naming = EncoderNaming()
    naming.names["storage_tokens"] = "reg_token"
    naming.takeGatesAndScales()
    return naming
  }

  var example: EncoderDesign {
    var design = EncoderDesign()
    (design.hasClassToken, design.registers, design.positions) = (true, 4, .rotary)
    design.blocks.layerScale = 1
    return design
  }

  func isOwn(_ names: Set<String>) -> Bool { names.areDINOv3 && !names.haveTable }

  func complete(_ sizes: inout WeightsSizes) {
    sizes.design.positions = .rotary
    sizes.design.rotary = .init(base: 100)
    sizes.design.blocks.normEpsilon = 1e-5
  }

  /// The authors' biases of keys are masked when they are used.
  func conversion(
    of names: WeightsNames, in file: any WeightsContents, heads: Int
  ) throws -> WeightsConversion? {
    guard file.tensors.contains(where: { $0.name.hasSuffix("attn.qkv.bias_mask") }) else { return nil }
    return WeightsConversion(note: "biases of keys, which a mask takes away, are 0") { values, name, _ in
      guard name.hasSuffix("attn.qkv.bias") else { return values }
      let third = values.count / 3
      return values.enumerated().map { (third..<2 * third).contains($0.offset) ? 0 : $0.element }
    }
  }
}
