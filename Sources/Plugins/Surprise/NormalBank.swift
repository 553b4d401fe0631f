import CoreTensor
import WorldModel

/// Patches of radiographs without findings, by their features: how far is the nearest? (PatchCore, Roth et al. 2022,
/// without its thinning; any place counts)
struct NormalBank {
  private let width: Int
  /// Patches of a radiograph.
  private let patches: Int
  /// `(M, d)`, radiograph by radiograph.
  private let rows: Tensor
  private let values: [Float]
  /// Half the sum of squares of each row.
  private let halfSquares: [Float]

  /// - Parameters:
  ///   - values: rows of `width`, `patches` of each radiograph.
  ///   - width: values of a row.
  ///   - patches: of a radiograph.
  init(_ values: [Float], width: Int, patches: Int) {
    (self.values, self.width, self.patches) = (values, width, patches)
    rows = Tensor(values, shape: [values.count / width, width])
    halfSquares = (0..<values.count / width).map { row in
      values[row * width..<(row + 1) * width].reduce(0) { $0 + $1 * $1 } / 2
    }
  }

  /// Radiographs of the bank.
  var count: Int { halfSquares.count / patches }

  /// Features that are compared: target features, and without a target encoder those of the encoder, layer-normed or not
  /// as targets would be.
  /// - Returns: `(B, N, d)`.
  static func features(_ model: WorldModel, _ images: Tensor) -> Tensor {
    guard model.targetEncoder == nil else { return model.targetFeatures(images) }
    let features = model.encoder(images)
    return model.shape.normalizesTargets
      ? layerNorm(features, weight: nil, bias: nil, epsilon: 1e-5) : features
  }

  /// Mean squared difference of each of a radiograph's patches from the nearest patch of the bank.
  /// - Parameters:
  ///   - features: rows of `width`.
  ///   - excluded: a radiograph of the bank that does not count; nil for none.
  func distances(_ features: [Float], excluding excluded: Int? = nil) -> [Float] {
    let count = features.count / width
    let products = matmul(Tensor(features, shape: [count, width]), rows, transposingB: true).values
    let all = halfSquares.count
    let left = excluded.map { $0 * patches..<($0 + 1) * patches } ?? 0..<0
    return Compute.map(count) { row in
      var (best, place) = (Float.infinity, -1)
      for other in 0..<all where !left.contains(other) {
        let distance = halfSquares[other] - products[row * all + other]
        if distance < best { (best, place) = (distance, other) }
      }
      // The product only finds it: a difference of large numbers would be a rough distance.
      return Float(squaredDistance(features, row * width, values, place * width, width) / Double(width))
    }
  }
}
