import Foundation
import Imaging
import SegmentationMetrics

/// Knuth's 64-bit linear congruential generator with MMIX's constants; the golden figures were made with the same.
struct CongruentialGenerator {
  private var state: UInt64

  init(seed: Int) { state = UInt64(seed) }

  mutating func below(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }
}

extension Mask {
  /// - Parameter isTrue: of a row and a column.
  init(rows: Int, columns: Int, where isTrue: (Int, Int) -> Bool) {
    let pixels = (0..<rows).flatMap { row in (0..<columns).map { isTrue(row, $0) } }
    self.init(rows: rows, columns: columns, pixels: pixels)
  }

  /// A kind and its numbers: "empty", "full", "checker"; "box" with its first row and column and those behind its
  /// last; "lattice" with its step; "noise" with a seed and true pixels in a thousand; "discs" with a seed and how many.
  init(rows: Int, columns: Int, recipe: String) {
    let words = recipe.split(separator: " ")
    let numbers = words.dropFirst().map { Int($0)! }
    func made(_ isTrue: (Int, Int) -> Bool) -> Mask { Mask(rows: rows, columns: columns, where: isTrue) }
    switch words[0] {
    case "empty": self = made { _, _ in false }
    case "full": self = made { _, _ in true }
    case "checker": self = made { ($0 + $1) % 2 == 0 }
    case "lattice": self = made { $0 % numbers[0] == 0 && $1 % numbers[0] == 0 }
    case "box":
      self = made { (numbers[0]..<numbers[2]).contains($0) && (numbers[1]..<numbers[3]).contains($1) }
    case "noise":
      var draw = CongruentialGenerator(seed: numbers[0])
      self = made { _, _ in draw.below(1000) < numbers[1] }
    case "discs":
      var draw = CongruentialGenerator(seed: numbers[0])
      let discs = (0..<numbers[1]).map { _ in
        (
          row: draw.below(rows), column: draw.below(columns),
          radius: 1 + draw.below(max(rows, columns) / 4 + 1)
        )
      }
      self = made { row, column in
        discs.contains {
          (row - $0.row) * (row - $0.row) + (column - $0.column) * (column - $0.column)
            <= $0.radius * $0.radius
        }
      }
    default: fatalError("recipe: expected a known kind, found \(recipe)")
    }
  }
}

/// Figures of other implementations: `surface-distance` 0.1, MONAI 1.6.1 and SciPy 1.11.4, nnU-Net's and the SIIM-ACR
/// challenge's rules written down from their definitions.
struct GoldenFile: Decodable, Sendable {
  /// A pair of masks, and what is known of it.
  struct Case: Decodable, Sendable, CustomStringConvertible {
    let rows: Int
    let columns: Int
    /// Row, column.
    let spacing: [Double]
    let truth: String
    let prediction: String
    /// True positives, false positives, false negatives.
    let counts: [Int]
    /// In the order of `EmptyRule.allCases`, as `iou`.
    let dice: [Double?]
    let iou: [Double?]
    let percentiles: [Double]
    let hausdorff: [Double]
    let tolerances: [Double]
    let surfaceDice: [Double]
    /// From truth to prediction, from prediction to truth.
    let average: [Double]

    var description: String { "\(rows) x \(columns), \(spacing), \(truth), \(prediction)" }
    var masks: (truth: Mask, prediction: Mask) {
      (
        Mask(rows: rows, columns: columns, recipe: truth),
        Mask(rows: rows, columns: columns, recipe: prediction)
      )
    }
  }

  struct Transform: Decodable, Sendable {
    let rows: Int
    let columns: Int
    let spacing: [Double]
    let mask: String
    let distances: [Double]
  }

  struct Image: Decodable, Sendable {
    let rows: Int
    let columns: Int
    let truth: String
    let prediction: String

    var overlap: Overlap {
      Overlap(
        truth: Mask(rows: rows, columns: columns, recipe: truth),
        prediction: Mask(rows: rows, columns: columns, recipe: prediction))
    }
  }

  struct Summary: Decodable, Sendable {
    let images: [Image]
    /// nnU-Net's, all images, positives, as `nothing`.
    let dice: [Double?]
    let nothing: [Double?]
    let empty: Int
    let falsePositive: Int
  }

  let cases: [Case]
  let transforms: [Transform]
  let summaries: [Summary]

  static let golden = Result {
    try GoldenFile(
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("golden.json"))
  }

  init(_ file: URL) throws {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    self = try decoder.decode(GoldenFile.self, from: Data(contentsOf: file))
  }
}

extension PixelSpacing {
  init(_ rowAndColumn: [Double]) { self.init(row: rowAndColumn[0], column: rowAndColumn[1]) }
}

/// Whether both are undefined, both infinite, or close to one another.
func near(_ a: Double?, _ b: Double?, within tolerance: Double = 1e-9) -> Bool {
  guard let a, let b else { return a == nil && b == nil }
  return a == b || (a.isNaN && b.isNaN) || abs(a - b) <= tolerance
}
