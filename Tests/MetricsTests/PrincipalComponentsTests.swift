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
    var rows: [Float] = []
    for row in 0..<count {
      for column in 0..<7 {
        var sum = 5.0
        for source in 0..<7 {
          sum += values[row * 7 + source] * mixing[source * 7 + column] / Double(1 + source * source)
        }
        rows.append(Float(sum))
      }
    }
    return rows
  }

  private func turned(_ x: Double, _ y: Double, _ c: Double, _ s: Double) -> (Double, Double) {
    (c * x - s * y, s * x + c * y)
  }

  /// Naive: the covariance in plain loops, its eigenvectors by Jacobi's rotations.
  private func reference(_ features: [Float]) -> (variances: [Double], directions: [[Double]]) {
    let (count, width) = (features.count / 7, 7)
    var means = [Double](repeating: 0, count: width)
    for row in 0..<count {
      for column in 0..<width { means[column] += Double(features[row * width + column]) / Double(count) }
    }
    var a = Array(repeating: [Double](repeating: 0, count: width), count: width)
    for row in 0..<count {
      let centred = (0..<width).map { Double(features[row * width + $0]) - means[$0] }
      for i in 0..<width {
        for j in 0..<width { a[i][j] += centred[i] * centred[j] / Double(count) }
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
          for k in 0..<width { (a[k][p], a[k][q]) = turned(a[k][p], a[k][q], c, s) }
          for k in 0..<width { (a[p][k], a[q][k]) = turned(a[p][k], a[q][k], c, s) }
          for k in 0..<width {
            (vectors[p][k], vectors[q][k]) = turned(vectors[p][k], vectors[q][k], c, s)
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
