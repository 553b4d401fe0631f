import Batches
import Console
import CoreTensor
import Foundation
import NeuralNetworks

/// Times frozen features: whole crops through an encoder that does not change.
struct EncodeBench {
  struct Result: Codable {
    let peer: String
    let model: String
    let image: Int
    let batch: Int
    let precision: String
    let threads: Int
    let millisecondsPerBatch: Double
    let imagesPerSecond: Double
    let peakMib: Int
  }

  let sizes: BenchSizes
  let backend: any Backend

  func run(repeats: Int) -> Result {
    var initializer = Initializer(random: RandomStream(seed: 0, stream: "bench"), trainable: false)
    var random = RandomStream(seed: 1, stream: "bench")
    let times = Compute.$backend.withValue(backend) {
      let encoder = VisionTransformer(sizes.encoder, initializer: &initializer)
      let images = NoiseImages.batch(sizes.batch, sizes.image, &random)
      return PackedWeights.keeping {
        (0...repeats).map { _ in
          let began = ProgressReporter.systemClock()
          _ = encoder(images)
          backend.device.synchronize()
          return ProgressReporter.systemClock() - began
        }
      }
    }
    let median = BenchFigures.median(Array(times.dropFirst()))
    return Result(
      peer: "chex-runner " + CommandLineProgram.version, model: sizes.size.rawValue, image: sizes.image,
      batch: sizes.batch, precision: backend.activationType.rawValue, threads: Compute.threads,
      millisecondsPerBatch: BenchFigures.rounded(median * 1e3),
      imagesPerSecond: BenchFigures.rounded(Double(sizes.batch) / median), peakMib: BenchFigures.peakMebibytes
    )
  }
}

extension EncodeBench.Result: CustomStringConvertible {
  var description: String {
    "\(model), \(image) px, batch \(batch), \(precision), \(threads) threads: "
      + "\(millisecondsPerBatch) ms a batch, \(imagesPerSecond) images/s, peak \(peakMib) MiB"
  }
}
