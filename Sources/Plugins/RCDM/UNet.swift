import CoreTensor
import Foundation
import NeuralNetworks

/// Predicts the velocity of a noisy grey image, told the step of noise and a feature vector: a U-Net of four levels with
/// a residual block on each way, attention at 16 × 16 pixels and fewer, and conditional norms in every block (after
/// Dhariwal and Nichol 2021, Bordes et al. 2021).
///
/// Buffers: `mean` and `deviation` of the features that it was trained on, by which features are standardised.
final class UNet: Module {
  let shape: DiffusionShape
  let mean: Parameter
  let deviation: Parameter
  private let timeLayers: [Linear]
  private let condition: Linear
  private let entry: Convolution2d
  private let down: [Stage]
  private let shrinking: [Convolution2d]
  private let middle: [Stage]
  private let up: [Stage]
  private let enlarging: [Convolution2d]
  private let norm: GroupNorm
  private let exit: Convolution2d

  init(_ shape: DiffusionShape, initializer: inout Initializer) {
    self.shape = shape
    let (channels, width) = (shape.channels, shape.embedding)
    mean = Parameter(.zeros([shape.condition]), trainable: false)
    deviation = Parameter(Tensor([shape.condition], repeating: 1), trainable: false)
    timeLayers = [
      Linear(shape.width, width, initializer: &initializer), Linear(width, width, initializer: &initializer),
    ]
    condition = Linear(shape.condition, width, initializer: &initializer)
    entry = Convolution2d(1, channels[0], kernel: 3, initializer: &initializer)
    func stage(_ inputs: Int, _ level: Int, attends: Bool? = nil) -> Stage {
      Stage(
        inputs, channels[level], attends: attends ?? shape.attends(level), embedding: width,
        initializer: &initializer)
    }
    down = channels.indices.map { stage(channels[max($0 - 1, 0)], $0) }
    middle = [stage(channels[3], 3, attends: true), stage(channels[3], 3, attends: false)]
    up = channels.indices.map { stage(2 * channels[$0], $0) }
    var (shrinking, enlarging): ([Convolution2d], [Convolution2d]) = ([], [])
    for level in 0..<3 {
      let (own, next) = (channels[level], channels[level + 1])
      shrinking.append(Convolution2d(own, own, kernel: 3, stride: 2, initializer: &initializer))
      enlarging.append(Convolution2d(next, own, kernel: 3, initializer: &initializer))
    }
    (self.shrinking, self.enlarging) = (shrinking, enlarging)
    norm = GroupNorm(channels[0], groups: ConditionalNorm.groups, initializer: initializer)
    exit = Convolution2d(channels[0], 1, kernel: 3, initializer: &initializer)
    exit.weight.assign(.zeros(exit.weight.shape))
    exit.bias?.assign(.zeros([1]))
    for own in entries { own.parameter.name = own.name }
  }

  /// - Parameters:
  ///   - images: (B, 1, S, S).
  ///   - steps: B steps of noise, from 1.
  ///   - features: (B, d).
  ///   - told: for each image 1 where the features are told, 0 where not.
  /// - Returns: (B, 1, S, S).
  func callAsFunction(_ images: Tensor, steps: [Int], features: Tensor, told: [Float]) -> Tensor {
    let embedding = embedding(steps, features, told)
    var x = entry(images)
    var kept: [Tensor] = []
    for level in down.indices {
      x = down[level](x, embedding)
      kept.append(x)
      if level < shrinking.count { x = shrinking[level](x) }
    }
    for stage in middle { x = stage(x, embedding) }
    for level in up.indices.reversed() {
      x = up[level](concatenate([x, kept[level]], axis: 1), embedding)
      if level > 0 {
        let side = 2 * x.shape[2]
        x = enlarging[level - 1](resized(x, height: side, width: side, mode: .nearest))
      }
    }
    return exit(silu(norm(x)))
  }

  /// What steps and features together tell every block, (B, E).
  private func embedding(_ steps: [Int], _ features: Tensor, _ told: [Float]) -> Tensor {
    let waves = Tensor(
      steps.flatMap { Self.waves(of: $0, width: shape.width) }, shape: [steps.count, shape.width])
    let time = timeLayers[1](silu(timeLayers[0](waves)))
    let standard = (features - mean.tensor) / deviation.tensor
    return silu(time + condition(standard) * Tensor(told, shape: [told.count, 1]))
  }

  /// Cosines and sines of a step (Vaswani et al. 2017), `width` numbers.
  static func waves(of step: Int, width: Int) -> [Float] {
    let half = width / 2
    let angles = (0..<half).map { Double(step) * exp(-log(10_000) * Double($0) / Double(half)) }
    return angles.map { Float(cos($0)) } + angles.map { Float(sin($0)) }
  }

  func visit(_ visitor: inout ParameterVisitor) {
    visitor.buffer(mean, "mean")
    visitor.buffer(deviation, "deviation")
    for (place, layer) in timeLayers.enumerated() { visitor.module(layer, "time.\(place)") }
    visitor.module(condition, "condition")
    visitor.module(entry, "entry")
    for level in down.indices {
      visitor.module(down[level], "down.\(level)")
      visitor.module(up[level], "up.\(level)")
    }
    for level in shrinking.indices {
      visitor.module(shrinking[level], "shrink.\(level)")
      visitor.module(enlarging[level], "enlarge.\(level)")
    }
    for (place, stage) in middle.enumerated() { visitor.module(stage, "middle.\(place)") }
    visitor.module(norm, "norm")
    visitor.module(exit, "exit")
  }
}
