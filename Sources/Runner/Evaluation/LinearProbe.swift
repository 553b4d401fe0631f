import COpenBLAS
import CoreTensor

/// Logistic regression with a squared penalty on standardised features, fitted by Newton's method; the penalty is
/// chosen on a fifth of the training films.
struct LinearProbe: Sendable {
  /// Weights for standardised features, then the intercept.
  let weights: [Double]

  /// Penalties tried: λ/2 · |w|² beside the sum of log losses.
  static let penalties: [Double] = [1, 10, 100, 1000]
  private static let iterations = 12

  /// - Parameters:
  ///   - features: rows of `width` standardised values.
  ///   - labels: one for each row.
  init(_ features: [Double], width: Int, labels: [Bool], penalty: Double) {
    let rows = labels.count
    let size = width + 1
    var design = [Double](repeating: 1, count: rows * size)
    for row in 0..<rows {
      for column in 0..<width { design[row * size + column] = features[row * width + column] }
    }
    var weights = [Double](repeating: 0, count: size)
    for _ in 0..<Self.iterations {
      guard let change = Self.newtonStep(design, rows, size, labels, weights, penalty) else { break }
      for index in 0..<size { weights[index] -= change[index] }
      if change.map(abs).max() ?? 0 < 1e-8 { break }
    }
    self.weights = weights
  }

  private static func newtonStep(
    _ design: [Double], _ rows: Int, _ size: Int, _ labels: [Bool], _ weights: [Double], _ penalty: Double
  ) -> [Double]? {
    var slope = [Double](repeating: 0, count: size)
    var weighted = design
    for row in 0..<rows {
      var logit = 0.0
      for column in 0..<size { logit += design[row * size + column] * weights[column] }
      let probability = 1 / (1 + exponential(-logit))
      let error = probability - (labels[row] ? 1 : 0)
      let spread = max(probability * (1 - probability), 1e-9).squareRoot()
      for column in 0..<size {
        slope[column] += error * design[row * size + column]
        weighted[row * size + column] *= spread
      }
    }
    var curvature = [Double](repeating: 0, count: size * size)
    cblas_dsyrk(
      CblasRowMajor, CblasUpper, CblasTrans, blasint(size), blasint(rows), 1, weighted, blasint(size), 0,
      &curvature, blasint(size))
    for column in 0..<size - 1 {
      slope[column] += penalty * weights[column]
      curvature[column * size + column] += penalty
    }
    curvature[size * size - 1] += 1e-6
    return LinearAlgebra.solve(upper: curvature, slope)
  }

  /// Logits of rows of standardised features.
  func scores(_ features: [Double], width: Int) -> [Double] {
    stride(from: 0, to: features.count, by: width).map { start in
      (0..<width).reduce(weights[width]) { $0 + features[start + $1] * weights[$1] }
    }
  }
}

/// Area under the receiver operating characteristic.
enum AreaUnderCurve {
  /// The chance that a positive scores above a negative, ties counting half; nil without one of each.
  static func value(_ scores: [Double], _ labels: [Bool]) -> Double? {
    let positives = labels.filter { $0 }.count
    let negatives = labels.count - positives
    guard positives > 0, negatives > 0 else { return nil }
    let order = scores.indices.sorted { scores[$0] < scores[$1] }
    var rankSum = 0.0
    var start = 0
    while start < order.count {
      var end = start
      while end < order.count, scores[order[end]] == scores[order[start]] { end += 1 }
      let rank = Double(start + end + 1) / 2
      rankSum += rank * Double(order[start..<end].filter { labels[$0] }.count)
      start = end
    }
    return (rankSum - Double(positives * (positives + 1)) / 2) / Double(positives * negatives)
  }
}
