import CoreTensor
import Imaging
import WorldModel

/// Errors of patches, by what they are errors of.
enum ErrorKind: String, CaseIterable {
  /// Of the predictor, from the target features.
  case prediction = "surprise"
  /// Of an objective's pixels (`PatchReconstruction`).
  case reconstruction
  /// Distance of target features from the nearest patch of the bank.
  case nearest = "nearest patch"
}

/// What makes maps of errors of a model's own kinds: every patch is hidden several times, and its error is the mean.
struct PatchErrors {
  let model: WorldModel
  let cover: BlockCover
  /// What the predictor is told of a radiograph that nothing has changed.
  let told: [LatentValue]
  /// Patches of one pass: enough that products are large, few enough for attention to fit.
  private static let patchesOfPass = 4096

  /// Mean squared error of the predictor at each patch.
  /// - Parameter images: `(B, 3, S, S)`, normalised.
  /// - Returns: B maps in raster order.
  /// - Throws: `AssemblyError` where the model does not know what is told.
  func predictions(_ images: Tensor) throws -> [[Float]] {
    let size = max(1, Self.patchesOfPass / (cover.hidden.count * cover.patchCount))
    return try stride(from: 0, to: images.shape[0], by: size).flatMap {
      try predictions(ofPass: slice(images, [$0..<min($0 + size, images.shape[0]), nil, nil, nil]))
    }
  }

  /// Of few images, each in as many contexts at once as fit.
  private func predictions(ofPass images: Tensor) throws -> [[Float]] {
    let count = images.shape[0]
    var sums = ErrorSums(count, patches: cover.patchCount)
    let size = max(1, Self.patchesOfPass / (count * cover.patchCount))
    for start in stride(from: 0, to: cover.hidden.count, by: size) {
      let contexts = Array(start..<min(start + size, cover.hidden.count))
      let batch = batch(images, contexts)
      if start == 0 { try model.check(batch) }
      let output = try model(batch, reduction: .mean)
      // The model encodes those patches of the target that some context hides, in raster order.
      let encoded = contexts.reduce(into: Set<Int>()) { $0.formUnion(cover.hidden[$1]) }.sorted()
      let target = output.targets[0]!.values
      for (context, prediction) in zip(contexts, output.predictions) {
        let places = cover.hidden[context].map { patch in encoded.firstIndex(of: patch)! }
        sums.add(
          prediction.values, target, width: prediction.shape[2], patches: cover.hidden[context],
          rows: encoded.count, at: places)
      }
    }
    return sums.means
  }

  private func batch(_ images: Tensor, _ contexts: [Int]) -> WorldBatch {
    let count = images.shape[0]
    func rows(_ patches: [Int]) -> [[Int]] { Array(repeating: patches, count: count) }
    return WorldBatch(
      contexts: contexts.map { .init(images: images, visible: rows(cover.visible($0))) },
      targets: [images],
      supervisions: contexts.enumerated().map { position, context in
        .init(
          name: "hidden\(context)", context: position, target: 0, patches: rows(cover.hidden[context]),
          told: Array(repeating: told, count: count))
      })
  }

  /// Mean squared error of an objective's pixels at each patch, in the objective's units.
  func reconstructions(_ images: Tensor, by objective: any PatchReconstruction, of task: String) -> [[Float]]
  {
    let count = images.shape[0]
    var sums = ErrorSums(count, patches: cover.patchCount)
    for (context, hidden) in cover.hidden.enumerated() {
      let visible = Array(repeating: cover.visible(context), count: count)
      let input = ReconstructionInput(
        geometry: model.shape.geometry, images: images, visible: visible,
        features: model.encoder(images, visible: visible), hidden: Array(repeating: hidden, count: count))
      let patches = PluginCode("task \"\(task)\"", "reconstruct").run { objective.reconstruct(input) }
      sums.add(
        patches.reconstructed.values, patches.truth.values, width: patches.truth.shape[2], patches: hidden,
        rows: hidden.count, at: Array(hidden.indices))
    }
    return sums.means
  }
}

/// Sums of mean squared errors of patches, each added as often as it was hidden.
struct ErrorSums {
  private var sums: [[Double]]
  private var counts: [Double]

  init(_ images: Int, patches: Int) {
    sums = Array(repeating: Array(repeating: 0, count: patches), count: images)
    counts = Array(repeating: 0, count: patches)
  }

  /// - Parameters:
  ///   - guesses: of each image `patches.count` rows of `width`.
  ///   - truth: of each image `rows` rows of `width`.
  ///   - patches: where the guesses lie on the grid.
  ///   - places: their rows in `truth`.
  mutating func add(
    _ guesses: [Float], _ truth: [Float], width: Int, patches: [Int], rows: Int, at places: [Int]
  ) {
    for image in sums.indices {
      for (row, patch) in patches.enumerated() {
        let (own, other) = (
          (image * patches.count + row) * width, (image * rows + places[row]) * width
        )
        sums[image][patch] += squaredDistance(guesses, own, truth, other, width) / Double(width)
      }
    }
    for patch in patches { counts[patch] += 1 }
  }

  var means: [[Float]] {
    sums.map { sums in zip(sums, counts).map { Float($0 / max($1, 1)) } }
  }
}

/// Sum of squared differences of two rows.
@inline(__always)
func squaredDistance(_ a: [Float], _ aStart: Int, _ b: [Float], _ bStart: Int, _ width: Int) -> Double {
  a.withUnsafeBufferPointer { a in
    b.withUnsafeBufferPointer { b in
      var sum: Float = 0
      for index in 0..<width {
        let difference = a[aStart + index] - b[bStart + index]
        sum += difference * difference
      }
      return Double(sum)
    }
  }
}
