import CoreTensor
import Foundation
import Metrics
import Testing

@Suite struct LinearProbeTests {
  private func normal(_ rows: Int, _ columns: Int, _ stream: String) -> [[Double]] {
    var random = RandomStream(seed: 5, stream: stream)
    return (0..<rows).map { _ in (0..<columns).map { _ in random.normal() } }
  }

  @Test func separableRadiographsAreToldApart() throws {
    let labels = (0..<80).map { $0 % 3 == 0 }
    let rows = zip(normal(80, 6, "separable"), labels).map { row, label in
      [row[0] / 4 + (label ? 2 : -2)] + row
    }
    let probe = LinearProbe(rows.flatMap { $0 }, width: 7, labels: labels, penalty: 1)
    let scores = probe.scores(rows.flatMap { $0 }, width: 7)
    #expect(try AreaUnderCurve.value(scores, labels) == 1)
    #expect(zip(scores, labels).allSatisfy { ($0 > 0) == $1 })
  }

  @Test(arguments: LinearProbe.penalties) func slopeIsZeroAtTheFit(penalty: Double) {
    let rows = normal(1200, 5, "slope")
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

  /// Far outliers make a full Newton step from the start overshoot.
  @Test func aStepThatOvershootsIsHalved() {
    var features = normal(40, 2, "outliers").flatMap { $0 }
    features[0] = 400
    features[3] = -300
    let labels = (0..<40).map { $0 % 7 < 3 }
    let probe = LinearProbe(features, width: 2, labels: labels, penalty: 1)
    let errors = zip(probe.scores(features, width: 2), labels).map { 1 / (1 + exp(-$0)) - ($1 ? 1 : 0) }
    for column in 0..<2 {
      let slope = errors.indices.map { errors[$0] * features[2 * $0 + column] }.reduce(0, +)
      #expect(abs(slope + probe.weights[column]) < 1e-4)
    }
  }

  @Test func strongerPenaltyMeansSmallerWeights() {
    let rows = normal(60, 4, "penalty")
    let labels = rows.map { $0[0] + $0[2] > 0 }
    let sizes = LinearProbe.penalties.map { penalty in
      LinearProbe(rows.flatMap { $0 }, width: 4, labels: labels, penalty: penalty).weights.dropLast()
        .map { $0 * $0 }.reduce(0, +)
    }
    #expect(zip(sizes, sizes.dropFirst()).allSatisfy { $0 > $1 })
  }

  @Test func unknownRowsAreLeftOut() {
    let rows = normal(50, 3, "unknown")
    let labels = rows.map { $0[0] > 0 }
    let mixed = (0..<50).flatMap { [rows[$0], [1e3, -1e3, 1e3]] }
    let known = LinearProbe(rows.flatMap { $0 }, width: 3, labels: labels, penalty: 1)
    let all = LinearProbe(
      mixed.flatMap { $0 }, width: 3, labels: labels.flatMap { [$0, nil] }, penalty: 1)
    #expect(known.weights == all.weights)
  }

  @Test func validationIsByPatientAndHasBothKinds() {
    let groups = (0..<60).map { "patient \($0 / 3)" }
    // Only four patients have the finding, in one radiograph each.
    let labels = (0..<60).map { $0 == 59 ? nil : [7, 20, 33, 46].contains($0) }
    let held = LinearProbe.validation(labels, groups: groups)
    #expect(held.contains { labels[$0] == true } && held.contains { labels[$0] == false })
    #expect((0..<60).contains { !held.contains($0) && labels[$0] == true })
    #expect(!held.contains(59))
    let patients = Set(held.map { groups[$0] })
    #expect((0..<59).allSatisfy { held.contains($0) == patients.contains(groups[$0]) })
    #expect(patients.count == 4)
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

@Suite struct NearestNeighboursTests {
  /// By the definition, without any of the haste of the search.
  private func vote(
    _ train: [[Double]], _ test: [Double], _ labels: [Bool?], k: Int, temperature: Double
  ) -> Double {
    func length(_ x: [Double]) -> Double { x.map { $0 * $0 }.reduce(0, +).squareRoot() }
    let near = train.indices.filter { labels[$0] != nil }.map { radiograph in
      (
        radiograph,
        zip(train[radiograph], test).map(*).reduce(0, +) / length(train[radiograph]) / length(test)
      )
    }.sorted { ($0.1, $1.0) > ($1.1, $0.0) }.prefix(k)
    let weights = near.map { exp($0.1 / temperature) }
    return zip(near, weights).filter { labels[$0.0.0]! }.map(\.1).reduce(0, +) / weights.reduce(0, +)
  }

  @Test(arguments: [1, 5, 20, 500]) func agreesWithTheDefinition(k: Int) {
    var random = RandomStream(seed: 4, stream: "neighbours")
    func rows(_ count: Int) -> [[Double]] { (0..<count).map { _ in (0..<6).map { _ in random.normal() } } }
    let (train, test) = (rows(150), rows(37))
    // The second finding is known of a tenth of the radiographs only.
    let labels: [[Bool?]] = [
      (0..<150).map { train[$0][0] > 0.5 }, (0..<150).map { $0 % 10 == 0 ? train[$0][1] > 0 : nil },
    ]
    let scores = NearestNeighbours(train.flatMap { $0 }, width: 6, k: k, temperature: 0.2)
      .scores(test.flatMap { $0 }, labels: labels)
    for finding in 0..<2 {
      for (row, radiograph) in test.enumerated() {
        let expected = vote(train, radiograph, labels[finding], k: k, temperature: 0.2)
        #expect(abs(scores[finding][row] - expected) < 1e-9)
      }
    }
  }

  @Test func equallyNearRadiographsVoteInTheirOrderAndZerosAreNear() {
    let neighbours = NearestNeighbours([1, 0, 1, 0, 1, 0], width: 2, k: 2)
    #expect(
      neighbours.scores([3, 0], labels: [[true, true, false], [false, true, false]]) == [[1], [0.5]])
    #expect(neighbours.scores([0, 0], labels: [[true, false, false]]) == [[0.5]])
    #expect(neighbours.scores([], labels: [[true, false, false]]) == [[]])
  }
}

@Suite struct FeatureProbeTests {
  @Test func standardizationDropsConstantFeatures() throws {
    let scaling = try Standardization([1, 5, 3, 5, 5, 5, 7, 5], width: 2)
    #expect(scaling.mean == [4, 5] && abs(scaling.scale[0] - 1 / 5.0.squareRoot()) < 1e-12)
    #expect(scaling.scale[1] == 0)
    #expect(try scaling([4, 1000]) == [0, 0])
  }

  @Test func featuresThatAreNoNumbersAreRefused() {
    #expect(throws: MetricError.notFinite(what: "features", row: 1, column: 0, value: "nan")) {
      try Standardization([1, 2, .nan, 4], width: 2)
    }
    #expect(throws: MetricError.self) {
      try FeatureProbe(width: 1, train: [1, 2], groups: ["a", "b"], test: [.infinity])
    }
  }

