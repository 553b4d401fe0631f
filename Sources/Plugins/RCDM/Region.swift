import CoreTensor
import Imaging
import Imagining
import WorldModel

/// A rectangle of patches.
struct PatchRectangle: Sendable, Equatable {
  let rows: Range<Int>
  let columns: Range<Int>

  var area: Int { rows.count * columns.count }
  func contains(_ patch: Int, side: Int) -> Bool {
    rows.contains(patch / side) && columns.contains(patch % side)
  }

  /// Rectangles that a set of patches is made of: the largest first, then the largest of what is left. Those of one row
  /// or column of patches count only where there is no other.
  /// - Parameters:
  ///   - patches: of a square grid.
  ///   - side: of the grid.
  ///   - most: rectangles that are returned at most.
  static func parts(of patches: Set<Int>, side: Int, most: Int) -> [PatchRectangle] {
    var (left, found): (Set<Int>, [PatchRectangle]) = (patches, [])
    while found.count < most {
      guard
        let next = largest(in: left, side: side, thinnest: 2)
          ?? (found.isEmpty ? largest(in: left, side: side, thinnest: 1) : nil)
      else { break }
      found.append(next)
      left = left.filter { !next.contains($0, side: side) }
    }
    return found
  }

  private static func largest(in patches: Set<Int>, side: Int, thinnest: Int) -> PatchRectangle? {
    var best: PatchRectangle?
    for corner in patches.sorted() {
      var width = side - corner % side
      for row in corner / side..<side {
        let run = (0..<width).prefix { patches.contains(row * side + corner % side + $0) }.count
        width = run
        let height = row - corner / side + 1
        guard width >= thinnest else { break }
        if height >= thinnest, width * height > best?.area ?? 0 {
          best = PatchRectangle(
            rows: corner / side..<row + 1, columns: corner % side..<corner % side + width)
        }
      }
    }
    return best
  }
}

/// A part of a target that is predicted, and becomes a picture of its own.
struct Region: Sendable {
  let sample: Int
  let supervision: Int
  let kind: TargetKind
  let rectangle: PatchRectangle
  /// Places, among the patches that are predicted of the sample, of those in the rectangle.
  let predicted: [Int]
  /// The patches at these places.
  let patches: [Int]

  /// Rectangles of one hidden part that are shown, at most (paper, appendix).
  static let most = 4

  /// The rectangles that a context hides of its own view, or the whole of another view.
  static func all(of group: PredictionGroup) -> [Region] {
    group.batch.supervisions.indices.flatMap { index in
      (0..<group.count).flatMap { regions(of: group, supervision: index, sample: $0) }
    }
  }

  private static func regions(of group: PredictionGroup, supervision index: Int, sample: Int) -> [Region] {
    let supervision = group.batch.supervisions[index]
    let (kind, side) = (TargetKind(supervision), group.geometry.gridSize)
    let wanted = supervision.patches[sample]
    // A batch predicts as many patches of every sample: a few of the hidden ones are cut, which rectangles still cover.
    let hidden = group.samples[sample].contexts[supervision.context].hidden
    let rectangles =
      kind == .own && wanted.count < group.geometry.patchCount
      ? PatchRectangle.parts(of: Set(hidden).union(wanted), side: side, most: most)
      : [PatchRectangle(rows: 0..<side, columns: 0..<side)]
    return rectangles.compactMap { rectangle in
      let places = wanted.indices.filter { rectangle.contains(wanted[$0], side: side) }
      guard !places.isEmpty else { return nil }
      return Region(
        sample: sample, supervision: index, kind: kind, rectangle: rectangle, predicted: places,
        patches: places.map { wanted[$0] })
    }
  }

  /// The region of an image that covers the target's view.
  func cut(_ image: GrayImage, patchSize: Int, side: Int) -> GrayImage {
    image.cropped(
      row: rectangle.rows.lowerBound * patchSize, column: rectangle.columns.lowerBound * patchSize,
      height: rectangle.rows.count * patchSize, width: rectangle.columns.count * patchSize, resizedTo: side)
  }

  /// Lays a picture of the region over an image of the target's view.
  func paste(_ picture: GrayImage, on image: inout GrayImage, patchSize: Int) {
    let (top, left) = (rectangle.rows.lowerBound * patchSize, rectangle.columns.lowerBound * patchSize)
    let fitting = picture.resized(to: (rectangle.rows.count * patchSize, rectangle.columns.count * patchSize))
    for row in 0..<fitting.height {
      for column in 0..<fitting.width { image[top + row, left + column] = fitting[row, column] }
    }
  }

  /// Mean over the region's patches of target features (B, N, d).
  func pooledTruth(_ features: [Float], patchCount: Int, width: Int) -> [Float] {
    Self.mean(features, rows: patches.map { sample * patchCount + $0 }, width: width)
  }

  /// Mean over the region's patches of predictions (B, T, d).
  func pooledPrediction(_ features: [Float], count: Int, width: Int) -> [Float] {
    Self.mean(features, rows: predicted.map { sample * count + $0 }, width: width)
  }

  private static func mean(_ features: [Float], rows: [Int], width: Int) -> [Float] {
    var mean = [Float](repeating: 0, count: width)
    for row in rows { for place in 0..<width { mean[place] += features[row * width + place] } }
    return mean.map { $0 / Float(rows.count) }
  }
}
