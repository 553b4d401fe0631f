import Metrics
import WorldModel

/// AUROC of linear probes, one for each finding.
package struct ProbeResult: Sendable, Equatable, Codable {
  package struct Finding: Sendable, Equatable, Codable {
    package let name: String
    package let areaUnderCurve: Double
    /// Of the test radiographs.
    package let positives: Int
    package let radiographs: Int
  }

  package let findings: [Finding]
  package let trainRadiographs: Int
  package let testRadiographs: Int

  /// Mean over findings.
  package var mean: Double { findings.map(\.areaUnderCurve).reduce(0, +) / Double(max(findings.count, 1)) }
}

/// Fits and tests linear probes on frozen features.
package struct EncoderProbe: Sendable {
  /// Findings with enough positives and negatives on both sides.
  package let findings: [String]
  private let train: [Int]
  private let validation: [Int]
  private let test: [Int]
  private let records: [RadiographRecord]

  /// - Parameter wanted: findings asked for; empty for all.
  /// - Returns: nil where no finding has enough cases.
  package init?(_ records: [RadiographRecord], findingNames: [String], wanted: [String], split: DataSplit) {
    self.records = records
    (train, validation, test) = (split.probeTrain, split.probeValidation, split.probeTest)
    let parts = (train, validation, test)
    findings = Set(wanted.isEmpty ? findingNames : wanted).sorted().filter {
      Self.labels(of: $0, records, parts).hasEnoughCases
    }
    if findings.isEmpty { return nil }
  }

  private static func labels(
    of finding: String, _ records: [RadiographRecord],
    _ radiographs: (train: [Int], validation: [Int], test: [Int])
  ) -> FeatureProbe.Finding {
    func labels(_ radiographs: [Int]) -> [Bool?] { radiographs.map { records[$0].label(of: finding) } }
    return FeatureProbe.Finding(
      train: labels(radiographs.train), validation: labels(radiographs.validation),
      test: labels(radiographs.test))
  }

  /// Radiographs whose features it needs.
  package var radiographs: [Int] { train + validation + test }

  /// - Parameter features: of ``radiographs``; those that could not be decoded are missing.
  /// - Throws: `MetricError` where a feature is not finite.
  package func callAsFunction(_ features: FeatureTable) throws -> ProbeResult {
    let rows = Dictionary(uniqueKeysWithValues: features.radiographs.enumerated().map { ($1, $0) })
    func usable(_ radiographs: [Int]) -> [Int] { radiographs.filter { rows[$0] != nil } }
    func values(_ radiographs: [Int]) -> [Float] { radiographs.flatMap { features.row(rows[$0]!) } }
    let parts = (train: usable(train), validation: usable(validation), test: usable(test))
    let probed = findings.map { (name: $0, labels: Self.labels(of: $0, records, parts)) }
      .filter { $0.labels.hasEnoughCases }
    let scores = try FeatureProbe(
      width: features.width, train: values(parts.train), groups: parts.train.map { records[$0].patientKey },
      validation: values(parts.validation), test: values(parts.test)
    ).linear(probed.map(\.labels))
    return ProbeResult(
      findings: try zip(probed, scores).compactMap { finding, scores in
        let known = finding.labels.test.compactMap { $0 }
        return try AreaUnderCurve(scores, finding.labels.test).value.map {
          .init(
            name: finding.name, areaUnderCurve: $0, positives: known.count { $0 }, radiographs: known.count)
        }
      }, trainRadiographs: parts.train.count, testRadiographs: parts.test.count)
  }
}
