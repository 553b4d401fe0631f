import CoreTensor
import NeuralNetworks
import WorldModel

/// The small model that plugins are tried on.
enum TrialConfiguration {
  /// Of 8 × 8, 14 × 14 (as 224 pixels in patches of 16) and 20 × 20 patches.
  private static let all = [32, 56, 80].map { side in
    WorldModelConfiguration(
      encoder: VisionTransformerConfiguration(imageSize: side, patchSize: 4, width: 32, depth: 2, heads: 2),
      predictor: PredictorConfiguration(featureWidth: 32, width: 16, depth: 1, heads: 2, gridSize: side / 4))
  }

  /// The smallest that every task agrees to; where none is, the smallest, with which the tasks say why.
  static func suiting(_ tasks: [(definition: TaskDefinition, options: Options)]) -> WorldModelConfiguration {
    let all = Self.all.map { shape in
      WorldModelConfiguration(
        encoder: shape.encoder, predictor: shape.predictor,
        targetEncoder: TaskSet.targetEncoder(of: tasks.map(\.definition)))
    }
    return all.first { shape in
      Compatibility.allCases.allSatisfy { compatibility in
        (try? TaskSet(tasks, environment: shape.environment(compatibility))) != nil
      }
    } ?? all[0]
  }

  /// Two images of noise, of which one context shows twenty patches that are to be predicted: without any task.
  static func batch(_ shape: WorldModelConfiguration, _ step: Int) -> WorldBatch {
    var random = RandomStream(seed: TaskTrial.seed, stream: "trial.batch", step: step)
    let (side, patchCount) = (shape.encoder.imageSize, shape.encoder.patchCount)
    let images = Tensor(
      (0..<2 * 3 * side * side).map { _ in Float(random.normal()) }, shape: [2, 3, side, side],
      on: CPUDevice.shared)
    let patches = (0..<2).map { _ in random.permutation(patchCount).prefix(20).sorted() }
    return WorldBatch(
      contexts: [.init(images: images, visible: patches)], targets: [images],
      supervisions: [.init(name: "z11", context: 0, target: 0, patches: patches, latents: [])])
  }
}
