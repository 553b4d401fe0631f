import CoreTensor
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "public-weights", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(publicWeights)
  }
}

/// Checkpoints that others publish. One library has all families, since they share most of their names and each is a
/// page; a family more is a file of this folder and a word in this list.
public let publicWeights = WeightsDefinition(
  name: "public-weights",
  summary: "checkpoints of CheXWorld, I-JEPA, timm, DINOv2, DINOv3, EVA-X, RAD-DINO and others",
  make: { _ in
    [
      TimmFamily(), CheXWorldFamily(), JepaFamily(), DINOv2Family(), DINOv3Family(), EVAFamily(),
      TransformersFamily(),
    ]
  })
