import SegmentationMetrics
import Testing

@Suite struct OverlapTests {
  @Test func masksCountTheirPixels() {
    let mask = Mask(rows: 2, columns: 3, pixels: [0, 1, 255, 0, 0, 2] as [UInt8])
    #expect(mask.pixels == [false, true, true, false, false, true])
    #expect(mask.foregroundCount == 3 && !mask.isEmpty && mask[0, 1] && !mask[1, 1])
    #expect(Mask(rows: 1, columns: 1, pixels: [false]).isEmpty)
  }

  @Test func badShapesAreRefused() async {
    await #expect(processExitsWith: .failure) { _ = Mask(rows: 2, columns: 2, pixels: [true]) }
    await #expect(processExitsWith: .failure) { _ = Mask(rows: 0, columns: 2, pixels: [Bool]()) }
    await #expect(processExitsWith: .failure) {
      _ = Overlap(
        truth: Mask(rows: 1, columns: 2, pixels: [true, true]),
        prediction: Mask(rows: 2, columns: 1, pixels: [true, true]))
    }
    await #expect(processExitsWith: .failure) {
      _ = Overlap(truePositives: 0, falsePositives: -1, falseNegatives: 0)
    }
  }

  /// What a refusal says is kept in release builds.
  @Test func refusalsSayWhatWasExpected() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Mask(rows: 2, columns: 3, pixels: [true])
    }
    let told = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(told.contains("expected 2 x 3 = 6 pixels, found 1"))
  }

  @Test func rulesForEmptyMasks() {
    let cases: [(Overlap, [Double?])] = [
      (Overlap(truePositives: 0, falsePositives: 0, falseNegatives: 0), [nil, nil, 1]),
      (Overlap(truePositives: 0, falsePositives: 5, falseNegatives: 0), [0, nil, 0]),
      (Overlap(truePositives: 0, falsePositives: 0, falseNegatives: 5), [0, 0, 0]),
      (Overlap(truePositives: 0, falsePositives: 2, falseNegatives: 5), [0, 0, 0]),
      (Overlap(truePositives: 5, falsePositives: 0, falseNegatives: 0), [1, 1, 1]),
    ]
    for (overlap, expected) in cases {
      #expect(EmptyRule.allCases.map { overlap.dice($0) } == expected)
      #expect(EmptyRule.allCases.map { overlap.intersectionOverUnion($0) } == expected)
    }
    let overlap = Overlap(truePositives: 3, falsePositives: 2, falseNegatives: 4)
    #expect(EmptyRule.allCases.allSatisfy { overlap.dice($0) == 0.5 })
    #expect(EmptyRule.allCases.allSatisfy { overlap.intersectionOverUnion($0) == 3.0 / 9 })
  }

  /// MONAI divides in single precision.
  @Test func agreesWithOtherImplementations() throws {
    for golden in try GoldenFile.golden.get().cases {
      let (truth, prediction) = golden.masks
      let overlap = Overlap(truth: truth, prediction: prediction)
      #expect(
        [overlap.truePositives, overlap.falsePositives, overlap.falseNegatives] == golden.counts, "\(golden)")
      #expect(truth.foregroundCount == golden.counts[0] + golden.counts[2])
      for (index, rule) in EmptyRule.allCases.enumerated() {
        let tolerance = rule == .monai ? 1e-6 : 1e-12
        #expect(near(overlap.dice(rule), golden.dice[index], within: tolerance), "\(golden), \(rule)")
        let union = overlap.intersectionOverUnion(rule)
        #expect(near(union, golden.iou[index], within: 1e-12), "\(golden), \(rule)")
      }
    }
  }

  @Test func summariesAgreeWithOtherImplementations() throws {
    for golden in try GoldenFile.golden.get().summaries {
      let overlaps = golden.images.map(\.overlap)
      let alarms = overlaps.compactMap(\.isFalseAlarm)
      #expect(alarms.count == golden.empty && alarms.count { $0 } == golden.falsePositive)
      let nothing = overlaps.map(\.predictingNothing)
      for (mean, expected) in [(MeanDice(overlaps), golden.dice), (MeanDice(nothing), golden.nothing)] {
        #expect(near(mean.nnunet, expected[0]) && near(mean.allImages, expected[1]))
        #expect(near(mean.positives, expected[2], within: 1e-6))
      }
    }
  }

  @Test func predictingNothingReachesTheShareOfEmptyImages() {
    let empty = Overlap(truePositives: 0, falsePositives: 0, falseNegatives: 0)
    let invented = Overlap(truePositives: 0, falsePositives: 9, falseNegatives: 0)
    let found = Overlap(truePositives: 3, falsePositives: 1, falseNegatives: 1)
    let overlaps = [empty, empty, invented, found]
    let dice = MeanDice(overlaps)
    #expect(dice.nnunet == 0.375 && dice.allImages == 2.75 / 4 && dice.positives == 0.75)
    let nothing = MeanDice(overlaps.map(\.predictingNothing))
    #expect(nothing.nnunet == 0 && nothing.allImages == 0.75 && nothing.positives == 0)
    #expect(overlaps.map(\.isFalseAlarm) == [false, false, true, nil])
  }

  @Test func summariesOfNothingAreUndefined() {
    let dice = MeanDice([])
    #expect(dice.nnunet == nil && dice.allImages == nil && dice.positives == nil)
  }
}
