import CoreTensor
import Testing

@testable import Metrics

@Suite struct BootstrapTests {
  /// Scores of 200 radiographs of 50 patients: those of `better` tell positives further apart.
  private func scored(_ shift: Double, _ stream: String) throws -> AreaUnderCurve {
    var random = RandomStream(seed: 3, stream: stream)
    let labels = (0..<200).map { $0 % 3 == 0 }
    return try AreaUnderCurve(labels.map { random.normal() + ($0 ? shift : 0) }, labels)
  }
  private let patients = (0..<200).map { "patient \($0 / 4)" }

  @Test func percentilesAreNumPys() {
    let figure = Resampled(values: [3, 1, 4, 1, 5, 9, 2, 6], confidence: 0.95)
    #expect(figure.interval?.lowerBound == 1 && near(figure.interval?.upperBound, 8.475))
    #expect(Resampled(values: [3, 1, 4, 1, 5, 9, 2, 6], confidence: 0.5).interval == 1.75...5.25)
    #expect(Resampled(values: [7], confidence: 0.95).interval == 7...7)
  }

  @Test func undefinedResamplesAreLeftOutUnlessTheyAreMost() {
    #expect(Resampled(values: [1, nil, 3, nil], confidence: 0.5).interval == 1.5...2.5)
    #expect(Resampled(values: [1, nil, nil], confidence: 0.5).interval == nil)
    #expect(Resampled(values: [], confidence: 0.5).interval == nil)
  }

  @Test func radiographsOfAPatientAreDrawnTogether() {
    let bootstrap = Bootstrap(groups: patients, seed: 1)
    for resample in 0..<20 {
      let weights = bootstrap.weights(resample)
      #expect((0..<200).allSatisfy { weights[$0] == weights[$0 / 4 * 4] })
      #expect(weights.reduce(0, +) == 200)
    }
    #expect(bootstrap.weights(0) != bootstrap.weights(1))
    #expect(bootstrap.weights(0) != Bootstrap(groups: patients, seed: 2).weights(0))
  }

  @Test func threadsChangeNothing() throws {
    let metrics: [any Metric] = [try scored(1, "a"), try scored(0.5, "b")]
    let threads = Compute.threads
    defer { Compute.threads = threads }
    let found = [1, 2, 3].map { count in
      Compute.threads = count
      return Bootstrap(groups: patients, resamples: 64, seed: 9).resampled(metrics)
    }
    #expect(found[0] == found[1] && found[1] == found[2])
  }

  @Test func intervalHoldsTheFigureAndNarrowsWithRadiographs() throws {
    let area = try scored(1, "a")
    let interval = try #require(Bootstrap(count: 200, seed: 4).resampled([area])[0].interval)
    let value = try #require(area.value)
    #expect(interval.contains(value))
    // The standard error by Hanley and McNeil (1982).
    let (q1, q2) = (value / (2 - value), 2 * value * value / (1 + value))
    let (positives, negatives) = (67.0, 133.0)
    let square =
      value * (1 - value) + (positives - 1) * (q1 - value * value) + (negatives - 1) * (q2 - value * value)
    let error = (square / (positives * negatives)).squareRoot()
    let width = interval.upperBound - interval.lowerBound
    #expect(abs(width / (2 * 1.96 * error) - 1) < 0.2)
  }

  @Test func pairedDifferenceIsNarrowerThanTwoIntervals() throws {
    let labels = (0..<200).map { $0 % 3 == 0 }
    var random = RandomStream(seed: 3, stream: "shared")
    let shared = labels.map { random.normal() + ($0 ? 1.0 : 0) }
    let (better, worse) = (
      try AreaUnderCurve(zip(shared, labels).map { $0 + ($1 ? 0.3 : 0) }, labels),
      try AreaUnderCurve(shared, labels)
    )
    let found = Bootstrap(groups: patients, seed: 5).resampled([better, worse])
    let difference = try #require((found[0] - found[1]).interval)
    #expect(difference.lowerBound > 0)
    let alone = try #require(found[0].interval)
    #expect(difference.upperBound - difference.lowerBound < (alone.upperBound - alone.lowerBound) / 2)
    #expect((found[0] - found[0]).interval == 0...0)
  }

  @Test func meanIsTakenInEachResample() {
    let figures = [
      Resampled(values: [1, 2, nil, nil], confidence: 0.9),
      Resampled(values: [3, nil, 5, nil], confidence: 0.9),
    ]
    #expect(Resampled.mean(figures).values == [2, 2, 5, nil])
    #expect((figures[0] - figures[1]).values == [-2, nil, nil, nil])
  }

  @Test func degenerateCases() throws {
    let none = Bootstrap(count: 0, resamples: 3, seed: 1).resampled([try AreaUnderCurve([], [])])
    #expect(none[0].values == [nil, nil, nil] && none[0].interval == nil)
    // One positive is in about 63 % of the resamples.
    let rare = try AreaUnderCurve((0..<50).map(Double.init), (0..<50).map { $0 == 49 })
    #expect(Bootstrap(count: 50, seed: 1).resampled([rare])[0].interval == 1...1)
    let onePatient = Bootstrap(groups: ["a", "a", "a"], resamples: 5, seed: 1)
      .resampled([try AreaUnderCurve([1, 2, 3], [false, true, false])])
    #expect(onePatient[0].values == Array(repeating: 0.5, count: 5))
  }
}
