import CoreTensor
import TestSupport

@testable import NeuralNetworks

/// Initial values from a stream of the given name.
func initializer(_ name: String = "weights", trainable: Bool = true) -> Initializer {
  Initializer(random: RandomStream(seed: 11, stream: name), trainable: trainable)
}

extension Module {
  /// Gives every parameter (buffers excepted) random values of a size at which each matters.
  func randomise(scale: Float = 0.4) {
    var random = RandomTensors("parameters")
    for entry in entries where !entry.isBuffer {
      entry.parameter.assign(random.normal(entry.parameter.shape, scale: scale))
    }
  }

  /// Makes the residual branches add nothing, so that blocks change nothing.
  func silenceBranches() {
    for entry in entries where entry.name.contains(".attn.proj.") || entry.name.contains(".mlp.fc2.") {
      entry.parameter.tensor.pointer.update(repeating: 0, count: entry.parameter.tensor.count)
    }
  }
}

/// A vision transformer of 4 × 4 patches of 2 × 2 pixels.
func tinyEncoder(
  width: Int = 8, depth: Int = 2, heads: Int = 2, order: PositionOrder = .rowFirst, trainable: Bool = true
) -> VisionTransformer {
  var start = initializer(trainable: trainable)
  return VisionTransformer(
    VisionTransformerConfiguration(
      imageSize: 8, patchSize: 2, width: width, depth: depth, heads: heads, positionOrder: order),
    initializer: &start)
}

func tinyImages(_ count: Int = 2) -> Tensor {
  var random = RandomTensors("images")
  return random.normal([count, 3, 8, 8])
}

/// Rows `tokens` of image `image` in (B, N, D).
func rows(_ x: Tensor, image: Int, _ tokens: [Int]) -> [Float] {
  let (count, width) = (x.shape[1], x.shape[2])
  let values = x.values
  return tokens.flatMap { values[((image * count + $0) * width)..<((image * count + $0 + 1) * width)] }
}
