import CoreTensor
import Imaging
import NeuralNetworks
import WorldModel

/// From features of all patches of a view to its pixels: a small transformer, then a little convolution across the seams of
/// patches.
final class PatchDecoder: Module {
  private let geometry: ImageGeometry
  private let embedding: Linear
  private let positionTable: Parameter
  private let blocks: TransformerStack
  private let norm: LayerNorm
  private let head: Linear
  private let smoothing: [Convolution2d]
  /// Channels between the convolutions.
  private static let channels = 16

  /// - Parameters:
  ///   - geometry: of the views.
  ///   - features: width of a feature vector.
  ///   - width: of the decoder's tokens, a multiple of 4 and of `heads`.
  ///   - depth: blocks.
  init(
    _ geometry: ImageGeometry, features: Int, width: Int, depth: Int, heads: Int,
    initializer: inout Initializer
  ) {
    self.geometry = geometry
    embedding = Linear(features, width, initializer: &initializer)
    positionTable = Parameter(
      PositionEncoding(width: width, order: .rowFirst).grid(geometry.gridSize), trainable: false)
    blocks = TransformerStack(
      width, depth: depth, heads: heads, mlpRatio: 4, name: "blocks", initializer: &initializer)
    norm = LayerNorm(width, initializer: initializer)
    head = Linear(width, geometry.patchSize * geometry.patchSize, initializer: &initializer)
    smoothing = [
      Convolution2d(1, Self.channels, kernel: 3, initializer: &initializer),
      Convolution2d(Self.channels, 1, kernel: 3, initializer: &initializer),
    ]
  }

  /// features (B, N, d) of all patches in raster order → pixels (B, 1, S, S), in deviations from middle grey
  /// (`PixelScale`).
  func callAsFunction(_ features: Tensor) -> Tensor {
    let (count, grid, size) = (features.shape[0], geometry.gridSize, geometry.patchSize)
    let tokens = norm(blocks(embedding(features) + positionTable.tensor))
    let patches = reshape(head(tokens), [count, grid, grid, size, size])
    let image = reshape(
      patches.permuted([0, 1, 3, 2, 4]), [count, 1, geometry.imageSize, geometry.imageSize])
    return image + smoothing[1](gelu(smoothing[0](image)))
  }

  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(embedding, "embed")
    visitor.buffer(positionTable, "pos_embed")
    visitor.module(blocks, "")
    visitor.module(norm, "norm")
    visitor.module(head, "head")
    for (index, layer) in smoothing.enumerated() { visitor.module(layer, "smoothing.\(index)") }
  }
}

/// The units in which pixels are decoded.
enum PixelScale {
  private static let middle: Float = 0.5
  private static let deviation: Float = 0.25

  /// `(B, 1, S, S)`
  static func tensor(_ images: [GrayImage]) -> Tensor {
    Tensor(
      images.flatMap { $0.pixels.map { ($0 - middle) / deviation } },
      shape: [images.count, 1, images[0].height, images[0].width])
  }

  static func images(_ tensor: Tensor) -> [GrayImage] {
    let (count, height, width) = (tensor.shape[0], tensor.shape[2], tensor.shape[3])
    let values = tensor.values
    return (0..<count).map { index in
      GrayImage(
        width: width, height: height,
        pixels: values[index * height * width..<(index + 1) * height * width].map {
          min(max($0 * deviation + middle, 0), 1)
        })
    }
  }
}
