import CoreTensor

/// Linear probes and a neighbours' vote on frozen features, for any number of findings.
public struct FeatureProbe: Sendable {
  /// Labels of one finding; nil for a radiograph of which it is not known.
  public struct Finding: Sendable {
    public let train: [Bool?]
    public let validation: [Bool?]
    public let test: [Bool?]

    /// - Parameters:
    ///   - train: of each radiograph to learn from.
    ///   - validation: of each radiograph to choose the penalty by; default none.
    ///   - test: of each test radiograph.
    public init(train: [Bool?], validation: [Bool?] = [], test: [Bool?]) {
      (self.train, self.validation, self.test) = (train, validation, test)
    }

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
  private let validation: [Double]
  private let test: [Double]

  /// - Parameters:
  ///   - width: values of a radiograph's features.
  ///   - train: rows of the radiographs to learn from.
  ///   - groups: their patients.
  ///   - validation: rows of radiographs, of other patients, to choose the penalty by; default none.
  ///   - test: rows of the test radiographs.
  /// - Throws: `MetricError` where a feature is not finite.
  public init(width: Int, train: [Float], groups: [String], validation: [Float] = [], test: [Float]) throws {
    require(
      groups.count * width == train.count,
      "FeatureProbe: \(groups.count) groups for \(train.count) values of width \(width)")
    let scaling = try Standardization(train, width: width)
    (self.width, self.groups) = (width, groups)
    (self.train, self.validation, self.test) = (
      try scaling(train), try scaling(validation), try scaling(test)
    )
  }

  /// Logits of the test radiographs, for each finding, of the probe with the penalty that does best on validation; of
  /// equally good ones the strongest.
  ///
  /// Where there are no validation radiographs of both kinds, a fifth of the patients is set apart for the choice, and
  /// the probe fitted again to all.
  public func linear(_ findings: [Finding]) -> [[Double]] {
    let choices = findings.map { choice($0) }
    let penalties = LinearProbe.penalties
    let areas = Compute.map(findings.count * penalties.count) { job in
      area(choices[job / penalties.count], penalties[job % penalties.count])
    }
    return Compute.map(findings.count) { index in
      let own = Array(areas[index * penalties.count..<(index + 1) * penalties.count])
      let best = own.compactMap { $0 }.max()
      let penalty = own.lastIndex { $0 != nil && $0 == best }.map { penalties[$0] }
      return LinearProbe(
        train, width: width, labels: findings[index].train, penalty: penalty ?? LinearProbe.standardPenalty
      ).scores(test, width: width)
    }
  }

  /// What a penalty is chosen by: labels to fit to, and rows to judge by with theirs.
  private struct Choice {
    let fitted: [Bool?]
    let features: [Double]
    let labels: [Bool?]
  }

  private func choice(_ finding: Finding) -> Choice {
    if finding.validation.contains(true), finding.validation.contains(false) {
      return Choice(fitted: finding.train, features: validation, labels: finding.validation)
    }
    let held = LinearProbe.validation(finding.train, groups: groups)
    let rows = held.sorted()
    return Choice(
      fitted: finding.train.indices.map { held.contains($0) ? nil : finding.train[$0] },
      features: rows.flatMap { train[$0 * width..<($0 + 1) * width] }, labels: rows.map { finding.train[$0] })
  }

  /// AUROC of validation; nil where radiographs of one kind only are judged by, or fitted to.
  private func area(_ choice: Choice, _ penalty: Double) -> Double? {
    guard choice.fitted.contains(true), choice.fitted.contains(false) else { return nil }
    let scores = LinearProbe(train, width: width, labels: choice.fitted, penalty: penalty)
      .scores(choice.features, width: width)
    guard let area = try? AreaUnderCurve(scores, choice.labels) else {
      fail("FeatureProbe: a logit of finite features is not finite")
    }
    return area.value
  }

  /// Votes of the nearest radiographs, for each finding and test radiograph.
  /// - Parameters:
  ///   - findings: whose labels vote.
  ///   - k: see `NearestNeighbours`; default 20.
  ///   - temperature: see `NearestNeighbours`; default 0.07.
  public func neighbours(_ findings: [Finding], k: Int = 20, temperature: Double = 0.07) -> [[Double]] {
    NearestNeighbours(train, width: width, k: k, temperature: temperature)
      .scores(test, labels: findings.map(\.train))
  }
}