  @Test func casesNeeded() {
    let train: [Bool?] = (0..<16).map { $0 < 8 }
    let test: [Bool?] = (0..<8).map { $0 < 4 }
    #expect(FeatureProbe.Finding(train: train, test: test).hasEnoughCases)
    #expect(!FeatureProbe.Finding(train: train, test: [nil] + test.dropFirst()).hasEnoughCases)
    #expect(!FeatureProbe.Finding(train: Array(train.dropLast()), test: test).hasEnoughCases)
  }

  /// The first feature tells the first finding; nothing tells the second.
  @Test func findsWhatIsThere() throws {
    var random = RandomStream(seed: 8, stream: "probe")
    let labels = (0..<300).map { _ in (random.chance(0.4), random.chance(0.4)) }
    let features = labels.flatMap { label in
      [Float(random.normal()) + (label.0 ? 3 : 0)] + (0..<7).map { _ in Float(random.normal()) }
    }
    let findings = [labels.map(\.0), labels.map(\.1)].map {
      FeatureProbe.Finding(train: Array($0[..<200]), test: Array($0[200...]))
    }
    let probe = try FeatureProbe(
      width: 8, train: Array(features[..<1600]), groups: (0..<200).map { "\($0 / 2)" },
      test: Array(features[1600...]))
    for scores in [probe.linear(findings), probe.neighbours(findings)] {
      let areas = try zip(scores, findings).map { scores, finding in
        try #require(try AreaUnderCurve(scores, finding.test).value)
      }
      #expect(areas[0] > 0.9 && abs(areas[1] - 0.5) < 0.17)
    }
    let threads = Compute.threads
    defer { Compute.threads = threads }
    Compute.threads = 1
    let alone = probe.linear(findings)
    Compute.threads = 2
    #expect(probe.linear(findings) == alone)
  }
}
