import CoreTensor
import Foundation
import Imaging
import PluginChecks
import Testing
import WorldModel

@testable import PCAEvaluation

@Suite struct PCATests {
  @Test func keepsEveryPromise() {
    #expect(checkEvaluation(PCAEvaluation.definition).filter { !$0.isKept } == [])
  }

  @Test func sheetsShowRadiographAndColours() throws {
    let workspace = MemoryWorkspace()
    let result = try Trial.evaluation()(Trial.input(workspace))
    #expect(workspace.warnings == ["left out: disc 5: torn"])
    let sheet = try #require(result.sheets["pca"])
    #expect(sheet.rows.map(\.label) == ["disc 0", "disc 6"])
    let pictures = sheet.rows[0].groups[0]
    #expect(pictures.map(\.captions) == [["radiograph"], ["features, trained"], ["features, random"]])
    #expect(pictures.allSatisfy { $0.image.height == 256 && $0.image.width == 213 })
    #expect(pictures[1].image != pictures[2].image)
    #expect(result.summary.description == "explained by red, green and blue, trained")
    for subject in ["trained", "random"] {
      let parts = ["red", "green", "blue"].compactMap { value(result, "explained by \($0), \(subject)") }
      #expect(parts.count == 3 && parts[0] >= parts[1] && parts[1] >= parts[2] && parts[2] >= 0)
      #expect(
        abs(parts.reduce(0, +) - value(result, "explained by red, green and blue, \(subject)")!) < 1e-12)
    }
    #expect(try Trial.evaluation(["pictures": .integer(0)])(Trial.input()).sheets.isEmpty)
  }

  /// Without the mean at each place nothing is left that the place explains.
  @Test func centeringTakesThePlaceAway() throws {
    let plain = try Trial.evaluation(["foreground": .text("all")])(Trial.input())
    let centered = try Trial.evaluation(["foreground": .text("all"), "center": .text("place")])(Trial.input())
    #expect(try #require(value(plain, "red by place alone, trained")) > 0.1)
    #expect(abs(try #require(value(centered, "red by place alone, trained"))) < 1e-6)
    #expect(value(centered, "foreground patches, trained") == 1)
  }

  @Test func layersDifferAndTheLastIsTheDefault() throws {
    let results = try [-1, 0, 1, 2].map { try Trial.evaluation(["layer": .integer($0)])(Trial.input()) }
    #expect(results[0] == results[3] && results[0] != results[1] && results[1] != results[2])
    let error = #expect(throws: PCAError.self) {
      try Trial.evaluation(["layer": .integer(3)])(Trial.input())
    }
    #expect("\(try #require(error))".contains("layer = 3"))
    #expect("\(try #require(error))".contains("expected 0 to 2"))
  }

  /// The trained size of patch and the same weights, on a finer grid.
  @Test func enlargedImagesHaveMorePatches() throws {
    let result = try Trial.evaluation(["enlargement": .integer(2), "foreground": .text("all")])(Trial.input())
    let plain = try Trial.evaluation(["foreground": .text("all")])(Trial.input())
    #expect(result.metrics.map(\.key) == plain.metrics.map(\.key) && result.metrics != plain.metrics)
    #expect(result.sheets["pca"]?.notes.contains { $0.contains("2 times larger") } == true)
    let asWanted = try Trial.evaluation(["enlargement": .integer(0)])(Trial.input())
    #expect(asWanted.sheets["pca"]?.notes.contains { $0.contains("6 times larger") } == true)
  }

  @Test func encodersOfOneSizeAreSaidToBeSo() throws {
    let networks = Networks(
      makeEncoder: { FixedEncoder($0, &$1) },
      makePredictor: Networks.standard.makePredictor)
    let workspace = MemoryWorkspace()
    let wanted = try Trial.evaluation(["enlargement": .integer(0)])(
      Trial.input(workspace, networks: networks))
    #expect(workspace.warnings.contains { $0.contains("4 patches along a side") })
    #expect(wanted == (try Trial.evaluation()(Trial.input(networks: networks))))
    let larger = #expect(throws: PCAError.self) {
      try Trial.evaluation(["enlargement": .integer(2)])(Trial.input(networks: networks))
    }
    #expect("\(try #require(larger))".contains("give --enlargement 1"))
    let lower = #expect(throws: PCAError.self) {
      try Trial.evaluation(["layer": .integer(1)])(Trial.input(networks: networks))
    }
    #expect("\(try #require(lower))".contains("may have the last alone"))
  }

  @Test func whatCannotBeShownIsRefusedInWords() throws {
    let absent = #expect(throws: PCAError.self) { try Trial.evaluation()(Trial.input(mode: .absent)) }
    #expect("\(try #require(absent))".contains("give --encoder context"))
    let context = Trial.evaluation(["encoder": .text("context")])
    #expect(try context(Trial.input(mode: .absent)).metrics.count == 18)
    for test in [[], [3]] {
      let error = #expect(throws: PCAError.self) { try Trial.evaluation()(Trial.input(test: test)) }
      #expect("\(try #require(error))".contains("found \(test.count)"))
    }
    let torn = #expect(throws: PCAError.self) { try Trial.evaluation()(Trial.input(test: [5, 3])) }
    #expect("\(try #require(torn))".contains("found 1 of 2"))
    let alike = #expect(throws: PCAError.self) {
      try PatchColors(
        PatchFeatures(width: 4, values: [Float](repeating: 2, count: 64)),
        greys: Array(repeating: 0, count: 16), gridSize: 4, partsForeground: true, "trained")
    }
    #expect("\(try #require(alike))".contains("collapsed"))
  }

  @Test func threadsAndInterruptionsChangeNothing() throws {
    let threads = Compute.threads
    defer { Compute.threads = threads }
    var results: [EvaluationResult] = []
    for count in [1, 3] {
      Compute.threads = count
      results.append(try Trial.evaluation()(Trial.input()))
    }
    let workspace = MemoryWorkspace(stopAfter: 1)
    #expect(throws: EvaluationStopped.self) { try Trial.evaluation()(Trial.input(workspace)) }
    results.append(try Trial.evaluation()(Trial.input(workspace.reopened())))
    #expect(results[0] == results[1] && results[0] == results[2])
  }
}

