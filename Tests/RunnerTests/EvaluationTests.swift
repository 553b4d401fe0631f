import CoreTensor
import Foundation
import Testing
import WorldModel

@testable import Batches

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
      EncoderProbe(records, findingNames: ["mass"], wanted: [], partition: partition))
    let result = try probe(FeatureTable(width: 1, films: Array(0..<120), values: values))
    #expect(result.findings.count == 1)
    #expect(result.findings[0].areaUnderCurve == 1 && result.findings[0].films == 36)
  }

  @Test func aFindingThatIsUnknownNearlyEverywhereIsNotProbed() throws {
    let records = (0..<100).map { FilmRecord(identifier: "\($0)", findings: ["mass"], unknown: ["mass"]) }
    let partition = try FilmPartition(records, hasLabels: true, ConfigurationFixture.configuration([]))
    #expect(EncoderProbe(records, findingNames: ["mass"], wanted: [], partition: partition) == nil)
  }
}
