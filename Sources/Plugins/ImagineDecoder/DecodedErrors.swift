import CoreTensor
import Imaging
import Metrics
import WorldModel

/// Squared errors of one radiograph's decoded prediction, summed over the pixels of predicted patches.
struct DecodedErrors: Sendable {
  /// What is compared with what.
  enum Pair: String, CaseIterable {
    case predictionOfDecoded = "prediction from decoded truth"
    case meanOfDecoded = "mean from decoded truth"
    case predictionOfTruth = "prediction from truth"
    case decodedOfTruth = "decoded truth from truth"
    case meanOfTruth = "mean from truth"
    /// Of appearances: the changed view itself.
    case seenOfTruth = "changed view from truth"
  }

  let record: PredictionTable.Radiograph
  let pixels: Double
  let sums: [Pair: Double]

  /// Of all radiographs of a group that count; the mean at each place is that of the group's others.
  static func all(_ predictions: DecodedPredictions, _ geometry: ImageGeometry) -> [DecodedErrors] {
    let count = predictions.records.count
    let (decodedSum, truthSum) = (sum(predictions.decodedTruth), sum(predictions.truth))
    return Compute.map(count) { sample -> DecodedErrors? in
      guard predictions.counts[sample] else { return nil }
      let (truth, decoded) = (predictions.truth[sample].pixels, predictions.decodedTruth[sample].pixels)
      let (predicted, seen) = (
        predictions.decodedPrediction[sample].pixels, predictions.seen[sample].pixels
      )
      var (sums, pixels): ([Pair: Double], Double) = ([:], 0)
      for pixel in Self.pixels(of: predictions.patches[sample], geometry) {
        func add(_ pair: Pair, _ one: Float, _ other: Float) {
          sums[pair, default: 0] += Double((one - other) * (one - other))
        }
        let others = Float(count - 1)
        add(.predictionOfDecoded, predicted[pixel], decoded[pixel])
        add(.meanOfDecoded, (decodedSum[pixel] - decoded[pixel]) / others, decoded[pixel])
        add(.predictionOfTruth, predicted[pixel], truth[pixel])
        add(.decodedOfTruth, decoded[pixel], truth[pixel])
        add(.meanOfTruth, (truthSum[pixel] - truth[pixel]) / others, truth[pixel])
        if predictions.kind == .appearance { add(.seenOfTruth, seen[pixel], truth[pixel]) }
        pixels += 1
      }
      return DecodedErrors(record: .init(predictions.records[sample]), pixels: pixels, sums: sums)
    }.compactMap { $0 }
  }

  private static func sum(_ images: [GrayImage]) -> [Float] {
    images.dropFirst().reduce(into: images[0].pixels) { sum, image in
      for pixel in sum.indices { sum[pixel] += image.pixels[pixel] }
    }
  }

  private static func pixels(of patches: [Int], _ geometry: ImageGeometry) -> [Int] {
    let (side, size) = (geometry.gridSize, geometry.patchSize)
    return patches.flatMap { patch in
      (0..<size * size).map { pixel in
        (patch / side * size + pixel / size) * geometry.imageSize + patch % side * size + pixel % size
      }
    }
  }
}

/// The root of the mean squared error over all pixels, or the share that a prediction explains.
struct DecodedMetric: Metric {
  enum Kind: Sendable { case root(DecodedErrors.Pair), explained }

  let kind: Kind
  let errors: [DecodedErrors]

  var count: Int { errors.count }

  func value(weights: [Int32]) -> Double? {
    func sum(_ value: (DecodedErrors) -> Double) -> Double {
      zip(errors, weights).reduce(0) { $0 + value($1.0) * Double($1.1) }
    }
    switch kind {
    case .root(let pair):
      let pixels = sum(\.pixels)
      return pixels > 0 ? (sum { $0.sums[pair] ?? 0 } / pixels).squareRoot() : nil
    case .explained:
      let spread = sum { $0.sums[.meanOfDecoded] ?? 0 }
      return spread > 0 ? 1 - sum { $0.sums[.predictionOfDecoded] ?? 0 } / spread : nil
    }
  }
}
