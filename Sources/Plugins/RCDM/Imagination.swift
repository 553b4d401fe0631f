import CoreTensor
import Imaging
import WorldModel

/// Draws pictures of feature vectors.
struct Imagination {
  let network: UNet
  let sampler: Sampler
  let guidance: Float
  let seed: UInt64
  private static let atOnce = 16

  init(_ network: UNet, _ settings: RCDMSettings, seed: UInt64) {
    (self.network, self.seed) = (network, seed)
    sampler = Sampler(NoiseSchedule(), count: settings.samplingSteps)
    guidance = Float(settings.guidance)
  }

  /// - Parameters:
  ///   - features: one vector for each picture.
  ///   - sample: number of the noise that all of them begin with, so that what differs is the features' doing.
  ///   - isStopRequested: asked between batches.
  /// - Returns: pictures in [0, 1], as large as the network's.
  /// - Throws: `EvaluationStopped` where the user asked to stop.
  func pictures(
    of features: [[Float]], sample: Int, isStopRequested: () -> Bool = { false }
  ) throws -> [GrayImage] {
    let size = network.shape.size
    var pictures: [GrayImage] = []
    while pictures.count < features.count {
      if isStopRequested() { throw EvaluationStopped() }
      let part = features[pictures.count..<min(pictures.count + Self.atOnce, features.count)]
      var random = RandomStream(seed: seed, stream: "rcdm.samples", index: sample)
      let one = DiffusionTraining.noise([1, 1, size, size], &random)
      let values = withoutGradients {
        sampler(expanded(one, to: [part.count, 1, size, size])) { velocity($0, $1, part) }.values
      }
      pictures += (0..<part.count).map { index in
        GrayImage(
          width: size, height: size,
          pixels: values[index * size * size..<(index + 1) * size * size].map { min(max(($0 + 1) / 2, 0), 1) }
        )
      }
    }
    return pictures
  }

  /// With classifier-free guidance (Ho and Salimans 2022) where it is not 1.
  private func velocity(_ images: Tensor, _ step: Int, _ features: ArraySlice<[Float]>) -> Tensor {
    let count = features.count
    let vectors = Tensor(features.flatMap { $0 }, shape: [count, network.shape.condition])
    func predicted(told: Float) -> Tensor {
      network(
        images, steps: [Int](repeating: step, count: count), features: vectors,
        told: [Float](repeating: told, count: count))
    }
    let with = predicted(told: 1)
    guard guidance != 1 else { return with }
    let without = predicted(told: 0)
    return without + (with - without) * guidance
  }
}
