import CoreTensor
import Foundation
import Testing
import WorldModel

@testable import Batches

@Suite struct EvaluationTests {
  private func table(_ rows: [[Float]]) -> FeatureTable {
    FeatureTable(width: rows[0].count, radiographs: Array(rows.indices), values: rows.flatMap { $0 })
  }

  private func normal(_ rows: Int, _ columns: Int, _ stream: String) -> [[Float]] {
    var random = RandomStream(seed: 5, stream: stream)
    return (0..<rows).map { _ in (0..<columns).map { _ in Float(random.normal()) } }
  }

  // MARK: Diagnostics

  @Test(arguments: [(400, 8), (8, 400)]) func isotropicFeaturesHaveFullRank(radiographs: Int, width: Int) {
    let diagnostics = FeatureDiagnostics(table(normal(radiographs, width, "isotropic")))
    // Centring takes one direction away where radiographs are the fewer.
    let full = Double(width < radiographs ? width : radiographs - 1)
    #expect(diagnostics.rank > 0.97 * full && diagnostics.rank <= full + 1e-6)
    #expect(abs(diagnostics.deviation - 1) < 0.1)
    #expect(diagnostics.radiographs == radiographs)
  }

  @Test func featuresAlongOneDirectionHaveRankOne() {
    let rows = normal(64, 1, "line").map { row in (0..<16).map { row[0] * Float($0 + 1) } }
    #expect(abs(FeatureDiagnostics(table(rows)).rank - 1) < 1e-3)
  }

  @Test func twoEqualDirectionsHaveRankTwo() {
    let rows: [[Float]] = [[1, 0, 7], [-1, 0, 7], [0, 1, 7], [0, -1, 7]]
    let diagnostics = FeatureDiagnostics(table(rows))
    #expect(abs(diagnostics.rank - 2) < 1e-9)
    // Each of two columns has squares of 2 over three degrees of freedom, the third none.
    #expect(abs(diagnostics.deviation - 2 * (2.0 / 3).squareRoot() / 3) < 1e-9)
  }

  @Test func constantFeaturesAreCollapsed() {
    let diagnostics = FeatureDiagnostics(table([[Float]](repeating: [3, 4, 5], count: 6)))
    #expect(diagnostics.rank == 1 && diagnostics.deviation == 0)
  }
}

@Suite struct UnknownFindingTests {
  /// Radiographs 0..<80 train and the rest test; the feature tells the finding, but for radiographs whose label is
  /// unknown.
  @Test func unknownRadiographsAreLeftOutOfTheProbe() throws {
    let records = (0..<120).map { index in
      RadiographRecord(
        identifier: "\(index)", findings: index % 2 == 0 ? ["mass"] : [],
        unknown: index % 10 == 3 ? ["mass"] : [])
    }
    var split = try DataSplit(records, hasLabels: true, ConfigurationFixture.configuration([]))
    (split.probeTrain, split.probeTest) = (Array(0..<80), Array(80..<120))
    let values: [Float] = (0..<120).map { index in
      // An unknown radiograph looks like a positive one: as a negative it would spoil the probe.
      let looksPositive = index % 2 == 0 || index % 10 == 3
      let noise = Float(index % 7) / 100
      return looksPositive ? 1 + noise : noise - 1
    }
    let probe = try #require(
      EncoderProbe(records, findingNames: ["mass"], wanted: [], split: split))
    let result = try probe(FeatureTable(width: 1, radiographs: Array(0..<120), values: values))
    #expect(result.findings.count == 1)
    #expect(result.findings[0].areaUnderCurve == 1 && result.findings[0].radiographs == 36)
  }

  @Test func aFindingThatIsUnknownNearlyEverywhereIsNotProbed() throws {
    let records = (0..<100).map {
      RadiographRecord(identifier: "\($0)", findings: ["mass"], unknown: ["mass"])
    }
    let split = try DataSplit(records, hasLabels: true, ConfigurationFixture.configuration([]))
    #expect(EncoderProbe(records, findingNames: ["mass"], wanted: [], split: split) == nil)
  }
}
