import Imaging
import Metrics

/// How well a map of patches points at a finding of one radiograph, pixel by pixel.
struct PixelScores: Equatable {
  let auroc: Double
  let averagePrecision: Double

  /// - Parameters:
  ///   - map: of the patches, in raster order.
  ///   - finding: whose mask the pixels are compared with.
  ///   - masks: of all findings of the radiograph; pixels of others alone are left out.
  /// - Returns: nil where the radiograph has no mask of the finding, or nothing beside it.
  /// - Throws: `MetricError` where an error is not finite.
  init?(_ map: [Float], gridSize: Int, _ finding: String, _ masks: [String: GrayImage]) throws {
    guard let mask = masks[finding] else { return nil }
    let labels = Self.labels(finding, masks)
    let scores = PatchMap(map, gridSize: gridSize).enlarged(height: mask.height, width: mask.width)
      .map { Double($0) }
    guard let auroc = try AreaUnderCurve(scores, labels).value,
      let precision = try AveragePrecision(scores, labels).value
    else { return nil }
    (self.auroc, averagePrecision) = (auroc, precision)
  }

  /// True in the finding's mask, nil where only others' are, false elsewhere.
  static func labels(_ finding: String, _ masks: [String: GrayImage]) -> [Bool?] {
    let own = masks[finding]!.pixels
    let others = masks.filter { $0.key != finding }.map(\.value.pixels)
    return own.indices.map { pixel in
      own[pixel] > 0 ? true : others.contains { $0[pixel] > 0 } ? nil : false
    }
  }

  /// Share of the finding's pixels among those that count: the average precision of no map at all.
  static func chance(_ finding: String, _ masks: [String: GrayImage]) -> Double? {
    guard masks[finding] != nil else { return nil }
    let labels = labels(finding, masks).compactMap { $0 }
    return Double(labels.count { $0 }) / Double(labels.count)
  }
}

/// A number for each patch of a square grid.
struct PatchMap {
  let values: [Float]
  let gridSize: Int

  init(_ values: [Float], gridSize: Int) { (self.values, self.gridSize) = (values, gridSize) }

  /// The map at each pixel of an image, bilinear between patches' middles and constant beyond the outermost.
  func enlarged(height: Int, width: Int) -> [Float] {
    func places(_ length: Int) -> [(lower: Int, share: Float)] {
      (0..<length).map { pixel in
        let place = (Double(pixel) + 0.5) * Double(gridSize) / Double(length) - 0.5
        let inside = min(max(place, 0), Double(gridSize - 1))
        let lower = min(Int(inside), max(gridSize - 2, 0))
        return (lower, Float(inside - Double(lower)))
      }
    }
    let (rows, columns) = (places(height), places(width))
    let next = gridSize > 1 ? 1 : 0
    var out: [Float] = []
    out.reserveCapacity(height * width)
    for row in rows {
      for column in columns {
        let (top, bottom) = (row.lower * gridSize, (row.lower + next) * gridSize)
        let (left, right) = (column.lower, column.lower + next)
        let upper = (1 - column.share) * values[top + left] + column.share * values[top + right]
        let lower = (1 - column.share) * values[bottom + left] + column.share * values[bottom + right]
        out.append((1 - row.share) * upper + row.share * lower)
      }
    }
    return out
  }
}
