import CoreTensor
import Imaging
import Imagining
import WorldModel

/// Predictions as pictures: at each predicted place the patch, of the group's other radiographs, whose target features
/// come nearest to what is predicted.
struct PredictionSheet {
  private let group: PredictionGroup
  private let trained: PredictedFeatures
  private let untrained: PredictedFeatures

  init(_ group: PredictionGroup, trained: PredictedFeatures, untrained: PredictedFeatures) {
    (self.group, self.trained, self.untrained) = (group, trained, untrained)
  }

  func sheet(rows: Int) -> PictureSheet {
    PictureSheet(
      title: "What is predicted of what the model does not see",
      notes: [
        "A prediction is features, no picture: shown is, for each patch, the nearest real patch of \(group.count - 1) "
          + "other radiographs, by the features of the model at hand."
      ],
      rows: (0..<min(rows, group.count)).map(row))
  }

  /// The first supervision of each kind.
  private var shown: [(kind: TargetKind, index: Int)] {
    TargetKind.allCases.compactMap { kind in
      group.batch.supervisions.firstIndex { TargetKind($0) == kind }.map { (kind, $0) }
    }
  }

  private func row(_ sample: Int) -> PictureSheet.Row {
    PictureSheet.Row(
      label: group.records[sample].identifier,
      groups: shown.map { kind, index in
        let supervision = group.batch.supervisions[index]
        let target = group.samples[sample].targets[supervision.target].pixels
        return [
          .init(group.seen(supervision, of: sample), captions: ["what is seen"]),
          .init(painted(untrained, index, sample, on: target), captions: ["predicted,", "untrained"]),
          .init(painted(trained, index, sample, on: target), captions: ["predicted,", "trained"]),
          .init(target, captions: ["true:", kind == .own ? "the view" : "another view"], isFramed: true),
        ]
      })
  }

  /// The target with its predicted patches in the place of the true ones.
  private func painted(
    _ features: PredictedFeatures, _ index: Int, _ sample: Int, on target: GrayImage
  ) -> GrayImage {
    let supervision = group.batch.supervisions[index]
    let (predicted, bank) = (features.predictions[index], features.targets[supervision.target])
    let (wanted, patches) = (supervision.patches[sample], group.geometry.patchCount)
    let others = (0..<group.count * patches).filter { $0 / patches != sample }
    let nearest = Compute.map(wanted.count) { place in
      others.min {
        features.squaredDistance(predicted, sample * wanted.count + place, bank, $0)
          < features.squaredDistance(predicted, sample * wanted.count + place, bank, $1)
      }!
    }
    var image = target
    let size = group.geometry.patchSize
    for (patch, found) in zip(wanted, nearest) {
      let source = group.samples[found / patches].targets[supervision.target].pixels
      let (row, column) = group.corner(found % patches)
      let (top, left) = group.corner(patch)
      for down in 0..<size {
        for right in 0..<size { image[top + down, left + right] = source[row + down, column + right] }
      }
    }
    return image
  }
}
