import CoreTensor
import Imaging
import NeuralNetworks
import WorldModel

/// How an encoder's tokens are read.
struct Reading: Sendable, Equatable, Codable, CustomStringConvertible {
  /// Tokens of one layer and one size of image.
  struct Part: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Blocks that patches have passed.
    var layer: Int
    /// How many times larger than in training the image is.
    var enlargement: Int
    /// How many times more densely than side by side patches are cut, along each axis: 1, or 2 by shifting the image.
    var density: Int
    /// Share of the mean over radiographs, at each place, that is taken away.
    var centering: Double

    var description: String {
      "layer \(layer), image × \(enlargement)" + (density > 1 ? ", patches × \(density)" : "")
        + (centering > 0 ? ", \(Reading.number(centering)) of the mean at each place removed" : "")
    }
  }

  /// Distances are the mean over parts, each scaled so that its mean over a map is 1.
  var parts: [Part]
  /// Weight of the squared distance in place, in widths of a radiograph, beside that.
  var penalty: Double

  var description: String {
    parts.map(\.description).joined(separator: " + ")
      + (penalty > 0 ? "; distance penalty \(Self.number(penalty))" : "; no distance penalty")
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() ? String(Int(value)) : String(value)
  }
}

/// Tokens of radiographs as an encoder gives them, for one layer and one size of image.
struct EncodedTokens: Sendable {
  let grid: Int
  let width: Int
  /// `(grid · grid, width)` of each radiograph.
  let tokens: [[Float]]
  /// The mean over other radiographs at each place, `(grid · grid, width)`.
  let mean: [Float]

  /// Tokens without a share of that mean.
  func centered(_ share: Double) -> [[Float]] {
    guard share != 0 else { return tokens }
    let share = Float(share)
    return tokens.map { tokens in zip(tokens, mean).map { $0 - share * $1 } }
  }
}

/// An encoder, made for images of several sizes.
struct TokenReader {
  private let model: WorldModel
  private let encoder: any ImageEncoder
  /// Images of one pass.
  private static let batch = 16
  /// As of target features (spec section 1).
  private static let epsilon: Float = 1e-5

  init(_ model: WorldModel) {
    self.model = model
    encoder = model.transferredEncoder
  }

  var depth: Int { encoder.shape.depth }

  /// Whether an encoder has that layer.
  func has(layer: Int) -> Bool {
    let side = encoder.shape.imageSize
    return withoutGradients { encoder.features(Tensor.zeros([1, 3, side, side]), after: layer) != nil }
  }

  /// Of the tokens of so many radiographs, of one layer.
  func bytes(of radiographs: Int, _ enlargement: Int) -> Int {
    4 * radiographs * encoder.shape.patchCount * enlargement * enlargement * encoder.shape.width
  }

  /// The encoder for images of another size, with the same weights; nil where it cannot be.
  private func enlarged(_ factor: Int) -> (any ImageEncoder)? {
    model.enlarged(encoder, to: encoder.shape.imageSize * factor)
  }

  /// Tokens of radiographs, those of layers below the top layer-normed as the top's are.
  /// - Parameters:
  ///   - radiographs: whole.
  ///   - others: the radiographs of which means at each place are taken.
  ///   - layers: those that are wanted, all of which the encoder has.
  ///   - enlargement: of the image.
  ///   - density: of patches.
  /// - Returns: by layer; nil where the encoder cannot take such images.
  func tokens(
    _ radiographs: [MarkedRadiograph], meanOf others: [MarkedRadiograph], _ layers: [Int], _ enlargement: Int,
    _ density: Int
  ) -> [Int: EncodedTokens]? {
    guard let encoder = enlarged(enlargement) else { return nil }
    let own = encoded(radiographs, layers, encoder, density)
    let other = encoded(others, layers, encoder, density)
    let (grid, width) = (encoder.shape.gridSize * density, encoder.shape.width)
    return layers.reduce(into: [:]) { all, layer in
      var mean = [Float](repeating: 0, count: grid * grid * width)
      for tokens in other[layer]! {
        for index in mean.indices { mean[index] += tokens[index] / Float(others.count) }
      }
      all[layer] = EncodedTokens(grid: grid, width: width, tokens: own[layer]!, mean: mean)
    }
  }

  private func encoded(
    _ radiographs: [MarkedRadiograph], _ layers: [Int], _ encoder: any ImageEncoder, _ density: Int
  ) -> [Int: [[Float]]] {
    let (side, grid, width) = (encoder.shape.imageSize, encoder.shape.gridSize, encoder.shape.width)
    var found: [Int: [[Float]]] = layers.reduce(into: [:]) {
      $0[$1] = Array(
        repeating: [Float](repeating: 0, count: grid * grid * density * density * width),
        count: radiographs.count)
    }
    for start in stride(from: 0, to: radiographs.count, by: Self.batch) {
      let some = radiographs[start..<min(start + Self.batch, radiographs.count)]
      let squares = Compute.map(some.count) { some[start + $0].square(side) }
      for (row, column) in Self.places(density) {
        let (down, across) = (
          Self.shift(row, density, encoder.shape.patchSize),
          Self.shift(column, density, encoder.shape.patchSize)
        )
        let images = InputNormalization.tensor(
          Compute.map(squares.count) { Self.shifted(squares[$0], down, across) })
        for layer in layers {
          guard var features = encoder.features(images, after: layer) else { continue }
          if layer < depth { features = layerNorm(features, weight: nil, bias: nil, epsilon: Self.epsilon) }
          let values = features.values
          for index in 0..<some.count {
            Self.interleave(
              values[index * grid * grid * width..<(index + 1) * grid * grid * width],
              into: &found[layer]![start + index], grid, width, density, row, column)
          }
        }
      }
    }
    return found
  }

  /// Which of `density²` shifts there are.
  private static func places(_ density: Int) -> [(row: Int, column: Int)] {
    (0..<density * density).map { ($0 / density, $0 % density) }
  }

  /// Pixels by which the image is shifted, so that the patches of all shifts are equally far apart.
  static func shift(_ number: Int, _ density: Int, _ patch: Int) -> Int {
    Int(((Double(number) + 0.5) / Double(density) - 0.5) * Double(patch))
  }

  /// The image whose pixel at a place is the one `down` below and `across` beside it; the edge goes on beyond itself.
  static func shifted(_ image: GrayImage, _ down: Int, _ across: Int) -> GrayImage {
    guard down != 0 || across != 0 else { return image }
    var result = image
    for row in 0..<image.height {
      let source = min(max(row + down, 0), image.height - 1)
      for column in 0..<image.width {
        result[row, column] = image[source, min(max(column + across, 0), image.width - 1)]
      }
    }
    return result
  }

  /// Enters the tokens of one shift among those of all.
  private static func interleave(
    _ tokens: ArraySlice<Float>, into all: inout [Float], _ grid: Int, _ width: Int, _ density: Int,
    _ row: Int,
    _ column: Int
  ) {
    for token in 0..<grid * grid {
      let place =
        ((token / grid * density + row) * grid * density + token % grid * density + column) * width
      for channel in 0..<width { all[place + channel] = tokens[tokens.startIndex + token * width + channel] }
    }
  }
}
