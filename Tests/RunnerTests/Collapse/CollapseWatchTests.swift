import Batches
import Testing

@testable import Training

/// The rule, on made-up histories.
@Suite struct CollapseWatchTests {
  private static let random = FeatureGlance(
    deviation: 0.1, rank: 15, targetVariance: 0.12, patchRank: 36, radiographs: 64)

  /// A glance whose quantities are shares of the random encoder's.
  private static func glance(
    patchRank: Double = 1, rank: Double = 1, deviation: Double = 1, targetVariance: Double = 1
  ) -> FeatureGlance {
    FeatureGlance(
      deviation: deviation * random.deviation, rank: rank * random.rank,
      targetVariance: targetVariance * random.targetVariance, patchRank: patchRank * random.patchRank,
      radiographs: 64)
  }

  private static func watch(_ glances: [FeatureGlance]) -> CollapseWatch {
    var watch = CollapseWatch(random: random)
    for (index, glance) in glances.enumerated() {
      watch.add(.init(step: 50 * index, glance, error: index == 0 ? nil : 1 / Double(index)))
    }
    return watch
  }

  private static let low: [(CollapseSign.Quantity, FeatureGlance)] = [
    (.patchRank, glance(patchRank: 0.15)), (.rank, glance(rank: 0.15)), (.deviation, glance(deviation: 0.05)),
    (.targetVariance, glance(targetVariance: 0.02)),
  ]

  @Test(arguments: low) func eachQuantityRingsAtTwoGlances(
    _ quantity: CollapseSign.Quantity, _ low: FeatureGlance
  )
    throws
  {
    let once = Self.watch([Self.glance(), Self.glance(), low])
    #expect(once.verdict == .falling(since: 100) && once.alarms.isEmpty && once.lastHealthyStep == 50)
    let twice = Self.watch([Self.glance(), Self.glance(), low, low])
    let alarm = try #require(twice.alarms.first)
    #expect(twice.verdict == .collapsed(alarm) && alarm.signs.map(\.quantity) == [quantity])
    #expect(alarm.since == 100 && alarm.seenAt == 150 && alarm.lastHealthyStep == 50)
    #expect(alarm.errorBefore == 1 && alarm.error == 1 / 3 && alarm.recoveredAt == nil)
    #expect(alarm.signs[0].text.hasPrefix(quantity.name + " "))
    // An alarm rings once.
    #expect(Self.watch([Self.glance(), Self.glance(), low, low, low, low]).alarms.count == 1)
  }

  /// What begins to fall slowly is dated to its beginning, and so is the checkpoint before it.
  @Test func theFallIsDatedToItsBeginning() throws {
    let found = Self.watch([1, 0.9, 0.24, 0.23, 0.22, 0.15, 0.15].map { Self.glance(patchRank: $0) })
    let alarm = try #require(found.alarms.first)
    #expect(alarm.since == 100 && alarm.seenAt == 300 && alarm.lastHealthyStep == 50)
  }

  @Test func whatRecoversSaysSo() throws {
    let found = Self.watch([1, 1, 0.15, 0.15, 0.6, 0.9].map { Self.glance(patchRank: $0) })
    #expect(found.verdict == .healthy && found.lastHealthyStep == 250)
    #expect(found.alarms.map(\.recoveredAt) == [200])
    let again = Self.watch([1, 1, 0.15, 0.15, 0.6, 0.15, 0.15].map { Self.glance(patchRank: $0) })
    #expect(again.alarms.map(\.seenAt) == [150, 300] && again.alarms.map(\.recoveredAt) == [200, nil])
  }

  /// Features of a run that had settled, and lose half of what they had.
  @Test func aFallFromTheRunsOwnBest() {
    func alarms(_ shares: [Double], after settled: Int = CollapseWatch.unsettled) -> Int {
      let before = [Double](repeating: 1, count: settled)
      return Self.watch((before + shares).map { Self.glance(patchRank: $0) }).alarms.count
    }
    #expect(alarms([2, 3, 3, 1.4, 1.4]) == 1)
    #expect(alarms([2, 3, 3, 1.6, 1.4]) == 0)
    // A peak of one glance is no best, and what a run has in its first steps is none either.
    #expect(alarms([1, 3, 1, 0.7, 0.7]) == 0)
    #expect(alarms([3, 3, 3, 0.7, 0.7], after: 2) == 0)
  }

  @Test func numbersThatAreNoneRing() {
    let broken = FeatureGlance(deviation: .nan, rank: 1, targetVariance: 0, patchRank: 1, radiographs: 64)
    #expect(Self.watch([Self.glance(), broken, broken]).alarms.first?.signs.count == 4)
  }

  @Test func withoutARandomEncoder() {
    var watch = CollapseWatch(random: nil)
    #expect(watch.verdict == .healthy && watch.lastHealthyStep == nil && watch.observations == 0)
    let settled = [Double](repeating: 1, count: CollapseWatch.unsettled + 2)
    for (step, share) in (settled + [0.2, 0.2]).enumerated() {
      watch.add(.init(step: step, Self.glance(patchRank: share)))
    }
    #expect(watch.alarms.count == 1 && watch.alarms.first?.signs.first?.random == nil)
  }

  /// The probe is made at few steps; it counts where it lies under both the random encoder's and its own best.
  @Test func theProbe() {
    func watch(_ probes: [Double?], random: Double = 0.6) -> CollapseWatch {
      var watch = CollapseWatch(random: Self.random)
      for (index, probe) in probes.enumerated() {
        watch.add(.init(step: index, Self.glance(), probe: probe, randomProbe: probe.map { _ in random }))
      }
      return watch
    }
    let fallen = watch([nil, 0.65, 0.66, nil, 0.54, nil, 0.53])
    #expect(fallen.alarms.map(\.seenAt) == [6] && fallen.alarms.map(\.since) == [4])
    #expect(fallen.alarms.first?.signs.map(\.quantity) == [.probe] && fallen.lastHealthyStep == 3)
    #expect(watch([0.65, 0.66, 0.58, 0.57]).alarms.isEmpty)
    #expect(watch([0.5, 0.5, 0.5]).alarms.isEmpty, "it never was better")
    #expect(watch([0.8, 0.8, 0.7, 0.7]).alarms.isEmpty, "better than the random encoder")
  }

  @Test func theSameHistoryGivesTheSameVerdict() {
    let glances = [1, 0.8, 0.3, 0.28, 0.2, 0.5].map { Self.glance(patchRank: $0) }
    #expect(Self.watch(glances) == Self.watch(glances) && Self.watch(glances).observations == 6)
  }
}
