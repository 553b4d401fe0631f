import CoreTensor
import Imaging
import Imagining
import WorldModel

/// Regions to learn from, as the run's tasks draw them.
struct TrainingRegions {
  let input: ModelEvaluationInput
  let radiographs: [Int]
  let settings: RCDMSettings

  /// Regions of a step: their pixels, and the pooled target features of each.
  struct Batch {
    let images: [GrayImage]
    let features: [[Float]]
  }

  /// - Parameter step: from 0; the draws depend on it and the seed alone.
  /// - Returns: nil where nothing could be drawn.
  func batch(_ step: Int) throws -> Batch? {
    let count = max(2, (settings.batchSize + 1) / 2)
    let chosen = (0..<count).map { radiograph(step * count + $0) }
    guard let group = try PredictionGroup(input, chosen[...], number: step, purpose: "rcdm.training.") else {
      return nil
    }
    let regions = balanced(Region.all(of: group), step)
    guard !regions.isEmpty else { return nil }
    let (width, side) = (input.model.shape.encoder.width, settings.size)
    let features = withoutGradients {
      group.batch.targets.indices.map { target in
        regions.contains { group.batch.supervisions[$0.supervision].target == target }
          ? input.model.targetFeatures(group.batch.targets[target]).values : []
      }
    }
    return Batch(
      images: Compute.map(regions.count) { place in
        let region = regions[place]
        let target = group.batch.supervisions[region.supervision].target
        return region.cut(
          group.samples[region.sample].targets[target].pixels, patchSize: group.geometry.patchSize,
          side: side)
      },
      features: regions.map {
        $0.pooledTruth(
          features[group.batch.supervisions[$0.supervision].target], patchCount: group.geometry.patchCount,
          width: width)
      })
  }

  /// The radiograph at a place of a sequence that goes through all of them, each time in another order.
  private func radiograph(_ place: Int) -> Int {
    var random = RandomStream(seed: input.seed, stream: "rcdm.order", step: place / radiographs.count)
    return radiographs[random.permutation(radiographs.count)[place % radiographs.count]]
  }

  /// As many as a step has, of all kinds in turn.
  private func balanced(_ regions: [Region], _ step: Int) -> [Region] {
    var random = RandomStream(seed: input.seed, stream: "rcdm.regions", step: step)
    let kinds = TargetKind.allCases.map { kind in
      let own = regions.filter { $0.kind == kind }
      return random.permutation(own.count).map { own[$0] }
    }
    let turns = (0..<(kinds.map(\.count).max() ?? 0)).flatMap { turn in
      kinds.compactMap { $0.indices.contains(turn) ? $0[turn] : nil }
    }
    return Array(turns.prefix(settings.batchSize))
  }
}
