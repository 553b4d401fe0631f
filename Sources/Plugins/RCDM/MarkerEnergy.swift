import Imaging
import Metrics
import WorldModel

/// How much of a lateral marker stands out in a picture (paper, Figure 5: predictions leave it out).
enum MarkerEnergy {
  /// The object in a radiograph's truth.
  static let name = "marker"

  /// Mean over the marker's pixels, weighted by the mask, of the squared excess over the median around it; 0 where nothing
  /// is brighter. In squared grey, of 0 to 1.
  /// - Parameters:
  ///   - picture: of any size.
  ///   - mask: 0 to 1, of the same size.
  static func energy(_ picture: GrayImage, mask: GrayImage) -> Double {
    let inside = mask.pixels.indices.filter { mask.pixels[$0] > 0.02 }
    guard !inside.isEmpty else { return 0 }
    let (rows, columns) = (inside.map { $0 / mask.width }, inside.map { $0 % mask.width })
    let margin = max(3, (rows.max()! - rows.min()!) / 2)
    func range(_ places: [Int], _ size: Int) -> Range<Int> {
      max(0, places.min()! - margin)..<min(size, places.max()! + 1 + margin)
    }
    var around: [Float] = []
    for row in range(rows, mask.height) {
      for column in range(columns, mask.width) where isFar(row, column, mask) {
        around.append(picture[row, column])
      }
    }
    guard !around.isEmpty else { return 0 }
    let median = around.sorted()[around.count / 2]
    let (sum, weight) = inside.reduce(into: (0.0, 0.0)) { result, place in
      let excess = Double(max(0, picture.pixels[place] - median))
      result.0 += Double(mask.pixels[place]) * excess * excess
      result.1 += Double(mask.pixels[place])
    }
    return weight > 0 ? sum / weight : 0
  }

  /// Whether neither the pixel nor one beside it is the marker's, whose edge is blurred.
  private static func isFar(_ row: Int, _ column: Int, _ mask: GrayImage) -> Bool {
    for near in max(0, row - 1)...min(mask.height - 1, row + 1) {
      for beside in max(0, column - 1)...min(mask.width - 1, column + 1) where mask[near, beside] > 0.02 {
        return false
      }
    }
    return true
  }

  /// Share of a mask's pixels that lie in a region of a view of the radiograph; 0 of an empty mask.
  static func share(of mask: GrayImage, in region: Region, frame: Frame, gridSize: Int) -> Double {
    func place(_ patch: Int, _ start: Int, _ length: Int) -> Double {
      Double(start) + Double(patch) / Double(gridSize) * Double(length)
    }
    let (first, last) = (region.rectangle.columns.lowerBound, region.rectangle.columns.upperBound)
    let columns = frame.mirrored ? (gridSize - last, gridSize - first) : (first, last)
    let top = place(region.rectangle.rows.lowerBound, frame.row, frame.height)
    let bottom = place(region.rectangle.rows.upperBound, frame.row, frame.height)
    let left = place(columns.0, frame.column, frame.width)
    let right = place(columns.1, frame.column, frame.width)
    var (all, own) = (0, 0)
    for pixel in mask.pixels.indices where mask.pixels[pixel] > 0.5 {
      let (row, column) = (Double(pixel / mask.width) + 0.5, Double(pixel % mask.width) + 0.5)
      all += 1
      if row >= top, row < bottom, column >= left, column < right { own += 1 }
    }
    return all > 0 ? Double(own) / Double(all) : 0
  }
}

/// A sum over a sum, of regions.
struct EnergyRatio: Metric {
  let energies: [Double]
  let truth: [Double]

  var count: Int { energies.count }

  /// Nil where the truth has no energy.
  func value(weights: [Int32]) -> Double? {
    let all = zip(truth, weights).reduce(0) { $0 + $1.0 * Double($1.1) }
    return all > 0 ? zip(energies, weights).reduce(0) { $0 + $1.0 * Double($1.1) } / all : nil
  }
}
