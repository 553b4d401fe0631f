import CoreTensor
import FineTuning
import NeuralNetworks
import WorldModel

/// An encoder, features of four sizes made of its last tokens (a simple feature pyramid, Li et al. 2022), and a U-Net
/// that makes masks of them (spec/beyond, section 11).
final class SegmentationNetwork: FineTunedNetwork {
  let encoder: any ImageEncoder
  private let decoder: any MaskDecoder
  private let isTrainable: Bool

  /// - Parameters:
  ///   - networks: of the model, whose kind of encoder it takes.
  ///   - shape: of the encoder.
  ///   - isFrozen: whether the encoder stays as it is.
  /// - Precondition: `decoder` suits the encoder's patches: see `problem`.
  init(
    _ networks: Networks, _ shape: VisionTransformerConfiguration, classes: Int, decoder kind: DecoderKind,
    isFrozen: Bool, seed: UInt64,
    trainable: Bool
  ) {
    var start = Initializer(
      random: RandomStream(seed: seed, stream: "segment.encoder"), trainable: trainable && !isFrozen)
    encoder = networks.makeEncoder(shape, &start)
    var beginning = Initializer(
      random: RandomStream(seed: seed, stream: "segment.decoder"), trainable: trainable)
    if let base = kind.base {
      decoder = PyramidDecoder(shape.width, classes: classes, base: base, patch: shape.patchSize, &beginning)
    } else {
      decoder = LinearDecoder(shape.width, classes: classes, &beginning)
    }
    isTrainable = trainable
    for entry in entries { entry.parameter.name = entry.name }
  }

  /// Why a decoder does not suit an encoder; nil where it does.
  static func problem(_ kind: DecoderKind, _ shape: VisionTransformerConfiguration) -> String? {
    guard kind.base != nil else { return nil }
    let expected = "option decoder: \(kind.rawValue) makes features of 4 sizes, for which "
    if ![8, 16, 32].contains(shape.patchSize) {
      return expected
        + "patches of 8, 16 or 32 pixels are expected, found \(shape.patchSize); take decoder = \"linear\""
    }
    if shape.gridSize < 2 {
      return expected
        + "2 patches along a side or more are expected, found \(shape.gridSize); take a larger image"
    }
    return nil
  }

  /// images (B, 3, S, S) → logits of masks (B, classes, S, S)
  func callAsFunction(_ images: Tensor, dropping: DropPath? = nil) -> Tensor {
    let tokens = Observation.within("encoder") { encoder(images, dropping: dropping) }
    let grid = encoder.shape.gridSize
    let features = reshape(tokens.transposed(), [tokens.shape[0], tokens.shape[2], grid, grid])
    let logits = Observation.within("decoder") { decoder(features, images, training: isTrainable) }
    let side = images.shape[2]
    return logits.shape[2] == side ? logits : resized(logits, height: side, width: side)
  }

  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(encoder, "encoder")
    visitor.module(decoder, "decoder")
  }
}

/// Masks of features.
private protocol MaskDecoder: Module {
  /// - Parameters:
  ///   - features: (B, d, n, n)
  ///   - images: (B, 3, S, S)
  /// - Returns: logits (B, classes, s, s), s at most S.
  func callAsFunction(_ features: Tensor, _ images: Tensor, training: Bool) -> Tensor
}

private final class LinearDecoder: MaskDecoder {
  private let head: Convolution2d

  init(_ width: Int, classes: Int, _ initializer: inout Initializer) {
    head = Convolution2d(width, classes, kernel: 1, initializer: &initializer)
  }

  func callAsFunction(_ features: Tensor, _ images: Tensor, training: Bool) -> Tensor { head(features) }
  func visit(_ visitor: inout ParameterVisitor) { visitor.module(head, "head") }
}

