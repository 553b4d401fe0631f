import Foundation
import Testing

@testable import CoreTensor

/// Known answers, independence and distributions; every seed is fixed, so nothing here is a matter of luck.
@Suite struct RandomStreamTests {
  static func words(_ block: (UInt32, UInt32, UInt32, UInt32)) -> [UInt32] {
    [block.0, block.1, block.2, block.3]
  }

  /// Σ (seen - expected)² / expected over equally likely bins.
  static func chiSquare(_ seen: [Int]) -> Double {
    let expected = Double(seen.reduce(0, +)) / Double(seen.count)
    return seen.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
  }

  /// From the known-answer tests of Random123 (Salmon et al. 2011).
  @Test func philoxKnownAnswers() {
    let ones = UInt32.max
    #expect(
      Self.words(RandomStream.philox((0, 0, 0, 0), (0, 0))) == [
        0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8,
      ])
    #expect(
      Self.words(RandomStream.philox((ones, ones, ones, ones), (ones, ones))) == [
        0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd,
      ])
    #expect(
      Self.words(
        RandomStream.philox((0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), (0xa409_3822, 0x299f_31d0)))
        == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
  }

  @Test func aStreamIsAFunctionOfItsName() {
    func draws(_ seed: UInt64, _ name: String, _ step: Int, _ index: Int) -> [UInt32] {
      var stream = RandomStream(seed: seed, stream: name, step: step, index: index)
      return (0..<50).map { _ in stream.nextBits() }
    }
    #expect(draws(5, "local", 3, 4) == draws(5, "local", 3, 4))
    var seen: Set<UInt32> = []
    var count = 0
    for seed in [0, 1, UInt64.max] {
      for name in ["", "local", "locam", "global"] {
        for (step, index) in [(0, 0), (1, 2), (2, 1), (1 << 33, 2), (-1, 0), (0, 1 << 20)] {
          seen.formUnion(draws(seed, name, step, index))
          count += 50
        }
      }
    }
    // 3600 draws from 2³² values: 1.5 expected pairs by chance; a repeated stream would be 50.
    #expect(seen.count > count - 10)
  }

  @Test func neighbouringStreamsAreUncorrelated() {
    func numbers(_ index: Int) -> [Double] {
      var stream = RandomStream(seed: 7, stream: "view", step: 12, index: index)
      return (0..<4000).map { _ in stream.unit() - 0.5 }
    }
    let base = numbers(0)
    for index in 1...20 {
      let correlation = zip(base, numbers(index)).reduce(0) { $0 + $1.0 * $1.1 } * 12 / 4000
      #expect(abs(correlation) < 4 / 4000.0.squareRoot(), "index \(index): \(correlation)")
    }
  }

  @Test func copiesGoOnAlike() {
    var one = RandomStream(seed: 1, stream: "copy")
    _ = one.nextBits()
    var other = one
    #expect((0..<9).map { _ in one.nextBits() } == (0..<9).map { _ in other.nextBits() })
  }

  @Test func unitsAreUniform() {
    var stream = RandomStream(seed: 2, stream: "unit")
    var (bins, pairs) = ([Int](repeating: 0, count: 100), [Int](repeating: 0, count: 100))
    var previous = stream.unit()
    for _ in 0..<100_000 {
      let value = stream.unit()
      #expect((0..<1).contains(value))
      bins[Int(value * 100)] += 1
      pairs[Int(value * 10) * 10 + Int(previous * 10)] += 1
      previous = value
    }
    // 99 degrees of freedom: between 61 and 149 but for one case in a thousand on either side.
    #expect((61..<149).contains(Self.chiSquare(bins)), "\(Self.chiSquare(bins))")
    #expect((61..<149).contains(Self.chiSquare(pairs)), "\(Self.chiSquare(pairs))")
  }

  @Test func integersReachBothEndsEqually() {
    var stream = RandomStream(seed: 3, stream: "integer")
    var bins = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { bins[stream.integer(in: -3...3) + 3] += 1 }
    // 6 degrees of freedom.
    #expect((0.38..<22.5).contains(Self.chiSquare(bins)), "\(bins)")
    for _ in 0..<10 { #expect(stream.integer(in: 9...9) == 9) }
    // The widest range, and one that discards nearly half of all draws.
    #expect(
      (0..<100).allSatisfy { _ in (0...Int(UInt32.max)).contains(stream.integer(in: 0...Int(UInt32.max))) })
    let wide = 0...(1 << 31)
    let upper = (0..<2000).count { _ in stream.integer(in: wide) > 1 << 30 }
    #expect((900...1100).contains(upper))
  }

  @Test func rangesAreKept() {
    var stream = RandomStream(seed: 4, stream: "range")
    var (sum, under) = (0.0, 0)
    for _ in 0..<20_000 {
      let value = stream.uniform(in: -2...6)
      #expect((-2...6).contains(value))
      sum += value
      let ratio = stream.logUniform(in: 0.25...4)
      #expect((0.25 * (1 - 1e-12)...4 * (1 + 1e-12)).contains(ratio))
      under += ratio < 1 ? 1 : 0
    }
    #expect(abs(sum / 20_000 - 2) < 0.07)
    #expect((9700...10_300).contains(under))
    #expect(stream.uniform(in: 3...3) == 3)
  }

  @Test func chances() {
    var stream = RandomStream(seed: 5, stream: "chance")
    #expect((0..<1000).allSatisfy { _ in !stream.chance(0) })
    #expect((0..<1000).allSatisfy { _ in stream.chance(1) })
    #expect((2800...3200).contains((0..<10_000).count { _ in stream.chance(0.3) }))
  }

  @Test func normalNumbersHaveNormalMoments() {
    var stream = RandomStream(seed: 6, stream: "normal")
    let values = (0..<100_000).map { _ in stream.normal() }
    func moment(_ power: Double) -> Double { values.reduce(0) { $0 + pow($1, power) } / 100_000 }
    #expect(abs(moment(1)) < 0.013 && abs(moment(2) - 1) < 0.02)
    #expect(abs(moment(3)) < 0.05 && abs(moment(4) - 3) < 0.13)
    #expect(values.allSatisfy { $0.isFinite })
    let within = Double(values.count { abs($0) < 1 }) / 100_000
    #expect(abs(within - erf(1 / 2.0.squareRoot())) < 0.006)
  }

  @Test func permutationsAreEquallyLikely() {
    var stream = RandomStream(seed: 7, stream: "permutation")
    var seen: [[Int]: Int] = [:]
    for _ in 0..<24_000 { seen[stream.permutation(4), default: 0] += 1 }
    #expect(seen.count == 24 && seen.keys.allSatisfy { $0.sorted() == [0, 1, 2, 3] })
    // 23 degrees of freedom.
    #expect((7.5..<49.8).contains(Self.chiSquare(Array(seen.values))))
    #expect(stream.permutation(0) == [] && stream.permutation(1) == [0])
    #expect(stream.permutation(1000).sorted() == Array(0..<1000))
  }
}