@Suite struct PatchColorsTests {
  private func noise(_ count: Int, _ stream: String) -> [Double] {
    var random = RandomStream(seed: 1, stream: stream)
    return (0..<count).map { _ in random.normal() }
  }

  /// Of every threshold between two scores, the one of most variance between the sides.
  @Test func thresholdsAgreeWithANaiveReference() {
    for stream in ["a", "b", "c"] {
      let scores = noise(40, stream) + noise(25, stream + "'").map { 0.5 * $0 + 4 }
      func between(_ threshold: Double) -> Double {
        let (low, high) = (scores.filter { $0 <= threshold }, scores.filter { $0 > threshold })
        guard !low.isEmpty, !high.isEmpty else { return 0 }
        let difference =
          low.reduce(0, +) / Double(low.count) - high.reduce(0, +) / Double(high.count)
        return Double(low.count * high.count) * difference * difference
      }
      let best = scores.max { between($0) < between($1) }!
      #expect(Foreground.threshold(scores) == best)
    }
    #expect(Foreground.threshold([2, 2, 2]) == 2)
  }

  /// The middle of the grid is foreground, whichever sign the component has.
  @Test(arguments: [1.0, -1.0]) func foregroundLiesInTheMiddle(sign: Double) {
    let isMiddle = (0..<32).map { [5, 6, 9, 10].contains($0 % 16) }
    let scores = isMiddle.map { sign * ($0 ? 3 : -1) }
    let found = Foreground(scores: scores, greys: Array(repeating: 0, count: 32), gridSize: 4)
    #expect(found.isForeground == isMiddle)
  }

  /// Where both sides are as near to the middle, the brighter is foreground.
  @Test(arguments: [1.0, -1.0]) func ofEquallyNearSidesTheBrighterIsForeground(sign: Double) {
    let isLeft = (0..<16).map { $0 % 4 < 2 }
    let found = Foreground(
      scores: isLeft.map { sign * ($0 ? 1 : -1) }, greys: isLeft.map { $0 ? 0.8 : 0.2 }, gridSize: 4)
    #expect(found.isForeground == isLeft)
  }

  @Test func signsFollowRowsThenColumnsThenStay() {
    let all = Array(repeating: true, count: 16)
    let rows = (0..<16).map { -Double($0 / 4) }
    #expect(PatchColors.signed(rows, all, 4) == rows.map { -$0 })
    let columns = (0..<16).map { -Double($0 % 4) }
    #expect(PatchColors.signed(columns, all, 4) == columns.map { -$0 })
    // A checkerboard correlates with neither.
    let checks = (0..<16).map { ($0 / 4 + $0 % 4) % 2 == 0 ? 1.0 : -1 }
    #expect(PatchColors.signed(checks, all, 4) == checks)
  }

  @Test func placeSharesByHand() {
    let all = Array(repeating: true, count: 4)
    // Two radiographs of two places.
    #expect(PatchColors.placeShare([1, 3, 1, 3], all, patches: 2) == 1)
    #expect(PatchColors.placeShare([1, 3, 3, 1], all, patches: 2) == 0)
    #expect(PatchColors.placeShare([2, 2, 2, 2], all, patches: 2) == 0)
    #expect(abs(PatchColors.correlation([1, 2, 3], [2, 4, 7]) - 0.9933992677987828) < 1e-12)
  }

  /// Features that say foreground and one colour: the colour is found again, and background is dark.
  @Test func aPlantedForegroundIsColoured() throws {
    let isMiddle = (0..<64).map { [5, 6, 9, 10].contains($0 % 16) }
    let (first, second) = (noise(64, "first"), noise(64, "second"))
    var values: [Float] = []
    for patch in 0..<64 {
      values += [
        isMiddle[patch] ? 10 : 0, isMiddle[patch] ? Float(first[patch]) : 0, 0.1 * Float(second[patch]), 0,
      ]
    }
    let colors = try PatchColors(
      PatchFeatures(width: 4, values: values), greys: Array(repeating: 0, count: 64), gridSize: 4,
      partsForeground: true, "trained")
    #expect(colors.isForeground == isMiddle)
    #expect(colors.firstShare > 0.9 && colors.shares[0] > 0.9 && colors.shares[2] < 1e-6)
    let own = (0..<64).filter { isMiddle[$0] }
    let found = PatchColors.correlation(own.map { Double(colors.levels[0][$0]) }, own.map { first[$0] })
    #expect(abs(found) > 0.95)
    let picture = colors.picture(0, over: GrayImage(width: 64, height: 64, fill: 0.5))
    #expect(picture.rgb.prefix(3).allSatisfy { $0 < 25 })
  }
}
