import Testing

@testable import Training

/// The rule on histories of real runs: it rings where they collapsed and is quiet where they did not.
@Suite struct RecordedRunsTests {
  private func watch(_ run: [[Double]]) throws -> CollapseWatch {
    let observations = RecordedRuns.observations(run)
    var watch = CollapseWatch(random: try #require(observations.first).glance)
    for observation in observations { watch.add(observation) }
    return watch
  }

  /// Local prediction alone at thirty times the learning rate. Features keep their deviation, so ranks are what tells.
  @Test func collapsesRing() throws {
    let run = RecordedRuns.fastLearning
    let found = try watch(run)
    let alarm = try #require(found.alarms.first)
    #expect(found.alarms.count == 1 && found.verdict == .collapsed(alarm))
    #expect(alarm.signs.map(\.quantity) == [.patchRank])
    // Before the probe falls under the random encoder's by more than chance.
    let fallen = RecordedRuns.observations(run).first { ($0.probe ?? 1) < ($0.randomProbe ?? 0) - 0.03 }
    #expect(fallen.map { $0.step >= alarm.seenAt } ?? true, "\(alarm.seenAt), \(String(describing: fallen))")
    #expect(try #require(alarm.lastHealthyStep) < alarm.since && alarm.since < alarm.seenAt)
  }

  /// Without normalised targets it is their variance that goes.
  @Test func targetsThatAreAllTheSameRing() throws {
    let alarm = try #require(try watch(RecordedRuns.unnormalizedOfSmallModel).alarms.first)
    #expect(alarm.signs.map(\.quantity) == [.targetVariance] && alarm.seenAt <= 250, "\(alarm)")
  }

  @Test func collapsesAreDated() throws {
    let alarm = try #require(try watch(RecordedRuns.fastLearning).alarms.first)
    #expect(alarm.since == 112 && alarm.lastHealthyStep == 100 && alarm.seenAt <= 200, "\(alarm)")
  }

  /// A target that follows too fast leaves the larger model of former times with three tenths of the random encoder's rank,
  /// and with its probe: what small models that are well have, too, so that it is not called a collapse.
  @Test func whatLooksLikeAHealthyRunIsQuiet() throws {
    let found = try watch(RecordedRuns.fastTarget)
    #expect(
      found.alarms.isEmpty && (RecordedRuns.observations(RecordedRuns.fastTarget).last?.probe ?? 0) > 0.59)
  }

  @Test(arguments: [
    ("all", RecordedRuns.all), ("all, seed 1", RecordedRuns.allOfSeed1), ("local", RecordedRuns.local),
    ("local, seed 1", RecordedRuns.localOfSeed1), ("global, small", RecordedRuns.globalOfSmallModel),
    ("local, small", RecordedRuns.localOfSmallModel),
  ]) func healthyRunsAreQuiet(_ name: String, _ run: [[Double]]) throws {
    let found = try watch(run)
    #expect(found.alarms.isEmpty, "\(name): \(found.alarms)")
    #expect(found.observations == run.count)
  }
}
