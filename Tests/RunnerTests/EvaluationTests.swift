import CoreTensor
import Foundation
import Testing
import WorldModel

@testable import Runner

@Suite struct EvaluationTests {
  private func table(_ rows: [[Float]]) -> FeatureTable {
    FeatureTable(width: rows[0].count, films: Array(rows.indices), values: rows.flatMap { $0 })
  }

  private func normal(_ rows: Int, _ columns: Int, _ stream: String) -> [[Float]] {
    var random = RandomStream(seed: 5, stream: stream)
    return (0..<rows).map { _ in (0..<columns).map { _ in Float(random.normal()) } }
  }

  // MARK: Health

  @Test(arguments: [(400, 8), (8, 400)]) func isotropicFeaturesHaveFullRank(films: Int, width: Int) {
    let health = FeatureHealth(table(normal(films, width, "isotropic")))
    // Centring takes one direction away where films are the fewer.
    let full = Double(width < films ? width : films - 1)
    #expect(health.rank > 0.97 * full && health.rank <= full + 1e-6)
    #expect(abs(health.deviation - 1) < 0.1)
    #expect(health.films == films)
  }

  @Test func featuresAlongOneDirectionHaveRankOne() {
    let rows = normal(64, 1, "line").map { row in (0..<16).map { row[0] * Float($0 + 1) } }
    #expect(abs(FeatureHealth(table(rows)).rank - 1) < 1e-3)
  }

  @Test func twoEqualDirectionsHaveRankTwo() {
    let rows: [[Float]] = [[1, 0, 7], [-1, 0, 7], [0, 1, 7], [0, -1, 7]]
    let health = FeatureHealth(table(rows))
    #expect(abs(health.rank - 2) < 1e-9)
    // Each of two columns has squares of 2 over three degrees of freedom, the third none.
    #expect(abs(health.deviation - 2 * (2.0 / 3).squareRoot() / 3) < 1e-9)
  }

  @Test func constantFeaturesAreCollapsed() {
    let health = FeatureHealth(table([[Float]](repeating: [3, 4, 5], count: 6)))
    #expect(health.rank == 1 && health.deviation == 0)
  }

  // MARK: Area under the curve

  @Test func areaOfSmallCases() {
    #expect(AreaUnderCurve.value([1, 2, 3, 4], [false, false, true, true]) == 1)
    #expect(AreaUnderCurve.value([4, 3, 2, 1], [false, false, true, true]) == 0)
    #expect(AreaUnderCurve.value([2, 2, 2, 2], [false, true, false, true]) == 0.5)
    #expect(AreaUnderCurve.value([1, 2, 2, 3], [false, false, true, true]) == 0.875)
    #expect(AreaUnderCurve.value([1, 2], [true, true]) == nil)
    #expect(AreaUnderCurve.value([1, 2], [false, false]) == nil)
    #expect(AreaUnderCurve.value([], []) == nil)
  }

  @Test(arguments: 0..<12) func areaAgreesWithCountedPairs(seed: Int) throws {
    var random = RandomStream(seed: UInt64(seed), stream: "area")
    // Few different scores, so that there are many ties.
    let scores = (0..<60).map { _ in Double(random.integer(in: 0...(seed < 6 ? 5 : 10_000))) }
    let labels = [true, false] + (0..<58).map { _ in random.chance(0.3) }
    var (won, pairs) = (0.0, 0.0)
    for (a, isPositive) in zip(scores, labels) where isPositive {
      for (b, other) in zip(scores, labels) where !other {
        won += a > b ? 1 : a == b ? 0.5 : 0
        pairs += 1
      }
    }
    #expect(abs(try #require(AreaUnderCurve.value(scores, labels)) - won / pairs) < 1e-12)
  }

  // MARK: Linear probe

  @Test func separableFilmsAreToldApart() {
    let labels = (0..<80).map { $0 % 3 == 0 }
    let rows = zip(normal(80, 6, "separable"), labels).map { row, label in
      [row[0] / 4 + (label ? 2 : -2)] + row
    }
    let probe = LinearProbe(rows.flatMap { $0.map(Double.init) }, width: 7, labels: labels, penalty: 1)
    let scores = probe.scores(rows.flatMap { $0.map(Double.init) }, width: 7)
    #expect(AreaUnderCurve.value(scores, labels) == 1)
    #expect(zip(scores, labels).allSatisfy { ($0 > 0) == $1 })
  }

