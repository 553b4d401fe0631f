import CoreTensor

/// Which patches are foreground: one side of a component, where its scores part best into two.
///
/// The threshold is Otsu's (1979): of all, the one with the most variance between the two sides. Foreground is the side
/// whose patches lie nearer to the image's middle, by their mean squared distance; of equally near sides the brighter.
struct Foreground {
  /// By patch, in the scores' order.
  let isForeground: [Bool]

  /// - Parameters:
  ///   - scores: of a component, radiograph by radiograph, in raster order of patches.
  ///   - greys: of the patches, likewise.
  ///   - gridSize: patches along a side.
  init(scores: [Double], greys: [Double], gridSize: Int) {
    let threshold = Self.threshold(scores)
    let isAbove = scores.map { $0 > threshold }
    let middle = Double(gridSize - 1) / 2
    let patches = gridSize * gridSize
    func mean(_ side: Bool, _ value: (Int) -> Double) -> Double {
      let own = isAbove.indices.filter { isAbove[$0] == side }
      return own.reduce(0) { $0 + value($1) } / Double(max(own.count, 1))
    }
    func spread(_ side: Bool) -> Double {
      mean(side) { index in
        let (down, right) = (
          Double(index % patches / gridSize) - middle, Double(index % patches % gridSize) - middle
        )
        return down * down + right * right
      }
    }
    let (above, below) = (spread(true), spread(false))
    let isAboveForeground =
      abs(above - below) > 1e-9 * (above + below)
      ? above < below : mean(true) { greys[$0] } >= mean(false) { greys[$0] }
    isForeground = isAbove.map { $0 == isAboveForeground }
  }

  /// Otsu's threshold: scores above it are one side. The least score where all are equal.
  static func threshold(_ scores: [Double]) -> Double {
    let sorted = scores.sorted()
    let total = sorted.reduce(0, +)
    var (sum, best, threshold) = (0.0, -1.0, sorted[0])
    for index in 0..<sorted.count - 1 {
      sum += sorted[index]
      guard sorted[index] < sorted[index + 1] else { continue }
      let (below, above) = (Double(index + 1), Double(sorted.count - index - 1))
      let difference = sum / below - (total - sum) / above
      let between = below * above * difference * difference
      if between > best { (best, threshold) = (between, sorted[index]) }
    }
    return threshold
  }
}
