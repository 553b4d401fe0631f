import CoreTensor
import Metrics
import WorldModel

/// AUROC of linear probes, one for each finding.
struct ProbeResult: Sendable, Equatable, Codable {
  struct Finding: Sendable, Equatable, Codable {
    let name: String
    let areaUnderCurve: Double
    /// Of the test films.
    let positives: Int
    let films: Int
  }

  let findings: [Finding]
  let trainFilms: Int
  let testFilms: Int

  /// Mean over findings.
  var mean: Double { findings.map(\.areaUnderCurve).reduce(0, +) / Double(max(findings.count, 1)) }
}

/// Fits and tests linear probes on frozen features.
struct ProbeEvaluation: Sendable {
  let train: [Int]
  let test: [Int]
  /// Findings with enough positives and negatives on both sides.
  let findings: [String]
  private let records: [FilmRecord]

  /// - Parameter wanted: findings asked for; empty for all.
  /// - Returns: nil where no finding has enough cases.
  init?(_ records: [FilmRecord], findingNames: [String], wanted: [String], partition: FilmPartition) {
    (self.records, train, test) = (records, partition.probeTrain, partition.probeTest)
    let (train, test) = (train, test)
    findings = Set(wanted.isEmpty ? findingNames : wanted).sorted().filter { name in
      FeatureProbe.Finding(
        train: train.map { records[$0].label(of: name) }, test: test.map { records[$0].label(of: name) }
      ).hasEnoughCases
    }
    if findings.isEmpty { return nil }
  }

  /// - Parameter features: of the films in `train` and `test`; films that could not be decoded are missing.
  /// - Throws: `MetricError` where a feature is not finite.
  func callAsFunction(_ features: FeatureTable) throws -> ProbeResult {
    let rows = Dictionary(uniqueKeysWithValues: features.films.enumerated().map { ($1, $0) })
    let (train, test) = (train.filter { rows[$0] != nil }, test.filter { rows[$0] != nil })
    func values(_ films: [Int]) -> [Float] { films.flatMap { features.row(rows[$0]!) } }
    let labels = findings.map { name in
      FeatureProbe.Finding(
        train: train.map { records[$0].label(of: name) }, test: test.map { records[$0].label(of: name) })
    }
    let usable = labels.indices.filter { labels[$0].hasEnoughCases }
    let scores = try FeatureProbe(
      width: features.width, train: values(train), groups: train.map { records[$0].patientKey },
      test: values(test)
    ).linear(usable.map { labels[$0] })
    return ProbeResult(
      findings: try zip(usable, scores).compactMap { index, scores in
        let known = labels[index].test.compactMap { $0 }
        return try AreaUnderCurve(scores, labels[index].test).value.map {
          .init(
            name: findings[index], areaUnderCurve: $0, positives: known.count { $0 }, films: known.count)
        }
      }, trainFilms: train.count, testFilms: test.count)
  }
}
