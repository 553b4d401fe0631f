import CoreTensor
import Imaging

/// One feature vector for each pixel of a square, made of a coarser square of tokens.
///
/// A pixel's vector is what region-of-interest pooling gives of a window of two by two tokens about it (paper appendix
/// B.2): the mean of four samples half a token away from it, each bilinear between tokens; tokens of the edge reach beyond
/// it.
struct DenseFeatures: Sendable {
  /// Pixels along a side.
  let side: Int
  /// Values of a vector.
  let width: Int
  /// `(side · side, width)`, row-major.
  let values: [Float]

  init(side: Int, width: Int, values: [Float]) {
    require(
      values.count == side * side * width, "DenseFeatures: \(values.count) values for \(side)² × \(width)")
    (self.side, self.width, self.values) = (side, width, values)
  }

  /// Of every pixel's middle.
  /// - Parameters:
  ///   - tokens: `grid · grid` vectors, row-major.
  ///   - grid: tokens along a side.
  ///   - side: pixels along a side.
  init(tokens: [Float], grid: Int, width: Int, side: Int) {
    let taps = (0..<side).map { Self.taps((Float($0) + 0.5) / Float(side), grid: grid) }
    // Along columns first, then along rows: a pixel needs four tokens of each, not sixteen.
    var across = [Float](repeating: 0, count: grid * side * width)
    for row in 0..<grid {
      for (column, taps) in taps.enumerated() {
        let output = (row * side + column) * width
        for (token, weight) in taps {
          let input = (row * grid + token) * width
          for channel in 0..<width { across[output + channel] += weight * tokens[input + channel] }
        }
      }
    }
    var values = [Float](repeating: 0, count: side * side * width)
    for (row, taps) in taps.enumerated() {
      for (token, weight) in taps {
        let (input, output) = (token * side * width, row * side * width)
        for index in 0..<side * width { values[output + index] += weight * across[input + index] }
      }
    }
    self.init(side: side, width: width, values: values)
  }

  /// The vector at one place, as that of a pixel whose middle is there.
  /// - Parameter place: shares of the height and the width, in [0, 1].
  static func vector(
    at place: Place, tokens: [Float], grid: Int, width: Int
  ) -> [Float] {
    var vector = [Float](repeating: 0, count: width)
    for (row, down) in taps(Float(place.row), grid: grid) {
      for (column, across) in taps(Float(place.column), grid: grid) {
        let input = (row * grid + column) * width
        for channel in 0..<width { vector[channel] += down * across * tokens[input + channel] }
      }
    }
    return vector
  }

  /// Tokens that a window of two tokens about a place is made of, and their weights, which sum to 1.
  /// - Parameter place: share of the side.
  static func taps(_ place: Float, grid: Int) -> [(token: Int, weight: Float)] {
    var weights: [Int: Float] = [:]
    for offset: Float in [-0.5, 0.5] {
      let sample = min(max(place * Float(grid) - 0.5 + offset, 0), Float(grid - 1))
      let first = Int(sample)
      let share = sample - Float(first)
      weights[first, default: 0] += 0.5 * (1 - share)
      if share > 0 { weights[first + 1, default: 0] += 0.5 * share }
    }
    return weights.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}

/// A place in a radiograph as shares of its height and its width: 0 the top or left edge, 1 the other.
struct Place: Sendable, Equatable {
  var row: Double
  var column: Double

  /// Of the middle of a pixel of a square grid over the radiograph.
  init(pixel: Int, side: Int) {
    self.init(
      row: (Double(pixel / side) + 0.5) / Double(side), column: (Double(pixel % side) + 0.5) / Double(side))
  }

  init(row: Double, column: Double) { (self.row, self.column) = (row, column) }
}
