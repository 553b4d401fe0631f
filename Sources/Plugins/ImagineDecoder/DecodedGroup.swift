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
  /// From predicted features where something is predicted, and from target features elsewhere.
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
  private static let hiddenGrey: Float = 0.5

  init(_ model: WorldModel, _ decoder: PatchDecoder, _ group: PredictionGroup) {
    (self.model, self.decoder, self.group) = (model, decoder, group)
  }

  /// By kind, those that the run's tasks have.
  func predictions() throws -> [DecodedPredictions] {
    let output = try model(group.batch, reduction: .mean)
    var found: [DecodedPredictions] = []
    for (target, kind) in [(TargetKind.own, DecodedKind.hidden), (.other, .other)] {
      guard let index = group.batch.supervisions.firstIndex(where: { TargetKind($0) == target }) else {
        continue
      }
      let supervision = group.batch.supervisions[index]
      found.append(
        decoded(
          kind, supervision, output.predictions[index], seen: seen(supervision),
          counts: Array(repeating: true, count: group.count)))
    }
    if let appearance = try appearance() { found.append(appearance) }
    return found
  }

  /// Contexts that show everything, with their changed appearance; nil where the tasks change none.
  private func appearance() throws -> DecodedPredictions? {
    guard let own = group.batch.supervisions.first(where: { TargetKind($0) == .own }),
      own.patchLatents.isEmpty
    else { return nil }
    let changed = group.samples.map { $0.contexts[own.context].pixels != $0.targets[own.target].pixels }
    guard changed.contains(true) else { return nil }
    let all = Array(repeating: Array(0..<group.geometry.patchCount), count: group.count)
    let whole = WorldBatch.SupervisedPatches(
      name: own.name, context: 0, target: 0, patches: all, latents: own.latents)
    let batch = WorldBatch(
      contexts: [.init(images: group.batch.contexts[own.context].images, visible: nil)],
      targets: [group.batch.targets[own.target]], supervisions: [whole])
    try model.check(batch)
    let prediction = try model(batch, reduction: .mean).predictions[0]
    let moved = WorldBatch.SupervisedPatches(
      name: own.name, context: own.context, target: own.target, patches: all, latents: own.latents)
    return decoded(
      .appearance, moved, prediction, seen: group.samples.map { $0.contexts[own.context].pixels },
      counts: changed)
  }

  private func decoded(
    _ kind: DecodedKind, _ supervision: WorldBatch.SupervisedPatches, _ prediction: Tensor, seen: [GrayImage],
    counts: [Bool]
  ) -> DecodedPredictions {
    let target = model.targetFeatures(group.batch.targets[supervision.target])
    let composed = Self.composed(target, prediction, supervision.patches)
    return DecodedPredictions(
      kind: kind, records: group.records, seen: seen,
      truth: group.samples.map { $0.targets[supervision.target].pixels },
      decodedTruth: PixelScale.images(decoder(target)),
      decodedPrediction: PixelScale.images(decoder(composed)), patches: supervision.patches, counts: counts)
  }

  /// Target features (B, N, d) with predicted ones (B, T, d) in the place of some patches.
  static func composed(_ target: Tensor, _ prediction: Tensor, _ patches: [[Int]]) -> Tensor {
    let (count, width) = (target.shape[1], target.shape[2])
    var values = target.values
    let predicted = prediction.values
    for (sample, patches) in patches.enumerated() {
      for (row, patch) in patches.enumerated() {
        let (from, to) = ((sample * patches.count + row) * width, (sample * count + patch) * width)
        values.replaceSubrange(to..<to + width, with: predicted[from..<from + width])
      }
    }
    return Tensor(values, shape: target.shape)
  }

  private func seen(_ supervision: WorldBatch.SupervisedPatches) -> [GrayImage] {
    let (side, size) = (group.geometry.gridSize, group.geometry.patchSize)
    return group.samples.indices.map { sample in
      var image = group.samples[sample].contexts[supervision.context].pixels
      let visible = Set(group.visible(supervision, of: sample))
      for patch in 0..<group.geometry.patchCount where !visible.contains(patch) {
        for row in 0..<size {
          for column in 0..<size {
            image[patch / side * size + row, patch % side * size + column] = Self.hiddenGrey
          }
        }
      }
      return image
    }
  }
}
