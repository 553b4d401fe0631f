import CoreTensor
import Foundation
import Imaging
import NeuralNetworks
import Testing
import WorldModel

@testable import RCDMEvaluation

/// What the diffusion model computes, whatever it learns from.
@Suite struct DiffusionTests {
  @Test func noiseFollowsTheCosineOfItsPaper() {
    let schedule = NoiseSchedule()
    func formula(_ step: Double) -> Double { pow(cos((step / 1000 + 0.008) / 1.008 * .pi / 2), 2) }
    for step in [0, 1, 10, 250, 500, 900, 998] {
      #expect(abs(schedule.kept[step] - formula(Double(step)) / formula(0)) < 1e-12)
    }
    // The last step would take all that is left, and takes 0.999 of it.
    #expect(abs(schedule.kept[1000] / schedule.kept[999] - 0.001) < 1e-9)
    #expect(zip(schedule.kept, schedule.kept.dropFirst()).allSatisfy { $0 > $1 })
    let (image, noise) = schedule.factors(at: 400)
    #expect(abs(image * image + noise * noise - 1) < 1e-6)
  }

  @Test(arguments: [50, 1000]) func samplingRecoversAGaussian(count: Int) {
    // Of images that are normal with this mean and deviation the best prediction is known.
    let (mean, deviation): (Float, Float) = (0.3, 0.2)
    let schedule = NoiseSchedule()
    var random = RandomStream(seed: 2, stream: "noise")
    let noise = DiffusionTraining.noise([4, 1, 16, 16], &random)
    let sampler = Sampler(schedule, count: count, clips: false)
    #expect(sampler.visited.count == count && sampler.visited[0] == 1000 && sampler.visited.last! > 0)
    let found = sampler(noise) { image, step in
      let (kept, error) = schedule.factors(at: step)
      let gain = kept * deviation * deviation / (kept * kept * deviation * deviation + error * error)
      let clean = (image - mean * kept) * gain + mean
      return (image * kept - clean) / error
    }
    // Its flow takes the noise z to mean + deviation · z.
    let worst = zip(found.values, noise.values).map { abs($0 - mean - deviation * $1) }.max()!
    #expect(worst < (count == 1000 ? 0.01 : 0.1))
    #expect(
      abs(found.values.reduce(0, +) / 1024 - mean - deviation * noise.values.reduce(0, +) / 1024) < 0.01)
  }

  @Test func clippedImagesStayInRange() {
    var random = RandomStream(seed: 2, stream: "noise")
    let noise = DiffusionTraining.noise([1, 1, 8, 8], &random)
    let found = Sampler(NoiseSchedule(), count: 10)(noise) { image, _ in image * -3 }
    #expect(found.values.allSatisfy { abs($0) <= 1 })
  }

  @Test func conditionalNormsGradientsAreThoseOfDifferences() {
    var initializer = Initializer(random: RandomStream(seed: 3, stream: "norm"))
    let norm = ConditionalNorm(8, embedding: 4, initializer: &initializer)
    var random = RandomStream(seed: 4, stream: "values")
    let x = Parameter(DiffusionTraining.noise([2, 8, 2, 3], &random))
    let embedding = Parameter(DiffusionTraining.noise([2, 4], &random))
    let weights = DiffusionTraining.noise([2, 8, 2, 3], &random)
    func loss() -> Tensor { (norm(x.tensor, embedding.tensor) * weights).sum() }
    loss().backward()
    for parameter in [x, embedding] + norm.entries.map(\.parameter) {
      let gradient = parameter.gradient!.values
      for place in [0, gradient.count / 2, gradient.count - 1] {
        let values = parameter.tensor.values
        func moved(_ by: Float) -> Float {
          var other = values
          other[place] += by
          parameter.assign(other)
          defer { parameter.assign(values) }
          return withoutGradients { loss().scalar }
        }
        let difference = (moved(1e-2) - moved(-1e-2)) / 2e-2
        #expect(abs(difference - gradient[place]) < 0.02 * max(1, abs(difference)))
      }
    }
  }

  @Test func anImageIsTheSameWhateverItIsBeside() {
    let network = Trial.network(DiffusionShape(size: 16, width: 8, condition: 3, embedding: 16))
    wave(network)
    let images = Tensor(waves(3 * 256, 0.5, 1), shape: [3, 1, 16, 16])
    let features = Tensor(waves(9, 0.1, 1), shape: [3, 3])
    let all = network(images, steps: [5, 70, 900], features: features, told: [1, 1, 0]).values
    let alone = network(
      slice(images, 1..<2), steps: [70], features: slice(features, 1..<2), told: [1]
    ).values
    #expect(zip(all[256..<512], alone).allSatisfy { abs($0 - $1) < 1e-4 })
    // Where features are not told, they change nothing.
    let others = network(images, steps: [5, 70, 900], features: features * 2, told: [1, 1, 0]).values
    #expect(Array(all[512...]) == Array(others[512...]) && all[..<256] != others[..<256])
  }

  /// Values of PyTorch in double precision (`Benchmarks/peer_diffusion.py --golden`).
  private struct Golden: Codable {
    let loss: Double
    let outputs: [Double]
    let gradientNorms: [String: Double]
    let gradientSums: [String: Double]
  }

  @Test func forwardAndGradientsAreThoseOfPyTorch() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "golden.json")
    let golden = try JSONDecoder().decode(Golden.self, from: try Data(contentsOf: file))
    let network = Trial.network(DiffusionShape(size: 32, width: 8, condition: 5, embedding: 16))
    wave(network)
    let images = Tensor(waves(3 * 1024, 0.5, 1), shape: [3, 1, 32, 32])
    let output = network(
      images, steps: [1, 400, 1000], features: Tensor(waves(15, 0.25, 1), shape: [3, 5]), told: [1, 0, 1])
    for (place, expected) in golden.outputs.enumerated() {
      #expect(abs(Double(output.values[place * 97]) - expected) < 2e-4)
    }
    let loss = meanSquaredError(output, Tensor(waves(3 * 1024, 1.5, 1), shape: [3, 1, 32, 32]))
    #expect(abs(Double(loss.scalar) - golden.loss) < 1e-5)
    loss.backward()
    let learnt = network.entries.filter { !$0.isBuffer }
    #expect(Set(learnt.map(\.name)) == Set(golden.gradientNorms.keys))
    for entry in learnt {
      let gradient = entry.parameter.gradient!.values.map(Double.init)
      let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let (expected, sum) = (golden.gradientNorms[entry.name]!, golden.gradientSums[entry.name]!)
      #expect(abs(norm - expected) < 2e-3 * expected + 1e-5, "\(entry.name): \(norm), expected \(expected)")
      #expect(abs(gradient.reduce(0, +) - sum) < 1e-2 * expected + 1e-4, "\(entry.name)")
    }
  }

  /// A wave in place of chance, as the golden figures have it.
  private func waves(_ count: Int, _ phase: Double, _ scale: Double) -> [Float] {
    (0..<count).map { Float(scale * sin(0.37 * Double($0) + phase)) }
  }

  private func wave(_ network: UNet) {
    for (number, entry) in network.entries.filter({ !$0.isBuffer }).enumerated() {
      let shape = entry.parameter.shape
      let fan = shape.count > 1 ? shape.dropFirst().reduce(1, *) : 100
      let isScale = shape.count == 1 && entry.name.hasSuffix("norm.weight")
      entry.parameter.assign(
        waves(shape.reduce(1, *), Double(number), pow(Double(fan), -0.5)).map { $0 + (isScale ? 1 : 0) })
    }
  }

  @Test func aFewImagesAreLearntByHeart() throws {
    let settings = try Trial.settings([
      "batch_size": .integer(4), "untold": .number(0), "learning_rate": .number(3e-3),
    ])
    let training = DiffusionTraining(settings, features: 2, seed: 1, workspace: nil)
    // Black and white images, and a feature that says which.
    let batch = TrainingRegions.Batch(
      images: [Float(0.1), 0.9, 0.1, 0.9].map { GrayImage(width: 16, height: 16, fill: $0) },
      features: [[1, 0], [0, 1], [1, 0], [0, 1]])
    for step in 0..<400 { try training.learn(batch, step: step) }
    let drawn = try Imagination(
      training.average, try Trial.settings(["sampling_steps": .integer(20)]), seed: 3
    )
    .pictures(of: [[1, 0], [0, 1]], sample: 0)
    let means = drawn.map { $0.pixels.reduce(0, +) / 256 }
    #expect(means[0] < 0.3 && means[1] > 0.7, "\(means)")
  }
}
