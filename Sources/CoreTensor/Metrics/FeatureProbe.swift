/// Linear probes and a neighbours' vote on frozen features, for any number of findings.
public struct FeatureProbe: Sendable {
  /// Labels of one finding; nil for a film of which it is not known.
  public struct Finding: Sendable {
    public let train: [Bool?]
    public let test: [Bool?]

    /// - Parameters:
    ///   - train: of each film to learn from.
    ///   - test: of each test film.
    public init(train: [Bool?], test: [Bool?]) { (self.train, self.test) = (train, test) }

    /// Whether it has 8 positives and 8 negatives to learn from, and 4 of each to test on: with fewer its AUROC tells
    /// nothing.
    public var hasEnoughCases: Bool {
      func least(_ labels: [Bool?]) -> Int { min(labels.count { $0 == true }, labels.count { $0 == false }) }
      return least(train) >= 8 && least(test) >= 4
    }
  }

  private let width: Int
  private let groups: [String]
  private let train: [Double]
  private let test: [Double]

  /// - Parameters:
  ///   - width: values of a film's features.
  ///   - train: rows of the films to learn from.
  ///   - groups: their patients; the penalty is chosen on films of other patients than those fitted to.
  ///   - test: rows of the test films.
  /// - Throws: `MetricError` where a feature is not finite.
  public init(width: Int, train: [Float], groups: [String], test: [Float]) throws {
    precondition(
      groups.count * width == train.count,
      "FeatureProbe: \(groups.count) groups for \(train.count) values of width \(width)")
    let scaling = try Standardization(train, width: width)
    (self.width, self.groups) = (width, groups)
    (self.train, self.test) = (try scaling(train), try scaling(test))
  }

  /// Logits of the test films, for each finding, of the probe with the penalty that does best on validation, fitted
  /// again to all films; of equally good penalties the strongest.
  public func linear(_ findings: [Finding]) -> [[Double]] {
    let held = findings.map { LinearProbe.validation($0.train, groups: groups) }
    let penalties = LinearProbe.penalties
    let areas = parallelMap(findings.count * penalties.count) { job in
      let index = job / penalties.count
      return area(findings[index], held[index], penalties[job % penalties.count])
    }
    return parallelMap(findings.count) { index in
      let own = areas[index * penalties.count..<(index + 1) * penalties.count]
      let best = own.compactMap { $0 }.max()
      let penalty = own.lastIndex { $0 != nil && $0 == best }.map { penalties[$0 - own.startIndex] }
      return LinearProbe(
        train, width: width, labels: findings[index].train, penalty: penalty ?? LinearProbe.standardPenalty
      ).scores(test, width: width)
    }
  }

  /// AUROC on validation; nil where it has films of one kind only, or leaves only one kind to fit to.
  private func area(_ finding: Finding, _ held: Set<Int>, _ penalty: Double) -> Double? {
    let fitted = finding.train.indices.map { held.contains($0) ? nil : finding.train[$0] }
    guard fitted.contains(true), fitted.contains(false) else { return nil }
    let rows = held.sorted()
    let scores = LinearProbe(train, width: width, labels: fitted, penalty: penalty)
      .scores(rows.flatMap { train[$0 * width..<($0 + 1) * width] }, width: width)
    // Scores of standardised features are finite, and labels of held rows are known.
    return try? AreaUnderCurve(scores, rows.map { finding.train[$0] }).value
  }

  /// Votes of the nearest films, for each finding and test film.
  /// - Parameters:
  ///   - findings: whose labels vote.
  ///   - k: see `NearestNeighbours`; default 20.
  ///   - temperature: see `NearestNeighbours`; default 0.07.
  public func neighbours(_ findings: [Finding], k: Int = 20, temperature: Double = 0.07) -> [[Double]] {
    NearestNeighbours(train, width: width, k: k, temperature: temperature)
      .scores(test, labels: findings.map(\.train))
  }
}
