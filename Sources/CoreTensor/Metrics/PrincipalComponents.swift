import COpenBLAS
import CoreTensor

/// Principal components of rows of features: orthogonal directions along which rows differ most, about their mean.
///
/// A component's sign is free; here the entry of largest magnitude is positive, the first of equal ones.
public struct PrincipalComponents: Sendable, Equatable {
  /// Values of a row.
  public let width: Int
  /// Of the rows, `width` values.
  public let mean: [Double]
  /// Unit vectors of `width` values, the one of most variance first.
  public let directions: [[Double]]
  /// Of the rows along each direction, divided by the number of rows.
  public let variances: [Double]
  /// Of the rows along all directions together, those that were not asked for included.
  public let totalVariance: Double

  /// - Parameters:
  ///   - features: row-major, one row or more.
  ///   - width: values of a row.
  ///   - count: of components that are wanted, from 1 to `width`.
  /// - Precondition: `features` are whole rows.
  public init(_ features: [Float], width: Int, count: Int) {
    require(
      width > 0 && !features.isEmpty && features.count % width == 0 && (1...width).contains(count),
      "PrincipalComponents: \(count) components of \(features.count) values of width \(width)")
    let rows = features.count / width
    self.width = width
    var mean = [Double](repeating: 0, count: width)
    for row in 0..<rows {
      for column in 0..<width { mean[column] += Double(features[row * width + column]) }
    }
    for column in 0..<width { mean[column] /= Double(rows) }
    self.mean = mean
    let covariance = Self.covariance(features, mean)
    totalVariance = (0..<width).reduce(0) { $0 + covariance[$1 * width + $1] }
    let (values, vectors) = LinearAlgebra.eigenvectors(upper: covariance, order: width)
    let wanted = (0..<count).map { width - 1 - $0 }
    variances = wanted.map { max(values[$0], 0) }
    directions = wanted.map { Self.signed(Array(vectors[$0 * width..<($0 + 1) * width])) }
  }

  /// Share of the whole variance that each component explains; 0 where rows do not differ.
  public var shares: [Double] { variances.map { totalVariance > 0 ? $0 / totalVariance : 0 } }

  /// How far rows lie along each component from the mean.
  /// - Parameter features: row-major, whole rows.
  /// - Returns: for each component a score for each row.
  public func scores(_ features: [Float]) -> [[Double]] {
    require(features.count % width == 0, "PrincipalComponents: \(features.count) values of width \(width)")
    let rows = Compute.map(features.count / width) { row in
      directions.map { direction in
        var score = 0.0
        for column in 0..<width {
          score += direction[column] * (Double(features[row * width + column]) - mean[column])
        }
        return score
      }
    }
    return directions.indices.map { component in rows.map { $0[component] } }
  }

  /// The upper triangle, row-major; rows are taken in blocks, so that memory does not grow with them.
  private static func covariance(_ features: [Float], _ mean: [Double]) -> [Double] {
    let (width, rows) = (mean.count, features.count / mean.count)
    var sum = [Double](repeating: 0, count: width * width)
    LinearAlgebra.checkMemory()
    for start in stride(from: 0, to: rows, by: 1024) {
      let count = min(1024, rows - start)
      let block = (0..<count * width).map { Double(features[start * width + $0]) - mean[$0 % width] }
      cblas_dsyrk(
        CblasRowMajor, CblasUpper, CblasTrans, blasint(width), blasint(count), 1 / Double(rows), block,
        blasint(width), 1, &sum, blasint(width))
    }
    return sum
  }

  private static func signed(_ direction: [Double]) -> [Double] {
    let largest = direction.indices.max { abs(direction[$0]) < abs(direction[$1]) }!
    return direction[largest] < 0 ? direction.map { -$0 } : direction
  }
}
