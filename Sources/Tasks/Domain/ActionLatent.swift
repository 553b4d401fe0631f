import CoreTensor
import NeuralNetworks
import WorldModel

/// `a`: how the context's appearance was changed. Each mask token becomes `π([m + PE ; a])`, with π a network of
/// three dense layers (paper equation 9; spec section 4).
///
/// Parameters under the published names: `predictor.policy_net.0/2/4`.
final class ActionLatent: Latent {
  static let name: String = "policy_net"
  let name: String = ActionLatent.name
  let width: Int
  private let layers: [Linear]

  init(width: Int, tokenWidth: Int, initializer: inout Initializer) {
    self.width = width
    layers = [
      Linear(tokenWidth + width, tokenWidth, initializer: &initializer),
      Linear(tokenWidth, tokenWidth, initializer: &initializer),
      Linear(tokenWidth, tokenWidth, initializer: &initializer),
    ]
  }

  func condition(_ tokens: Tensor, numbers: Tensor) -> Tensor {
    let joined = concatenateFeatures(tokens, repeatRows(numbers, tokens.shape[1]))
    return layers[2](relu(layers[1](relu(layers[0](joined)))))
  }

  /// Nothing: `a` stands below the context whose appearance it tells of.
  func caption(of value: LatentValue) -> String? { nil }

  func visit(_ visitor: inout ParameterVisitor) {
    // The published network counts its activations as layers too.
    for (index, layer) in layers.enumerated() { visitor.module(layer, "\(2 * index)") }
  }
}
