import CoreTensor
import Imaging
import WorldModel

/// Target features of every candidate of a radiograph, and what is predicted of each from its context.
struct CandidateFeatures {
  let count: Int
  /// Layer-normed, `count` rows of all tokens' values, or of their means.
  private(set) var targets: [Float] = []
  /// Likewise, by what they are made of.
  private(set) var predicted: [Prediction: [Float]] = [:]

  /// Patches of one pass: enough that products are large, few enough for attention over a predictor's tokens to fit.
  private static let patchesOfPass = 2048
  /// As of target features (spec section 1).
  private static let epsilon: Float = 1e-5

  init(count: Int, targets: [Float], predicted: [Prediction: [Float]]) {
    (self.count, self.targets, self.predicted) = (count, targets, predicted)
  }

  /// - Parameters:
  ///   - model: does not change meanwhile.
  ///   - targets: the candidates, and each one's context.
  ///   - contexts: whole.
  ///   - patches: of all contexts.
  ///   - draws: of each context, and beyond those the ones to average over.
  ///   - predictions: which are made.
  ///   - neutral: what stands for a where it is withheld.
  ///   - isPooled: whether tokens' means are kept in their place.
  /// - Throws: `AssemblyError` where the model does not know what tasks tell.
  init(
    _ model: WorldModel, targets: [GrayImage], contexts: [GrayImage], patches: ContextPatches,
    draws: [ContextDraw], _ predictions: [Prediction], neutral: [Float], isPooled: Bool
  ) throws {
    count = targets.count
    let size = max(1, min(count, Self.patchesOfPass / model.shape.encoder.patchCount))
    for start in stride(from: 0, to: count, by: size) {
      let range = start..<min(count, start + size)
      let requests = predictions.flatMap {
        Self.requests($0, Array(draws[range]), Array(draws[count...]), neutral)
      }
      let batch = WorldBatch(
        contexts: [
          .init(
            images: InputNormalization.tensor(Array(contexts[range])),
            visible: patches.visible.map { Array(repeating: $0, count: range.count) })
        ],
        targets: [InputNormalization.tensor(Array(targets[range]))],
        supervisions: requests.map { request in
          .init(
            name: request.prediction.rawValue, context: 0, target: 0,
            patches: Array(repeating: patches.predicted, count: range.count), told: request.told)
        })
      if start == 0 { try model.check(batch) }
      let output = try model(batch, reduction: .mean)
      func kept(_ values: [Float]) -> [Float] {
        isPooled ? Self.pooled(values, rows: range.count, tokens: patches.predicted.count) : values
      }
      self.targets += kept(output.targets[0]!.values)
      for prediction in predictions {
        let own = zip(requests, output.predictions).filter { $0.0.prediction == prediction }.map(\.1)
        predicted[prediction, default: []] +=
          kept(prediction == .context ? Self.normed(output.contexts[0]) : Self.mean(own))
      }
    }
  }

  private typealias Request = (prediction: Prediction, told: [[LatentValue]])

  /// What the model is asked for, none where its predictor is not needed.
  private static func requests(
    _ prediction: Prediction, _ draws: [ContextDraw], _ others: [ContextDraw], _ neutral: [Float]
  ) -> [Request] {
    switch prediction {
    case .told: [(prediction, stacked(draws) { $0.own })]
    case .untold:
      [
        (
          prediction,
          stacked(draws) { draw in
            draw.own.map { own in
              let numbers = neutral.prefix(own.numbers.count)
              return LatentValue(
                latent: own.latent,
                numbers: numbers + [Float](repeating: 0, count: own.numbers.count - numbers.count),
                patchNumbers: own.patchNumbers?.map { $0.map { _ in 0 } })
            }
          }
        )
      ]
    case .averaged: others.map { other in (prediction, stacked(draws) { _ in other.own }) }
    case .context: []
    }
  }

  /// For each context what its own latents are told, and those of the other tasks.
  private static func stacked(
    _ draws: [ContextDraw], _ own: (ContextDraw) -> [LatentValue]
  ) -> [[LatentValue]] {
    draws.map { $0.others + own($0) }
  }

  private static func normed(_ features: Tensor) -> [Float] {
    layerNorm(features, weight: nil, bias: nil, epsilon: epsilon).values
  }

  private static func mean(_ features: [Tensor]) -> [Float] {
    guard features.count > 1 else { return features[0].values }
    return (features.dropFirst().reduce(features[0], +) * (1 / Float(features.count))).values
  }

  /// `rows` of `tokens` vectors → `rows` means.
  static func pooled(_ values: [Float], rows: Int, tokens: Int) -> [Float] {
    let width = values.count / rows / tokens
    return Compute.map(rows) { row in
      var mean = [Float](repeating: 0, count: width)
      for token in row * tokens..<(row + 1) * tokens {
        for feature in 0..<width { mean[feature] += values[token * width + feature] }
      }
      return mean.map { $0 / Float(tokens) }
    }.flatMap { $0 }
  }

  /// Mean squared difference over all tokens of each prediction from each candidate: `count` rows of `count`.
  func distances(_ prediction: Prediction) -> [Float] {
    let (count, targets, predicted) = (count, targets, predicted[prediction]!)
    let size = targets.count / count
    return Compute.map(count) { row in
      (0..<count).map { column in
        let sum = Self.squaredDistance(predicted, row * size, targets, column * size, size)
        return Float(sum / Double(size))
      }
    }.flatMap { $0 }
  }

  /// Sums short runs in single precision, and runs in double.
  private static func squaredDistance(
    _ a: [Float], _ aStart: Int, _ b: [Float], _ bStart: Int, _ count: Int
  ) -> Double {
    a.withUnsafeBytes { a in
      b.withUnsafeBytes { b in
        var sum = 0.0
        var index = 0
        while index + 16 <= count {
          var run = SIMD16<Float>.zero
          let end = min(index + 256, count - count % 16)
          while index < end {
            let difference =
              a.loadUnaligned(fromByteOffset: 4 * (aStart + index), as: SIMD16<Float>.self)
              - b.loadUnaligned(fromByteOffset: 4 * (bStart + index), as: SIMD16<Float>.self)
            run += difference * difference
            index += 16
          }
          sum += Double(run.sum())
        }
        while index < count {
          let difference =
            a.load(fromByteOffset: 4 * (aStart + index), as: Float.self)
            - b.load(fromByteOffset: 4 * (bStart + index), as: Float.self)
          sum += Double(difference * difference)
          index += 1
        }
        return sum
      }
    }
  }
}
