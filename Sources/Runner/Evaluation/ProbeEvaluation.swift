import CoreTensor
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
  private let positives: [String: Set<Int>]
  /// Films that are left out of a finding's probe, since nothing is known of it for them.
  private let unknown: [String: Set<Int>]

  /// Cases of either kind that a finding needs in training films, and in test films.
  static let minimumTrain = 8
  static let minimumTest = 4

  /// - Parameter wanted: findings asked for; empty for all.
  /// - Returns: nil where no finding has enough cases.
  init?(_ records: [FilmRecord], findingNames: [String], wanted: [String], partition: FilmPartition) {
    (train, test) = (partition.probeTrain, partition.probeTest)
    var (positives, unknown): ([String: Set<Int>], [String: Set<Int>]) = ([:], [:])
    for name in wanted.isEmpty ? findingNames : wanted {
      positives[name] = Set((train + test).filter { records[$0].findings.contains(name) })
      unknown[name] = Set((train + test).filter { records[$0].unknown.contains(name) })
    }
    (self.positives, self.unknown) = (positives, unknown)
    let (train, test) = (train, test)
    func enough(_ films: [Int], _ finding: String, _ minimum: Int) -> Bool {
      let known = films.filter { !unknown[finding]!.contains($0) }
      let count = known.filter(positives[finding]!.contains).count
      return count >= minimum && known.count - count >= minimum
    }
    findings = positives.keys.filter {
      enough(train, $0, Self.minimumTrain) && enough(test, $0, Self.minimumTest)
    }.sorted()
    if findings.isEmpty { return nil }
  }

  /// - Parameter features: of the films in `train` and `test`; films that could not be decoded are missing.
  func callAsFunction(_ features: FeatureTable) -> ProbeResult {
    let rows = Dictionary(uniqueKeysWithValues: features.films.enumerated().map { ($1, $0) })
    let (train, test) = (train.filter { rows[$0] != nil }, test.filter { rows[$0] != nil })
    let scaling = Standardization(features, rows: train.map { rows[$0]! })
    let (trainX, testX) = (scaling.apply(train.map { rows[$0]! }), scaling.apply(test.map { rows[$0]! }))
    let slots = ResultSlots<ProbeResult.Finding>(findings.count)
    Compute.parallel(findings.count) { index in
      let name = findings[index]
      let (own, unknown) = (positives[name]!, unknown[name]!)
      let (learned, tested) = (known(train, unknown), known(test, unknown))
      let x = select(trainX, features.width, learned)
      let scores = fit(x, features.width, learned.map { own.contains(train[$0]) })
        .scores(select(testX, features.width, tested), width: features.width)
      let labels = tested.map { own.contains(test[$0]) }
      guard let area = AreaUnderCurve.value(scores, labels) else { return }
      slots[index] = ProbeResult.Finding(
        name: name, areaUnderCurve: area, positives: labels.filter { $0 }.count, films: labels.count)
    }
    return ProbeResult(
      findings: slots.values.compactMap { $0 }, trainFilms: train.count, testFilms: test.count)
  }

  /// Positions of films of which the finding is known.
  private func known(_ films: [Int], _ unknown: Set<Int>) -> [Int] {
    films.indices.filter { !unknown.contains(films[$0]) }
  }

  private func select(_ values: [Double], _ width: Int, _ indices: [Int]) -> [Double] {
    if indices.count * width == values.count { return values }
    return indices.flatMap { values[$0 * width..<($0 + 1) * width] }
  }

  /// The probe with the penalty that does best on every fifth film, fitted again to all.
  private func fit(_ features: [Double], _ width: Int, _ labels: [Bool]) -> LinearProbe {
    let validation = labels.indices.filter { $0 % 5 == 4 }
    let fitting = labels.indices.filter { $0 % 5 != 4 }
    let (fittingX, validationX) = (select(features, width, fitting), select(features, width, validation))
    let scored = LinearProbe.penalties.map { penalty -> (Double, Double) in
      let probe = LinearProbe(fittingX, width: width, labels: fitting.map { labels[$0] }, penalty: penalty)
      let scores = probe.scores(validationX, width: width)
      return (penalty, AreaUnderCurve.value(scores, validation.map { labels[$0] }) ?? 0)
    }
    let best = scored.max { $0.1 < $1.1 }!.0
    return LinearProbe(features, width: width, labels: labels, penalty: best)
  }
}

/// Mean and deviation of each feature over training films.
private struct Standardization {
  let features: FeatureTable
  var mean: [Double]
  var scale: [Double]

  init(_ features: FeatureTable, rows: [Int]) {
    self.features = features
    mean = [Double](repeating: 0, count: features.width)
    scale = [Double](repeating: 0, count: features.width)
    let count = Double(max(rows.count, 1))
    for row in rows {
      for (index, value) in features.row(row).enumerated() { mean[index] += Double(value) / count }
    }
    for row in rows {
      for (index, value) in features.row(row).enumerated() {
        let difference = Double(value) - mean[index]
        scale[index] += difference * difference / count
      }
    }
    scale = scale.map { 1 / max($0.squareRoot(), 1e-8) }
  }

  func apply(_ rows: [Int]) -> [Double] {
    rows.flatMap { row in
      features.row(row).enumerated().map { (Double($1) - mean[$0]) * scale[$0] }
    }
  }
}
