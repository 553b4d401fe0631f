import CoreTensor
import Metrics
import Testing

@Suite struct PrincipalComponentsTests {
  private func noise(_ count: Int, _ stream: String) -> [Double] {
    var random = RandomStream(seed: 3, stream: stream)
    return (0..<count).map { _ in random.normal() }
  }

  /// Rows of 7 values of very different spread, turned.
  private func rows(_ count: Int) -> [Float] {
    let (mixing, values) = (noise(49, "mixing"), noise(7 * count, "values"))
    return (0..<count).flatMap { row in
      (0..<7).map { column in
        Float(
          5 + (0..<7).reduce(0.0) { $0 + values[row * 7 + $1] * mixing[$1 * 7 + column] / Double(1 + $1 * $1) })
      }
    }
  }

  /// Naive: the covariance in plain loops, its eigenvectors by Jacobi's rotations.
  private func reference(_ features: [Float]) -> (variances: [Double], directions: [[Double]]) {
    let (count, width) = (features.count / 7, 7)
    let means = (0..<width).map { column in
      (0..<count).reduce(0.0) { $0 + Double(features[$1 * width + column]) } / Double(count)
    }
    var a = (0..<width).map { i in
      (0..<width).map { j in
        (0..<count).reduce(0.0) {
          $0 + (Double(features[$1 * width + i]) - means[i]) * (Double(features[$1 * width + j]) - means[j])
        } / Double(count)
      }
    }
    var vectors = (0..<width).map { i in (0..<width).map { i == $0 ? 1.0 : 0 } }
    for _ in 0..<60 {
      for p in 0..<width {
        for q in p + 1..<width where abs(a[p][q]) > 1e-300 {
          let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
          let t = (theta >= 0 ? 1.0 : -1) / (abs(theta) + (theta * theta + 1).squareRoot())
          let c = 1 / (t * t + 1).squareRoot()
          let s = t * c
          for k in 0..<width { (a[k][p], a[k][q]) = (c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]) }
          for k in 0..<width { (a[p][k], a[q][k]) = (c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]) }
          for k in 0..<width {
            (vectors[p][k], vectors[q][k]) = (
              c * vectors[p][k] - s * vectors[q][k], s * vectors[p][k] + c * vectors[q][k]
            )
          }
        }
      }
    }
    let order = (0..<width).sorted { a[$0][$0] > a[$1][$1] }
    return (order.map { a[$0][$0] }, order.map { vectors[$0] })
  }

  @Test(arguments: [2, 9, 1500]) func agreeWithANaiveReference(count: Int) {
    let features = rows(count)
    let (variances, directions) = reference(features)
    let found = PrincipalComponents(features, width: 7, count: 7)
    for component in 0..<min(7, count - 1) {
      #expect(abs(found.variances[component] - variances[component]) < 1e-9 * variances[0])
      let cosine = zip(found.directions[component], directions[component]).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(abs(cosine) - 1) < 1e-7, "component \(component): \(cosine)")
      let largest = found.directions[component].max { abs($0) < abs($1) }!
      #expect(largest > 0)
    }
    #expect(abs(found.totalVariance - variances.reduce(0, +)) < 1e-9 * found.totalVariance)
    #expect(abs(found.shares.reduce(0, +) - 1) < 1e-9)
  }

  /// Scores have the components' variances and do not correlate.
  @Test func scoresAreUncorrelated() {
    let features = rows(300)
    let found = PrincipalComponents(features, width: 7, count: 3)
    let scores = found.scores(features)
    #expect(scores.count == 3 && scores.allSatisfy { $0.count == 300 })
    for a in 0..<3 {
      for b in 0..<3 {
        let product = zip(scores[a], scores[b]).reduce(0) { $0 + $1.0 * $1.1 } / 300
        #expect(abs(product - (a == b ? found.variances[a] : 0)) < 1e-9 * found.variances[0])
      }
    }
  }

  @Test func rowsThatDoNotDifferExplainNothing() {
    let found = PrincipalComponents([1, 2, 1, 2, 1, 2], width: 2, count: 2)
    #expect(found.variances == [0, 0] && found.shares == [0, 0] && found.mean == [1, 2])
  }
}
