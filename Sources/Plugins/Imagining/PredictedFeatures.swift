import CoreTensor
import WorldModel

/// What a model predicts of a group, and the target features of all its radiographs.
package struct PredictedFeatures {
  /// By supervision `(B, T, d)`.
  package let predictions: [[Float]]
  /// By target, layer-normed `(B, N, d)`.
  package let targets: [[Float]]
  package let width: Int

  package init(predictions: [[Float]], targets: [[Float]], width: Int) {
    (self.predictions, self.targets, self.width) = (predictions, targets, width)
  }

  /// - Parameter model: has a target encoder, and does not change meanwhile.
  package init(_ model: WorldModel, _ group: PredictionGroup) throws {
    width = model.shape.encoder.width
    predictions = try model(group.batch, reduction: .mean).predictions.map(\.values)
    targets = group.batch.targets.map { model.targetFeatures($0).values }
  }

  /// Sum of squared differences of two rows of features.
  package func squaredDistance(_ first: [Float], _ row: Int, _ second: [Float], _ other: Int) -> Double {
    first.withUnsafeBufferPointer { first in
      second.withUnsafeBufferPointer { second in
        var sum: Float = 0
        let (a, b) = (row * width, other * width)
        for feature in 0..<width {
          let difference = first[a + feature] - second[b + feature]
          sum += difference * difference
        }
        return Double(sum)
      }
    }
  }
}
