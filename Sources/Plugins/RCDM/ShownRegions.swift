import CoreTensor
import Imaging
import Imagining
import WorldModel

/// The regions of a group, and what is drawn of each: from its own target features, and from what is predicted of it.
struct ShownRegions {
  let group: PredictionGroup
  let regions: [Region]
  /// What is there, as large as the network's pictures.
  let truths: [GrayImage]
  /// By sample, then by region; of samples after the first an empty picture for regions that are not shown.
  let fromTruth: [[GrayImage?]]
  let fromPrediction: [[GrayImage?]]
  /// The marker in each region, 0 to 1 for each pixel; nil where it is not (wholly) in it, or not known.
  let markers: [GrayImage?]

  /// - Parameters:
  ///   - markers: masks of whole radiographs, by sample.
  ///   - samples: that are drawn of the first `pictures` radiographs; of the others one.
  init(
    _ input: ModelEvaluationInput, _ group: PredictionGroup, _ imagination: Imagination,
    markers: [GrayImage?], samples: Int, pictures: Int
  ) throws {
    self.group = group
    let regions = Region.all(of: group).sorted { ($0.sample, $0.supervision) < ($1.sample, $1.supervision) }
    self.regions = regions
    let features = try PredictedFeatures(input.model, group)
    let (patches, width) = (group.geometry.patchCount, features.width)
    let truth = regions.map { region in
      region.pooledTruth(
        features.targets[group.batch.supervisions[region.supervision].target], patchCount: patches,
        width: width)
    }
    let predicted = regions.map { region in
      region.pooledPrediction(
        features.predictions[region.supervision],
        count: group.batch.supervisions[region.supervision].patches[region.sample].count, width: width)
    }
    func drawn(_ vectors: [[Float]]) throws -> [[GrayImage?]] {
      try (0..<samples).map { sample in
        let wanted = regions.indices.filter { sample == 0 || regions[$0].sample < pictures }
        let pictures = try imagination.pictures(
          of: wanted.map { vectors[$0] }, sample: sample,
          isStopRequested: { input.workspace.isStopRequested })
        var all = [GrayImage?](repeating: nil, count: regions.count)
        for (place, picture) in zip(wanted, pictures) { all[place] = picture }
        return all
      }
    }
    (fromTruth, fromPrediction) = (try drawn(truth), try drawn(predicted))
    let (patch, side) = (group.geometry.patchSize, imagination.network.shape.size)
    truths = regions.map { region in
      region.cut(Self.target(region, group).pixels, patchSize: patch, side: side)
    }
    self.markers = regions.map { region in
      guard let mask = markers[region.sample] else { return nil }
      let frame = Self.target(region, group).frame
      guard MarkerEnergy.share(of: mask, in: region, frame: frame, gridSize: group.geometry.gridSize) >= 0.9
      else { return nil }
      let view = mask.cropped(
        row: frame.row, column: frame.column, height: frame.height, width: frame.width,
        resizedTo: group.geometry.imageSize, mirrored: frame.mirrored)
      return region.cut(view, patchSize: patch, side: side)
    }
  }

  private static func target(_ region: Region, _ group: PredictionGroup) -> any Target {
    group.samples[region.sample].targets[group.batch.supervisions[region.supervision].target]
  }

  func target(_ region: Region) -> any Target { Self.target(region, group) }
}
