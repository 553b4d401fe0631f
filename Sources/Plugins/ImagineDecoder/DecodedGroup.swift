import CoreTensor
import Imaging
import Imagining
import WorldModel

/// What is predicted, as people would say it.
enum DecodedKind: String, CaseIterable {
  case hidden = "hidden part of the view"
  case other = "another view"
  /// The whole view is seen, its appearance changed by a task; predicted is the view as it was.
  case appearance = "view before its appearance was changed"
}

/// Predictions of one kind for the radiographs of a group, decoded.
struct DecodedPredictions {
  let kind: DecodedKind
  let records: [RadiographRecord]
  /// Contexts with grey where nothing is seen.
  let seen: [GrayImage]
  let truth: [GrayImage]
  /// From target features.
  let decodedTruth: [GrayImage]
  /// From predicted features, and where patches are seen from features of these alone.
  let decodedPrediction: [GrayImage]
  /// Patches that are predicted, in raster order.
  let patches: [[Int]]
  /// Radiographs that count: of appearances those that were changed.
  let counts: [Bool]
}

/// Decodes what a model predicts of a group.
struct DecodedGroup {
  private let model: WorldModel
  private let decoder: PatchDecoder
  private let group: PredictionGroup

  init(_ model: WorldModel, _ decoder: PatchDecoder, _ group: PredictionGroup) {
    (self.model, self.decoder, self.group) = (model, decoder, group)
  }

  /// By kind, those that the run's tasks have.
  func predictions() throws -> [DecodedPredictions] {
    [try hidden(), try other(), try appearance()].compactMap { $0 }
  }

  private func supervision(_ kind: TargetKind) -> WorldBatch.SupervisedPatches? {
    group.batch.supervisions.first { TargetKind($0) == kind }
  }

  /// Every patch that is not seen, from those that are. Where patches are seen the decoder is given features of these
  /// alone, as they are seen: features of the whole view would tell of what is hidden.
  private func hidden() throws -> DecodedPredictions? {
    guard let own = supervision(.own), let visible = group.batch.contexts[own.context].visible else {
      return nil
    }
    // A task that tells something of each patch says it of those that it wants predicted; others stay without features.
    let wanted =
      own.patchLatents.isEmpty
      ? visible.map { seen in
        let seen = Set(seen)
        return (0..<group.geometry.patchCount).filter { !seen.contains($0) }
      } : own.patches
    let prediction = try predict(own, wanted, visible: visible)
    let seenFeatures = model.targetFeatures(group.batch.contexts[own.context].images, visible: visible)
    return decoded(
      .hidden, own.target, [(prediction, wanted), (seenFeatures, visible)], wanted,
      seen: seen(own), counts: Array(repeating: true, count: group.count))
  }

  private func other() throws -> DecodedPredictions? {
    guard let other = supervision(.other) else { return nil }
    let prediction = try predict(
      other, other.patches, visible: group.batch.contexts[other.context].visible)
    return decoded(
      .other, other.target, [(prediction, other.patches)], other.patches, seen: seen(other),
      counts: Array(repeating: true, count: group.count))
  }

  /// Contexts that show everything, with their changed appearance; nil where the tasks change none.
  private func appearance() throws -> DecodedPredictions? {
    guard let own = supervision(.own), own.patchLatents.isEmpty else { return nil }
    let changed = group.samples.map { $0.contexts[own.context].pixels != $0.targets[own.target].pixels }
    guard changed.contains(true) else { return nil }
    let all = Array(repeating: Array(0..<group.geometry.patchCount), count: group.count)
    let prediction = try predict(own, all, visible: nil)
    return decoded(
      .appearance, own.target, [(prediction, all)], all,
      seen: group.samples.map { $0.contexts[own.context].pixels }, counts: changed)
  }

  /// What the model predicts of some patches of a supervision's target, told what the supervision tells.
  private func predict(
    _ supervision: WorldBatch.SupervisedPatches, _ patches: [[Int]], visible: [[Int]]?
  ) throws -> Tensor {
    let asked = WorldBatch.SupervisedPatches(
      name: supervision.name, context: 0, target: 0, patches: patches, latents: supervision.latents,
      patchLatents: supervision.patchLatents)
    let batch = WorldBatch(
      contexts: [.init(images: group.batch.contexts[supervision.context].images, visible: visible)],
      targets: [group.batch.targets[supervision.target]], supervisions: [asked])
    try model.check(batch)
    return try model(batch, reduction: .mean).predictions[0]
  }

  private func decoded(
    _ kind: DecodedKind, _ target: Int, _ parts: [(features: Tensor, patches: [[Int]])], _ patches: [[Int]],
    seen: [GrayImage], counts: [Bool]
  ) -> DecodedPredictions {
    let truth = model.targetFeatures(group.batch.targets[target])
    let composed = Self.composed(parts, patches: group.geometry.patchCount)
    return DecodedPredictions(
      kind: kind, records: group.records, seen: seen,
      truth: group.samples.map { $0.targets[target].pixels },
      decodedTruth: PixelScale.images(decoder(truth)),
      decodedPrediction: PixelScale.images(decoder(composed)), patches: patches, counts: counts)
  }

  /// Features (B, N, d) of parts (B, T, d), each of B rows of T patches; 0, the mean of layer-normed features, elsewhere.
  static func composed(_ parts: [(features: Tensor, patches: [[Int]])], patches count: Int) -> Tensor {
    let (samples, width) = (parts[0].patches.count, parts[0].features.shape[2])
    var values = [Float](repeating: 0, count: samples * count * width)
    for (features, patches) in parts {
      let own = features.values
      for (sample, patches) in patches.enumerated() {
        for (row, patch) in patches.enumerated() {
          let (from, to) = ((sample * patches.count + row) * width, (sample * count + patch) * width)
          values.replaceSubrange(to..<to + width, with: own[from..<from + width])
        }
      }
    }
    return Tensor(values, shape: [samples, count, width])
  }

  private func seen(_ supervision: WorldBatch.SupervisedPatches) -> [GrayImage] {
    group.samples.indices.map { group.seen(supervision, of: $0) }
  }
}
