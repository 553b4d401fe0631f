import CoreTensor

/// Mean and deviation of each feature over the radiographs that are learned from.
public struct Standardization: Sendable {
  public let mean: [Double]
  /// 1 / deviation; 0 for a feature that is the same in all radiographs, which tells nothing.
  public let scale: [Double]

  /// - Parameters:
  ///   - features: rows of `width`, row-major.
  ///   - width: values of a row.
  /// - Throws: `MetricError` where a feature is not finite, with row and column.
  public init(_ features: [Float], width: Int) throws {
    let rows = try Self.rows(features, width)
    var mean = [Double](repeating: 0, count: width)
    var squares = [Double](repeating: 0, count: width)
    for row in 0..<rows {
      for column in 0..<width { mean[column] += Double(features[row * width + column]) }
    }
    for column in 0..<width { mean[column] /= Double(max(rows, 1)) }
    for row in 0..<rows {
      for column in 0..<width {
        let difference = Double(features[row * width + column]) - mean[column]
        squares[column] += difference * difference
      }
    }
    self.mean = mean
    scale = zip(squares, mean).map { squares, mean in
      let deviation = (squares / Double(max(rows, 1))).squareRoot()
      // Below the rounding of float32 there is nothing but rounding.
      return deviation > 1e-7 * abs(mean) && deviation > 1e-30 ? 1 / deviation : 0
    }
  }

  /// Standardised rows.
  /// - Throws: `MetricError` where a feature is not finite, with row and column.
  public func callAsFunction(_ features: [Float]) throws -> [Double] {
    let width = mean.count
    let rows = try Self.rows(features, width)
    return [Double](unsafeUninitializedCapacity: features.count) { buffer, initialized in
      for row in 0..<rows {
        for column in 0..<width {
          let index = row * width + column
          buffer[index] = (Double(features[index]) - mean[column]) * scale[column]
        }
      }
      initialized = features.count
    }
  }

  private static func rows(_ features: [Float], _ width: Int) throws -> Int {
    require(
      width > 0 && features.count % width == 0, "Standardization: \(features.count) values, width \(width)")
    if let bad = features.firstIndex(where: { !$0.isFinite }) {
      throw MetricError.notFinite(
        what: "features", row: bad / width, column: bad % width, value: "\(features[bad])")
    }
    return features.count / width
  }
}