  @Test(arguments: LinearProbe.penalties) func slopeIsZeroAtTheFit(penalty: Double) {
    let rows = normal(120, 5, "slope").map { $0.map(Double.init) }
    var random = RandomStream(seed: 2, stream: "labels")
    let labels = rows.map { random.unit() < 1 / (1 + exp(-$0[0] + 0.5 * $0[1])) }
    let probe = LinearProbe(rows.flatMap { $0 }, width: 5, labels: labels, penalty: penalty)
    let errors = zip(probe.scores(rows.flatMap { $0 }, width: 5), labels).map {
      1 / (1 + exp(-$0)) - ($1 ? 1 : 0)
    }
    for column in 0..<5 {
      let slope = zip(errors, rows).map { $0 * $1[column] }.reduce(0, +) + penalty * probe.weights[column]
      #expect(abs(slope) < 1e-6)
    }
    #expect(abs(errors.reduce(0, +)) < 1e-4)
  }

  @Test func strongerPenaltyMeansSmallerWeights() {
    let rows = normal(60, 4, "penalty").map { $0.map(Double.init) }
    let labels = rows.map { $0[0] + $0[2] > 0 }
    let sizes = LinearProbe.penalties.map { penalty in
      LinearProbe(rows.flatMap { $0 }, width: 4, labels: labels, penalty: penalty).weights.dropLast()
        .map { $0 * $0 }.reduce(0, +)
    }
    #expect(zip(sizes, sizes.dropFirst()).allSatisfy { $0 > $1 })
  }

  // MARK: Linear algebra

  @Test func eigenvaluesByHand() {
    // The lower triangle is not looked at.
    let two = LinearAlgebra.eigenvalues(upper: [2, 1, 99, 2], order: 2)
    #expect(abs(two[0] - 1) < 1e-12 && abs(two[1] - 3) < 1e-12)
    let three = LinearAlgebra.eigenvalues(upper: [2, -1, 0, 99, 2, -1, 99, 99, 2], order: 3)
    for (found, expected) in zip(three, [2 - 2.0.squareRoot(), 2, 2 + 2.0.squareRoot()]) {
      #expect(abs(found - expected) < 1e-12)
    }
    #expect(LinearAlgebra.eigenvalues(upper: [5], order: 1) == [5])
  }

  @Test func equationsByHand() throws {
    let solution = try #require(LinearAlgebra.solve(upper: [4, 2, 99, 3], [10, 9]))
    #expect(abs(solution[0] - 1.5) < 1e-12 && abs(solution[1] - 2) < 1e-12)
    #expect(LinearAlgebra.solve(upper: [1, 2, 99, 1], [1, 1]) == nil)
  }
}

@Suite struct UnknownFindingTests {
  /// Films 0..<80 train and the rest test; the feature tells the finding, but for films whose label is unknown.
  @Test func unknownFilmsAreLeftOutOfTheProbe() throws {
    let records = (0..<120).map { index in
      FilmRecord(
        identifier: "\(index)", findings: index % 2 == 0 ? ["mass"] : [],
        unknown: index % 10 == 3 ? ["mass"] : [])
    }
    var partition = try FilmPartition(records, hasLabels: true, ConfigurationFixture.configuration([]))
    (partition.probeTrain, partition.probeTest) = (Array(0..<80), Array(80..<120))
    let values: [Float] = (0..<120).map { index in
      // An unknown film looks like a positive one: as a negative it would spoil the probe.
      let looksPositive = index % 2 == 0 || index % 10 == 3
      let noise = Float(index % 7) / 100
      return looksPositive ? 1 + noise : noise - 1
    }
    let probe = try #require(
      ProbeEvaluation(records, findingNames: ["mass"], wanted: [], partition: partition))
    let result = probe(FeatureTable(width: 1, films: Array(0..<120), values: values))
    #expect(result.findings.count == 1)
    #expect(result.findings[0].areaUnderCurve == 1 && result.findings[0].films == 36)
  }

  @Test func aFindingThatIsUnknownNearlyEverywhereIsNotProbed() throws {
    let records = (0..<100).map { FilmRecord(identifier: "\($0)", findings: ["mass"], unknown: ["mass"]) }
    let partition = try FilmPartition(records, hasLabels: true, ConfigurationFixture.configuration([]))
    #expect(ProbeEvaluation(records, findingNames: ["mass"], wanted: [], partition: partition) == nil)
  }
}
