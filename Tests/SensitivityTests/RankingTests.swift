import CoreTensor
import Foundation
import Imaging
import Metrics
import Testing

@testable import SensitivityEvaluation

@Suite struct RankingTests {
  private func noise(_ count: Int, _ stream: String) -> [Float] {
    var random = RandomStream(seed: 1, stream: stream)
    return (0..<count).map { _ in Float(random.normal()) }
  }

  /// Odd sizes, so that the tail beyond whole vectors counts.
  @Test(arguments: [1, 15, 16, 300, 1043]) func distancesAgreeWithANaiveReference(size: Int) {
    let (targets, predicted) = (noise(5 * size, "targets"), noise(5 * size, "predicted"))
    let features = CandidateFeatures(count: 5, targets: targets, predicted: [.told: predicted])
    let found = features.distances(.told)
    for row in 0..<5 {
      for column in 0..<5 {
        let expected =
          (0..<size).reduce(0.0) {
            let difference = Double(predicted[row * size + $1]) - Double(targets[column * size + $1])
            return $0 + difference * difference
          } / Double(size)
        #expect(abs(Double(found[row * 5 + column]) - expected) < 1e-5 * max(1, expected))
      }
    }
  }

  /// Predictions that are the targets find all of them; in reverse order, only the middle one.
  @Test func anOracleFindsEveryTarget() throws {
    let targets = noise(5 * 40, "targets")
    let reversed = (0..<5).reversed().flatMap { targets[$0 * 40..<($0 + 1) * 40] }
    let features = CandidateFeatures(
      count: 5, targets: targets, predicted: [.told: targets, .untold: reversed])
    let radiograph = EvaluatedRadiograph(
      facts: RadiographFacts(
        identifier: "f", patient: "p",
        candidates: Array(repeating: .init(brightness: 1, contrast: 1, gamma: 1, blur: 0), count: 5),
        actions: Array(repeating: [], count: 5), changed: Array(repeating: true, count: 5)),
      distances: [features.distances(.told), features.distances(.untold)])
    #expect(try RecallAtK(1, distances: radiograph.lists(0), truth: Array(0..<5)).value == 1)
    #expect(try RecallAtK(1, distances: radiograph.lists(1), truth: Array(0..<5)).value == 0.2)
    #expect((0..<5).allSatisfy { radiograph.place(0, of: $0) == 1 && radiograph.ranking(0, of: $0)[0] == $0 })
    #expect((0..<5).allSatisfy { radiograph.ranking(1, of: $0)[0] == 4 - $0 })
    #expect(radiograph.error(0) == 0 && radiograph.error(1) > 0.5)
  }

  @Test func aSmallRankingByHand() {
    let facts = RadiographFacts(
      identifier: "f", patient: "p",
      candidates: Array(repeating: .init(brightness: 1, contrast: 1, gamma: 1, blur: 0), count: 3),
      actions: [[], [], []], changed: [true, true, true])
    let radiograph = EvaluatedRadiograph(facts: facts, distances: [[1, 2, 0.5, 3, 2, 2, 4, 4, 4]])
    #expect([0, 1, 2].map { radiograph.ranking(0, of: $0) } == [[2, 0, 1], [1, 2, 0], [0, 1, 2]])
    // Places that candidates share are the best of them.
    #expect([0, 1, 2].map { radiograph.place(0, of: $0) } == [2, 1, 1])
    #expect(abs(radiograph.error(0) - 7.0 / 3) < 1e-12)
  }

  @Test func meansOverTokensByHand() throws {
    #expect(CandidateFeatures.pooled([1, 2, 3, 6, 0, 4, 2, 0], rows: 2, tokens: 2) == [2, 4, 1, 2])
    let (all, pooled) = (
      try Trial.evaluation()(Trial.input()),
      try Trial.evaluation(["distance": .text("pooled")])(Trial.input())
    )
    // The square of a mean is less than the mean of squares.
    let name = "mean squared error, context features"
    #expect(try #require(value(pooled, name)) < #require(value(all, name)))
    #expect(all.metrics.map(\.key) == pooled.metrics.map(\.key))
  }

  @Test func radiographsAreSpreadOverAll() {
    #expect(Array(10..<20).equallySpaced(3) == [10, 13, 16])
    #expect([4, 5].equallySpaced(50) == [4, 5])
    #expect([Int]().equallySpaced(2) == [])
  }
}

@Suite struct CandidateTests {
  private let ranges = AppearanceRanges(
    brightness: 0.6...1.4, contrast: 0.5...1.5, gamma: 0.5...2, blur: 0...2)

  /// Each half, third and fifth of a range gets its share of 60 candidates, to within one.
  @Test(arguments: [0, 1, 2]) func aSequenceIsEvenAlongEveryAxis(seed: Int) {
    var random = RandomStream(seed: UInt64(seed), stream: "spread")
    let candidates = CandidateSpread.sequence.candidates(60, ranges, &random)
    #expect(Set(candidates.map(\.brightness)).count == 60)
    let places = candidates.map {
      [($0.brightness - 0.6) / 0.8, $0.contrast - 0.5, log2($0.gamma) / 2 + 0.5, $0.blur / 2]
    }
    for axis in 0..<4 {
      for parts in [2, 3, 5] {
        let counts = (0..<parts).map { part in
          places.count { Int($0[axis] * Double(parts)) == part }
        }
        #expect(counts.allSatisfy { abs($0 - 60 / parts) <= 4 }, "axis \(axis): \(counts)")
      }
    }
    // In every plane of two axes each quarter is met about equally.
    for (a, b) in [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)] {
      let counts = (0..<4).map { quarter in
        places.count { ($0[a] < 0.5 ? 0 : 1) + ($0[b] < 0.5 ? 0 : 2) == quarter }
      }
      #expect(counts.allSatisfy { 9...21 ~= $0 }, "plane \(a), \(b): \(counts)")
    }
  }

  @Test func sequencesOfRadiographsDiffer() {
    var (first, again, second) = (
      RandomStream(seed: 1, stream: "s", index: 0), RandomStream(seed: 1, stream: "s", index: 0),
      RandomStream(seed: 1, stream: "s", index: 1)
    )
    let candidates = CandidateSpread.sequence.candidates(8, ranges, &first)
    #expect(candidates == CandidateSpread.sequence.candidates(8, ranges, &again))
    #expect(candidates != CandidateSpread.sequence.candidates(8, ranges, &second))
  }

  @Test func aGridIsACube() throws {
    var random = RandomStream(seed: 1, stream: "grid")
    let candidates = CandidateSpread.grid.candidates(64, ranges, &random)
    #expect(Set(candidates.map(\.brightness)).count == 4 && Set(candidates.map(\.gamma)).count == 4)
    #expect(Set(candidates.map { "\($0)" }).count == 64 && candidates.allSatisfy { $0.blur == 0 })
    #expect(abs(candidates[0].brightness - 0.7) < 1e-12 && abs(candidates[63].contrast - 1.375) < 1e-12)
    let error = try #require(throws: SensitivityError.self) {
      try Trial.evaluation(["spread": .text("grid"), "candidates": .integer(50)])
    }
    #expect(error.description.contains("27 or 64"))
  }

  @Test func radicalInversesByHand() {
    #expect((0..<5).map { CandidateSpread.radicalInverse($0, 2) } == [0, 0.5, 0.25, 0.75, 0.125])
    #expect(abs(CandidateSpread.radicalInverse(5, 3) - 7.0 / 9) < 1e-15)
  }
}
