import CoreTensor
import Imaging
import Imagining
import WorldModel

/// How one supervision's predictions compare with the targets of all radiographs of a group.
struct PredictionScores {
  /// A row for each radiograph's prediction: its mean squared distance from every radiograph's target, at the places
  /// that are predicted.
  let distances: [[Double]]
  /// Mean squared distance of each radiograph's target from the group's mean at the same places.
  let spreads: [Double]

  /// Of features.
  init(_ group: PredictionGroup, _ features: PredictedFeatures, supervision index: Int) {
    let supervision = group.batch.supervisions[index]
    let (predicted, target) = (features.predictions[index], features.targets[supervision.target])
    let (count, patches, width) = (group.count, group.geometry.patchCount, features.width)
    var mean = [Float](repeating: 0, count: patches * width)
    for radiograph in 0..<count {
      for place in mean.indices { mean[place] += target[radiograph * mean.count + place] / Float(count) }
    }
    let means = mean
    let rows = Compute.map(count) { row -> (distances: [Double], spread: Double) in
      let wanted = supervision.patches[row]
      let size = Double(wanted.count * width)
      let distances = (0..<count).map { candidate in
        wanted.indices.reduce(0.0) {
          $0
            + features.squaredDistance(
              predicted, row * wanted.count + $1, target, candidate * patches + wanted[$1])
        } / size
      }
      let spread = wanted.reduce(0.0) {
        $0 + features.squaredDistance(target, row * patches + $1, means, $1)
      }
      return (distances, spread / size)
    }
    (distances, spreads) = (rows.map(\.distances), rows.map(\.spread))
  }

  /// Of plain pixels: a patch is taken to be as grey as the visible patch of the context that lies nearest to it on
  /// the radiograph. Greys are compared less their mean and over their deviation, so that a changed brightness or
  /// contrast costs nothing.
  init(pixelsOf group: PredictionGroup, supervision index: Int) {
    let supervision = group.batch.supervisions[index]
    let targets = group.samples.map { group.greys($0.targets[supervision.target].pixels) }
    distances = Compute.map(group.count) { row in
      let wanted = supervision.patches[row]
      let guess = Self.standardized(group.nearestGreys(supervision, of: row))
      return (0..<group.count).map { candidate in
        zip(guess, Self.standardized(wanted.map { targets[candidate][$0] }))
          .reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(wanted.count)
      }
    }
    spreads = []
  }

  private static func standardized(_ values: [Double]) -> [Double] {
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    return values.map { ($0 - mean) / (variance + 1e-6).squareRoot() }
  }
}

extension PredictionGroup {
  /// Mean grey of each patch, in raster order.
  func greys(_ image: GrayImage) -> [Double] {
    let (side, size) = (geometry.gridSize, geometry.patchSize)
    return (0..<geometry.patchCount).map { patch in
      var sum: Float = 0
      for row in patch / side * size..<(patch / side + 1) * size {
        for column in patch % side * size..<(patch % side + 1) * size { sum += image[row, column] }
      }
      return Double(sum) / Double(size * size)
    }
  }

  /// For each predicted patch of a radiograph the grey of the nearest visible patch.
  fileprivate func nearestGreys(_ supervision: WorldBatch.SupervisedPatches, of sample: Int) -> [Double] {
    let context = samples[sample].contexts[supervision.context]
    let greys = greys(context.pixels)
    let seen = visible(supervision, of: sample).map { (patch: $0, place: place($0, in: context.frame)) }
    let frame = samples[sample].targets[supervision.target].frame
    return supervision.patches[sample].map { patch in
      let wanted = place(patch, in: frame)
      func distance(_ other: (row: Double, column: Double)) -> Double {
        let (down, right) = (other.row - wanted.row, other.column - wanted.column)
        return down * down + right * right
      }
      return greys[seen.min { distance($0.place) < distance($1.place) }!.patch]
    }
  }
}
