import CoreTensor
import Foundation

/// How much of an image is left at each step of noise, from 1 to `steps`: the cosine schedule (Nichol and Dhariwal 2021,
/// equation 17).
struct NoiseSchedule: Sendable {
  /// Steps from an image to plain noise.
  let steps: Int
  /// ᾱ by step; 1 at step 0, which has no noise.
  let kept: [Double]

  /// - Parameter steps: 1 or more.
  init(steps: Int = 1000) {
    require(steps > 0, "NoiseSchedule: \(steps) steps")
    self.steps = steps
    func share(_ step: Int) -> Double {
      let angle = (Double(step) / Double(steps) + Self.offset) / (1 + Self.offset) * .pi / 2
      return cos(angle) * cos(angle)
    }
    kept = (1...steps).reduce(into: [1.0]) { kept, step in
      // No step takes more than 0.999 of the variance (same paper), which matters for the last alone.
      kept.append(kept[step - 1] * (1 - min(1 - share(step) / share(step - 1), 0.999)))
    }
  }

  /// Keeps the first steps from being too small for pixels of eight bits.
  private static let offset = 0.008

  /// Factors of the image and of the noise at a step: √ᾱ and √(1 - ᾱ).
  func factors(at step: Int) -> (image: Float, noise: Float) {
    (Float(kept[step].squareRoot()), Float((1 - kept[step]).squareRoot()))
  }

  /// Factors of a batch, (B, 1, 1, 1) each.
  func factors(at steps: [Int]) -> (image: Tensor, noise: Tensor) {
    let shape = [steps.count, 1, 1, 1]
    return (
      Tensor(steps.map { factors(at: $0).image }, shape: shape),
      Tensor(steps.map { factors(at: $0).noise }, shape: shape)
    )
  }
}

/// Sampling without chance between steps (DDIM with η = 0; Song et al. 2021, equation 12).
struct Sampler: Sendable {
  let schedule: NoiseSchedule
  /// Steps of noise that are visited, descending; 0 is where it ends.
  let visited: [Int]
  /// Whether images that are guessed on the way are held within -1 to 1.
  let clips: Bool

  /// - Parameters:
  ///   - schedule: that the network was trained with.
  ///   - count: of the steps that are taken, spread evenly; at most the schedule's.
  ///   - clips: default true.
  init(_ schedule: NoiseSchedule, count: Int, clips: Bool = true) {
    let count = min(max(count, 1), schedule.steps)
    (self.schedule, self.clips) = (schedule, clips)
    visited = (0..<count).map { schedule.steps - $0 * schedule.steps / count }
  }

  /// - Parameters:
  ///   - noise: (B, 1, S, S), standard normal.
  ///   - velocity: what a network predicts of an image at a step: √ᾱ ε - √(1 - ᾱ) x (Salimans and Ho 2022).
  /// - Returns: images of the noise's shape, from -1 to 1 where clipped.
  func callAsFunction(_ noise: Tensor, velocity: (_ image: Tensor, _ step: Int) -> Tensor) -> Tensor {
    var image = noise
    for (place, step) in visited.enumerated() {
      let now = schedule.factors(at: step)
      let next = schedule.factors(at: place + 1 < visited.count ? visited[place + 1] : 0)
      let found = velocity(image, step)
      var clean = image * now.image - found * now.noise
      var error = image * now.noise + found * now.image
      if clips {
        clean = minimum(maximum(clean, -1), 1)
        error = (image - clean * now.image) / max(now.noise, 1e-6)
      }
      image = clean * next.image + error * next.noise
    }
    return image
  }
}
