import CoreTensor
import NeuralNetworks
import WorldModel

extension TrainingSettings {
  /// AdamW, whose rate falls from block to block below the head.
  func optimizer(of network: some FineTunedNetwork) -> AdamW {
    let rates = network.encoder.learningRateScales(decay: layerDecay)
    return AdamW(
      network.entries.map(\.parameter).filter(\.isTrainable),
      settings: AdamWSettings(weightDecay: weightDecay, clipNorm: clipNorm)
    ) { parameter in
      var scale = UpdateScale.standard(for: parameter)
      scale.learningRate = rates[ObjectIdentifier(parameter)] ?? 1
      return scale
    }
  }

  /// A step of fine-tuning on noise, for `chex-runner bench`: what it costs besides reading radiographs.
  /// - Parameters:
  ///   - network: with gradients.
  ///   - images: that a step has.
  ///   - loss: of images (B, 3, S, S).
  package func timedStep<Network: FineTunedNetwork>(
    _ network: Network, images: Int, loss: @escaping (Network, Tensor, DropPath) -> Tensor
  ) -> () throws -> Double {
    let shape = network.encoder.shape
    let batch = Self.noise([images, 3, shape.imageSize, shape.imageSize], stream: "bench.images")
    let (optimizer, rate) = (optimizer(of: network), learningRate)
    var step = 0
    return {
      var random = RandomStream(seed: 0, stream: "bench.drop", step: step)
      let dropping = DropPath(rate: self.dropPath, depth: shape.depth, images: images, random: &random)
      let loss = loss(network, batch, dropping)
      loss.backward()
      optimizer.updates = step
      step += 1
      return Double(optimizer.step(learningRate: rate, losses: [loss]).losses[0])
    }
  }

  /// Numbers from 0 to 1.
  package static func noise(_ shape: [Int], stream: String) -> Tensor {
    var random = RandomStream(seed: 0, stream: stream)
    return Tensor(shape) { values in
      for place in values.indices { values[place] = Float(random.uniform(in: 0...1)) }
    }
  }
}
