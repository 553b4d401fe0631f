import CoreTensor

/// The patches of one target with which predictions are compared; features of others are not computed.
struct TargetPatches {
  /// B rows of T patches in raster order; nil for all.
  let rows: [[Int]]?
  /// Whether any prediction is compared with the target, or an objective looks at it.
  let isWanted: Bool

  /// - Parameter isWhole: whether an objective looks at every patch.
  init(of target: Int, in batch: WorldBatch, patchCount: Int, isWhole: Bool = false) {
    let supervisions = batch.supervisions.filter { $0.target == target }
    isWanted = isWhole || !supervisions.isEmpty
    let samples = batch.targets[target].shape[0]
    var sets = (0..<samples).map { sample in
      supervisions.reduce(into: Set<Int>()) { $0.formUnion($1.patches[sample]) }
    }
    let most = sets.map(\.count).max() ?? 0
    guard !isWhole, most < patchCount, most > 0 else {
      rows = nil
      return
    }
    // Rows of one length: where a sample has fewer, any others fill up.
    for sample in sets.indices where sets[sample].count < most {
      let others = (0..<patchCount).lazy.filter { [own = sets[sample]] in !own.contains($0) }
      sets[sample].formUnion(others.prefix(most - sets[sample].count))
    }
    rows = sets.map { $0.sorted() }
  }

  /// Features at `patches` of the computed ones, `(B, T, d)`.
  func features(_ computed: Tensor, at patches: [[Int]]) -> Tensor {
    guard let rows else { return gatherTokens(computed, patches) }
    guard rows != patches else { return computed }
    let places = zip(rows, patches).map { row, wanted in
      let position = Dictionary(uniqueKeysWithValues: row.enumerated().map { ($0.element, $0.offset) })
      return wanted.map { position[$0]! }
    }
    return gatherTokens(computed, places)
  }
}