/// Features at P/4, P/2, P and 2P pixels of patches of P, and a stem of the image itself at P/8.
private final class PyramidDecoder: MaskDecoder {
  private let once: TransposedConvolution2d
  private let twice: [TransposedConvolution2d]
  private let halved: Convolution2d
  /// To 2b, 4b, 8b and 16b channels.
  private let laterals: [NormalizedConvolution]
  private let stem: NormalizedConvolution
  /// From the coarsest features to the stem.
  private let stages: [ResidualStage]
  private let head: Convolution2d

  init(_ width: Int, classes: Int, base: Int, patch: Int, _ initializer: inout Initializer) {
    once = TransposedConvolution2d(width, width / 2, kernel: 2, stride: 2, initializer: &initializer)
    twice = [
      TransposedConvolution2d(width, width / 2, kernel: 2, stride: 2, initializer: &initializer),
      TransposedConvolution2d(width / 2, width / 4, kernel: 2, stride: 2, initializer: &initializer),
    ]
    halved = Convolution2d(width, 2 * width, kernel: 2, stride: 2, padding: 0, initializer: &initializer)
    laterals = zip([width / 4, width / 2, width, 2 * width], [2, 4, 8, 16]).map {
      NormalizedConvolution($0, $1 * base, kernel: 1, initializer: &initializer)
    }
    stem = NormalizedConvolution(3, base, kernel: 3, stride: patch / 8, initializer: &initializer)
    stages = [8, 4, 2, 1].map { ResidualStage(3 * $0 * base, $0 * base, initializer: &initializer) }
    head = Convolution2d(base, classes, kernel: 1, initializer: &initializer)
  }

  func callAsFunction(_ features: Tensor, _ images: Tensor, training: Bool) -> Tensor {
    let sizes = [twice[1](gelu(twice[0](features))), once(features), features, halved(features)]
    let levels = zip(laterals, sizes).map { $0($1, training: training) }
    var x = levels[3]
    for (stage, skip) in zip(stages, [levels[2], levels[1], levels[0], stem(images, training: training)]) {
      let larger = resized(x, height: skip.shape[2], width: skip.shape[3], mode: .nearest)
      x = stage(concatenate([larger, skip], axis: 1), training: training)
    }
    return head(x)
  }

  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(once, "pyramid.once")
    for (number, module) in twice.enumerated() { visitor.module(module, "pyramid.twice.\(number)") }
    visitor.module(halved, "pyramid.halved")
    for (number, module) in laterals.enumerated() { visitor.module(module, "laterals.\(number)") }
    visitor.module(stem, "stem")
    for (number, module) in stages.enumerated() { visitor.module(module, "stages.\(number)") }
    visitor.module(head, "head")
  }
}

/// A convolution, batch normalisation and GELU.
private final class NormalizedConvolution: Module {
  private let convolution: Convolution2d
  private let norm: BatchNorm

  init(_ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, initializer: inout Initializer) {
    convolution = Convolution2d(
      inputs, outputs, kernel: kernel, stride: stride, hasBias: false, initializer: &initializer)
    norm = BatchNorm(outputs, initializer: initializer)
  }

  func callAsFunction(_ x: Tensor, training: Bool) -> Tensor {
    gelu(norm(convolution(x), training: training))
  }

  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(convolution, "convolution")
    visitor.module(norm, "norm")
  }
}

/// Two 3×3 convolutions beside a 1×1 convolution.
private final class ResidualStage: Module {
  private let first: NormalizedConvolution
  private let second: NormalizedConvolution
  private let skip: Convolution2d

  init(_ inputs: Int, _ outputs: Int, initializer: inout Initializer) {
    first = NormalizedConvolution(inputs, outputs, kernel: 3, initializer: &initializer)
    second = NormalizedConvolution(outputs, outputs, kernel: 3, initializer: &initializer)
    skip = Convolution2d(inputs, outputs, kernel: 1, initializer: &initializer)
  }

  func callAsFunction(_ x: Tensor, training: Bool) -> Tensor {
    second(first(x, training: training), training: training) + skip(x)
  }

  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(first, "first")
    visitor.module(second, "second")
    visitor.module(skip, "skip")
  }
}
