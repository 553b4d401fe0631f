import CoreTensor
import Metrics
import NeuralNetworks
import WorldModel

/// A cheap look at an encoder: a forward pass of a few whole radiographs.
package struct FeatureGlance: Sendable, Equatable, Codable {
  /// As `FeatureDiagnostics` has them, of pooled features.
  package var deviation: Double
  package var rank: Double
  /// Share, between 0 and 1, of the variance of layer-normed patch features by which radiographs differ at one place:
  /// the error that a predictor would have that knows each place's mean and nothing of the radiograph. 0 where features
  /// are constant, or tell the place alone.
  package var targetVariance: Double
  /// RankMe of layer-normed features of single patches, at most ``mostPatches`` of them. It falls further than the rank
  /// of pooled features where targets lose what tells patches apart.
  package var patchRank: Double
  package var radiographs: Int

  /// Patches of ``patchRank``: more would cost time and change little.
  static let mostPatches = 2048

  package init(
    deviation: Double, rank: Double, targetVariance: Double, patchRank: Double, radiographs: Int
  ) {
    (self.deviation, self.rank, self.radiographs) = (deviation, rank, radiographs)
    (self.targetVariance, self.patchRank) = (targetVariance, patchRank)
  }

  /// - Returns: nil where fewer than two of the radiographs can be decoded.
  package init?(
    _ encoder: any ImageEncoder, _ source: RadiographCache, radiographs: [Int], _ backend: any Backend
  ) {
    var (rows, count): ([Float], Int) = ([], 0)
    var spread = PlaceSpread(images: radiographs.count)
    Compute.$backend.withValue(backend) {
      PackedWeights.keeping {
        for start in stride(from: 0, to: radiographs.count, by: FeatureExtraction.batchSize) {
          let end = min(radiographs.count, start + FeatureExtraction.batchSize)
          guard let tokens = FeatureExtraction.tokens(encoder, source, Array(radiographs[start..<end])).tokens
          else { continue }
          rows += FeatureExtraction.pooled(tokens)
          count += tokens.shape[0]
          spread.add(tokens)
        }
      }
    }
    guard count > 1 else { return nil }
    let pooled = FeatureSpread(rows, width: encoder.shape.width)
    self.init(
      deviation: pooled.deviation, rank: pooled.rank, targetVariance: spread.variance,
      patchRank: spread.rank(width: encoder.shape.width), radiographs: count)
  }
}

/// How much layer-normed tokens differ, over images at one place and altogether.
struct PlaceSpread {
  private let expected: Int
  /// Some of the tokens, row-major.
  private var chosen: [Float] = []
  /// By place and feature, row-major.
  private var sums: [Double] = []
  private var squares: [Double] = []
  private var images = 0

  /// - Parameter images: how many are to come.
  init(images: Int) { expected = images }

  /// - Parameter tokens: (B, N, D), always of the same N and D.
  mutating func add(_ tokens: Tensor) {
    let (batch, width, size) = (tokens.shape[0], tokens.shape[2], tokens.shape[1] * tokens.shape[2])
    if sums.isEmpty {
      (sums, squares) = ([Double](repeating: 0, count: size), [Double](repeating: 0, count: size))
    }
    let places = tokens.shape[1]
    let stride = max(1, expected * places / FeatureGlance.mostPatches)
    let first = images
    images += batch
    tokens.withValues { values in
      for token in 0..<batch * size / width {
        let row = values[token * width..<(token + 1) * width]
        var (sum, square) = (0.0, 0.0)
        for value in row { (sum, square) = (sum + Double(value), square + Double(value) * Double(value)) }
        let mean = sum / Double(width)
        // The epsilon of the layer norm that targets get.
        let scale = 1 / (max(square / Double(width) - mean * mean, 0) + 1e-5).squareRoot()
        let place = token * width % size
        // Other places of each image, so that all places are among them.
        let isChosen = (first + token / places + token % places) % stride == 0
        for (feature, value) in row.enumerated() {
          let normed = (Double(value) - mean) * scale
          if isChosen { chosen.append(Float(normed)) }
          sums[place + feature] += normed
          squares[place + feature] += normed * normed
        }
      }
    }
  }

  /// RankMe of the chosen tokens.
  func rank(width: Int) -> Double { FeatureSpread(chosen, width: width).rank }

  /// Mean over places and features of the variance over images.
  var variance: Double {
    guard images > 0 else { return 0 }
    let count = Double(images)
    let total = zip(sums, squares).reduce(0) { total, pair in
      total + max(pair.1 / count - pair.0 / count * (pair.0 / count), 0)
    }
    return total / Double(sums.count)
  }
}
