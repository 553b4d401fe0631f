import CoreTensor
import Foundation
import NeuralNetworks

/// Sizes of the network.
struct DiffusionShape: Sendable, Equatable, Codable {
  /// Side of an image in pixels, a multiple of 8.
  var size: Int
  /// Channels at the full size, a multiple of 8.
  var width: Int
  /// Width of the features that condition it.
  var condition: Int
  /// Of the vector that steps and features become. Default 512 (paper).
  var embedding = 512

  /// Channels at the full size, a half, a quarter and an eighth of it.
  var channels: [Int] { (1...4).map { $0 * width } }
  /// Whether pixels of a level attend to each other: where it has 16 × 16 or fewer.
  func attends(_ level: Int) -> Bool { size >> level <= 16 }
}

/// Group norm whose scale and shift of each channel and image come from an embedding.
///
/// The paper conditions batch norms; group norms do not mix images of a batch, so that a sample is the same whatever it
/// is drawn beside. Parameters: `weight` (2·channels, embedding), `bias` (2·channels) of the dense layer.
final class ConditionalNorm: Module {
  private let channels: Int
  private let affine: Linear
  /// Parts of the channels that are normalised together.
  static let groups = 8

  init(_ channels: Int, embedding: Int, initializer: inout Initializer) {
    self.channels = channels
    affine = Linear(embedding, 2 * channels, initializer: &initializer)
  }

  /// x (B, C, H, W), embedding (B, E) → (B, C, H, W)
  func callAsFunction(_ x: Tensor, _ embedding: Tensor) -> Tensor {
    let batch = x.shape[0]
    let both = affine(embedding)
    let scale = reshape(slice(both, [nil, 0..<channels]), [batch * channels]) + 1
    let shift = reshape(slice(both, [nil, channels..<2 * channels]), [batch * channels])
    // One image of B·C channels: the norm then applies each image's own scale and shift in its one pass.
    let flat = reshape(x, [1, batch * channels] + x.shape[2...])
    return reshape(groupNorm(flat, groups: batch * Self.groups, weight: scale, bias: shift), x.shape)
  }

  func visit(_ visitor: inout ParameterVisitor) { visitor.module(affine, "affine") }
}

/// Two convolutions, each after a conditional norm and a SiLU, beside a connection around them.
final class ResidualBlock: Module {
  private let norms: [ConditionalNorm]
  private let convolutions: [Convolution2d]
  private let shortcut: Convolution2d?

  init(_ inputs: Int, _ outputs: Int, embedding: Int, initializer: inout Initializer) {
    norms = [
      ConditionalNorm(inputs, embedding: embedding, initializer: &initializer),
      ConditionalNorm(outputs, embedding: embedding, initializer: &initializer),
    ]
    convolutions = [
      Convolution2d(inputs, outputs, kernel: 3, initializer: &initializer),
      Convolution2d(outputs, outputs, kernel: 3, initializer: &initializer),
    ]
    shortcut = inputs == outputs ? nil : Convolution2d(inputs, outputs, kernel: 1, initializer: &initializer)
    // A block begins as its connection alone (Dhariwal and Nichol 2021).
    convolutions[1].weight.assign(.zeros(convolutions[1].weight.shape))
    convolutions[1].bias?.assign(.zeros([outputs]))
  }

  func callAsFunction(_ x: Tensor, _ embedding: Tensor) -> Tensor {
    let inner = convolutions[0](silu(norms[0](x, embedding)))
    return convolutions[1](silu(norms[1](inner, embedding))) + (shortcut.map { $0(x) } ?? x)
  }

  func visit(_ visitor: inout ParameterVisitor) {
    for place in 0..<2 {
      visitor.module(norms[place], "norm\(place + 1)")
      visitor.module(convolutions[place], "conv\(place + 1)")
    }
    if let shortcut { visitor.module(shortcut, "shortcut") }
  }
}

/// Pixels that attend to each other: x + attention(norm(x)).
final class PixelAttention: Module {
  private let norm: LayerNorm
  private let projection: Linear
  private let output: Linear
  private let heads: Int

  init(_ channels: Int, initializer: inout Initializer) {
    norm = LayerNorm(channels, initializer: initializer)
    projection = Linear(channels, 3 * channels, initializer: &initializer)
    output = Linear(channels, channels, initializer: &initializer)
    heads = (1...max(1, channels / 32)).last { channels % $0 == 0 }!
  }

  /// x (B, C, H, W) → (B, C, H, W)
  func callAsFunction(_ x: Tensor) -> Tensor {
    let pixels = reshape(x, [x.shape[0], x.shape[1], x.shape[2] * x.shape[3]]).permuted([0, 2, 1])
    let attended = attentionBranch(
      pixels,
      norm: NormWeights(weight: norm.weight.tensor, bias: norm.bias.tensor, epsilon: norm.epsilon),
      projection: DenseWeights(weight: projection.weight.tensor, bias: projection.bias.tensor),
      output: DenseWeights(weight: output.weight.tensor, bias: output.bias.tensor), heads: heads)
    return reshape(attended.permuted([0, 2, 1]), x.shape)
  }

  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(norm, "norm")
    visitor.module(projection, "qkv")
    visitor.module(output, "proj")
  }
}

/// A residual block, and attention where the level has it.
final class Stage: Module {
  private let block: ResidualBlock
  private let attention: PixelAttention?

  init(_ inputs: Int, _ outputs: Int, attends: Bool, embedding: Int, initializer: inout Initializer) {
    block = ResidualBlock(inputs, outputs, embedding: embedding, initializer: &initializer)
    attention = attends ? PixelAttention(outputs, initializer: &initializer) : nil
  }

  func callAsFunction(_ x: Tensor, _ embedding: Tensor) -> Tensor {
    let inner = block(x, embedding)
    return attention.map { $0(inner) } ?? inner
  }

  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(block, "block")
    if let attention { visitor.module(attention, "attn") }
  }
}
