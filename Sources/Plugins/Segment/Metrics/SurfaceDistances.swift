import CoreTensor
import Imaging

/// How far the contours of truth and prediction lie apart, after Nikolov et al., "Clinically Applicable Segmentation
/// of Head and Neck Anatomy for Radiotherapy" (2021), as DeepMind's package `surface-distance` 0.1 has it in 2-D.
///
/// Elements of a contour lie at the corners of pixels, where the four that meet are not all alike; each counts by the
/// length of contour there (marching squares), and what lies outside the image is background. Distances lead from
/// each element of a contour to the nearest of the other.
///
/// Masks may be empty. Every distance to an empty mask's contour is infinite, and an empty mask has no elements:
///
/// | truth, prediction | `robustHausdorff` | `surfaceDice` | `averageSurfaceDistance` |
/// |---|---|---|---|
/// | both empty | infinite | NaN | NaN both ways |
/// | one empty | infinite | 0 | infinite from the other mask, NaN from the empty one |
public struct SurfaceDistances: Sendable, Equatable {
  /// A piece of a contour at one corner of pixels.
  public struct Element: Sendable, Equatable {
    /// To the nearest element of the other contour, in millimetres; infinite where the other mask is empty.
    public let distance: Double
    /// Of the contour here, in millimetres.
    public let length: Double
  }

  /// Elements of the truth's contour, nearest first and short before long.
  public let truthToPrediction: [Element]
  /// Elements of the prediction's contour, nearest first and short before long.
  public let predictionToTruth: [Element]

  /// - Parameters:
  ///   - truth: what an expert drew.
  ///   - prediction: what is judged.
  ///   - spacing: default pixels of 1 mm.
  /// - Precondition: both masks have as many rows and columns.
  public init(truth: Mask, prediction: Mask, spacing: PixelSpacing = .one) {
    Mask.requireEqualShapes("SurfaceDistances", truth, prediction)
    guard let (rows, columns) = Self.boundingBox(truth, prediction) else {
      (truthToPrediction, predictionToTruth) = ([], [])
      return
    }
    let ofTruth = Contour(truth, rows: rows, columns: columns, spacing: spacing)
    let ofPrediction = Contour(prediction, rows: rows, columns: columns, spacing: spacing)
    truthToPrediction = Self.elements(of: ofTruth, to: ofPrediction, spacing)
    predictionToTruth = Self.elements(of: ofPrediction, to: ofTruth, spacing)
  }

  /// Rows and columns outside which both masks are empty; nil where they are so everywhere.
  private static func boundingBox(_ a: Mask, _ b: Mask) -> (rows: Range<Int>, columns: Range<Int>)? {
    var (top, bottom, left, right) = (a.rows, -1, a.columns, -1)
    for row in 0..<a.rows {
      for column in 0..<a.columns {
        let place = row * a.columns + column
        guard a.pixels[place] || b.pixels[place] else { continue }
        (top, bottom) = (min(top, row), row)
        (left, right) = (min(left, column), max(right, column))
      }
    }
    return bottom < 0 ? nil : (top..<bottom + 1, left..<right + 1)
  }

  private static func elements(of contour: Contour, to other: Contour, _ spacing: PixelSpacing) -> [Element] {
    let distances = DistanceTransform.distances(to: other.corners, spacing: spacing)
    return contour.lengths.indices.filter { contour.lengths[$0] > 0 }
      .map { Element(distance: distances[$0], length: contour.lengths[$0]) }
      .sorted { ($0.distance, $0.length) < ($1.distance, $1.length) }
  }

  /// Robust Hausdorff distance in millimetres, HD95 by default: the greater of the percentiles of the distances from
  /// truth to prediction and back, each of a contour's length. Infinite where either mask is empty.
  /// - Parameter percentile: from 0 to 100, default 95; 100 is the Hausdorff distance.
  public func robustHausdorff(percentile: Double = 95) -> Double {
    require(
      (0...100).contains(percentile),
      "robustHausdorff: expected a percentile from 0 to 100, found \(percentile)")
    return max(
      Self.distance(truthToPrediction, percentile: percentile),
      Self.distance(predictionToTruth, percentile: percentile))
  }

  /// The distance within which the percentile's share of the contour lies; not interpolated.
  private static func distance(_ elements: [Element], percentile: Double) -> Double {
    guard let last = elements.last else { return .infinity }
    let total = pairwiseSum(elements.map(\.length)[...])
    var within = 0.0
    for element in elements {
      within += element.length
      if within / total >= percentile / 100 { return element.distance }
    }
    return last.distance
  }

  /// NumPy's order of summation: where a percentile falls just between two elements, rounding decides between them,
  /// and it has to decide as it does in the package.
  private static func pairwiseSum(_ values: ArraySlice<Double>) -> Double {
    if values.count > 128 {
      let half = values.startIndex + values.count / 2 / 8 * 8
      return pairwiseSum(values[..<half]) + pairwiseSum(values[half...])
    }
    let whole = values.count / 8 * 8
    guard whole > 0 else { return values.reduce(0, +) }
    var lanes = [Double](repeating: 0, count: 8)
    for (index, value) in values.prefix(whole).enumerated() { lanes[index % 8] += value }
    let pairs = stride(from: 0, to: 8, by: 2).map { lanes[$0] + lanes[$0 + 1] }
    return values.dropFirst(whole).reduce((pairs[0] + pairs[1]) + (pairs[2] + pairs[3]), +)
  }

  /// Share of both contours, by length, that lies within the tolerance of the other; between 0 and 1. NaN where both
  /// masks are empty, 0 where one is.
  /// - Parameter tolerance: in millimetres, 0 or more and finite; a distance equal to it is within.
  public func surfaceDice(tolerance: Double) -> Double {
    require(
      tolerance >= 0 && tolerance.isFinite,
      "surfaceDice: expected a tolerance of 0 mm or more, found \(tolerance)")
    let elements = truthToPrediction + predictionToTruth
    let within = elements.reduce(0.0) { $0 + ($1.distance <= tolerance ? $1.length : 0) }
    return within / elements.reduce(0.0) { $0 + $1.length }
  }

  /// Mean distance in millimetres from each contour to the other, elements counting by their length. From an empty
  /// mask NaN, to an empty mask infinite.
  public var averageSurfaceDistance: (truthToPrediction: Double, predictionToTruth: Double) {
    (Self.mean(truthToPrediction), Self.mean(predictionToTruth))
  }

  private static func mean(_ elements: [Element]) -> Double {
    elements.reduce(0.0) { $0 + $1.distance * $1.length } / elements.reduce(0.0) { $0 + $1.length }
  }
}
