import COpenBLAS
import Foundation

/// Whether features still tell radiographs apart.
public struct FeatureSpread: Sendable, Equatable {
  /// Mean over features of their standard deviation over radiographs.
  public let deviation: Double
  /// RankMe (Garrido et al. 2023) of centred features: exp of the entropy of the normalised singular values;
  /// between 1 and the smaller of radiographs and width.
  public let rank: Double

  /// - Parameters:
  ///   - features: row-major, a row for each radiograph; two radiographs or more.
  ///   - width: of a row.
  public init(_ features: [Float], width: Int) {
    let (rows, columns) = (features.count / width, width)
    var centred = features.map(Double.init)
    var deviations = 0.0
    for column in 0..<columns {
      var mean = 0.0
      for row in 0..<rows { mean += centred[row * columns + column] }
      mean /= Double(max(rows, 1))
      var squares = 0.0
      for row in 0..<rows {
        centred[row * columns + column] -= mean
        squares += centred[row * columns + column] * centred[row * columns + column]
      }
      deviations += (squares / Double(max(rows - 1, 1))).squareRoot()
    }
    deviation = deviations / Double(columns)
    rank = Self.effectiveRank(centred, rows: rows, columns: columns)
  }

  private static func effectiveRank(_ x: [Double], rows: Int, columns: Int) -> Double {
    let order = min(rows, columns)
    // Singular values are the roots of the eigenvalues of the smaller of xᵀx and xxᵀ.
    var gram = [Double](repeating: 0, count: order * order)
    let transposed = columns <= rows
    LinearAlgebra.checkMemory()
    cblas_dsyrk(
      CblasRowMajor, CblasUpper, transposed ? CblasTrans : CblasNoTrans, blasint(order),
      blasint(transposed ? rows : columns), 1, x, blasint(columns), 0, &gram, blasint(order))
    let singular = LinearAlgebra.eigenvalues(upper: gram, order: order).map { max($0, 0).squareRoot() }
    let sum = singular.reduce(0, +)
    guard sum > 0, sum.isFinite else { return 1 }
    let shares = singular.map { $0 / sum }.filter { $0 > 0 }
    return exp(-shares.reduce(0.0) { $0 + $1 * log($1) })
  }
}
