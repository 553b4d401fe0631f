import CoreTensor
import Imaging
import Metrics
import Testing

@testable import SurpriseEvaluation

@Suite struct NumericsTests {
  /// Every patch is hidden as often as there are passes, or more, whatever the sizes.
  @Test(arguments: [("1x1", 1, 1), ("2x2", 4, 1), ("3x2", 5, 2), ("5x6", 3, 1), ("0.17", 4, 3)])
  func coversHideEveryPatch(block: String, passes: Int, together: Int) throws {
    for gridSize in [6, 7, 14] {
      let size = try BlockSize(block, gridSize: gridSize)
      let cover = BlockCover(gridSize: gridSize, block: size, passes: passes, together: together)
      var counts = [Int](repeating: 0, count: gridSize * gridSize)
      for (context, hidden) in cover.hidden.enumerated() {
        #expect(hidden == Set(hidden).sorted() && hidden.count >= size.rows * size.columns)
        #expect(Set(hidden).union(cover.visible(context)).count == gridSize * gridSize)
        #expect(hidden.count + cover.visible(context).count == gridSize * gridSize)
        for patch in hidden { counts[patch] += 1 }
      }
      #expect(counts.allSatisfy { $0 >= passes })
    }
  }

  @Test func coversByHand() throws {
    let once = BlockCover(gridSize: 2, block: try BlockSize("1x2", gridSize: 2), passes: 1, together: 1)
    #expect(once.hidden == [[0, 1], [2, 3]])
    // The second pass is shifted by half a block to the right, and its edges are moved back.
    let twice = BlockCover(gridSize: 3, block: try BlockSize("3x2", gridSize: 3), passes: 2, together: 1)
    #expect(
      twice.hidden == [[0, 1, 3, 4, 6, 7], [1, 2, 4, 5, 7, 8], [0, 1, 3, 4, 6, 7], [1, 2, 4, 5, 7, 8]])
    let pairs = BlockCover(gridSize: 2, block: try BlockSize("1x1", gridSize: 2), passes: 1, together: 2)
    #expect(pairs.hidden == [[0, 2], [1, 3]])
    #expect(try BlockSize("0.17", gridSize: 14) == BlockSize("6x6", gridSize: 14))
  }

  private func noise(_ count: Int, _ stream: String) -> [Float] {
    var random = RandomStream(seed: 1, stream: stream)
    return (0..<count).map { _ in Float(random.normal()) }
  }

  @Test(arguments: [nil, 0, 2]) func nearestPatchesAgreeWithANaiveReference(excluded: Int?) {
    let (width, patches) = (24, 4)
    let values = noise(3 * patches * width, "bank").map { $0 + 3 }
    let features = noise(5 * width, "features").map { $0 + 3 }
    let bank = NormalBank(values, width: width, patches: patches)
    #expect(bank.count == 3)
    let found = bank.distances(features, excluding: excluded)
    for row in 0..<5 {
      let all = (0..<3 * patches).filter { $0 / patches != excluded }.map { other in
        (0..<width).reduce(0.0) {
          let difference = Double(features[row * width + $1]) - Double(values[other * width + $1])
          return $0 + difference * difference
        } / Double(width)
      }
      #expect(abs(Double(found[row]) - all.min()!) < 1e-5)
    }
  }

  /// A patch of the bank is nearest to itself, unless its radiograph is left out.
  @Test func aRadiographOfTheBankIsComparedWithTheOthers() {
    let values = noise(2 * 3 * 8, "bank")
    let bank = NormalBank(values, width: 8, patches: 3)
    #expect(bank.distances(Array(values.prefix(24))) == [0, 0, 0])
    #expect(bank.distances(Array(values.prefix(24)), excluding: 0).allSatisfy { $0 > 0.1 })
  }

  /// Of three maps of two places, the second of which never varies.
  @Test func whatIsUsualAtAPlaceByHand() {
    let (own, nearest) = (
      MapSubject(kind: .prediction, isTrained: true), MapSubject(kind: .nearest, isTrained: true)
    )
    var builder = ReferenceBuilder(isNormal: true)
    builder.add([own: [[1, 7], [3, 7]]], features: [])
    builder.add([own: [[5, 7]]], features: [])
    let usual = builder.reference(patches: 2, kinds: [.prediction])
    #expect(usual.count == 3 && usual.means[own] == [3, 7] && usual.banks.isEmpty)
    #expect(usual.subjects == [own, MapSubject(kind: .prediction, isTrained: false), .place])
    #expect(usual.beyondUsual([4, 9], own, .none) == [4, 9])
    #expect(usual.beyondUsual([4, 9], own, .place) == [1, 2])
    let deviation = Float((8.0 / 3).squareRoot())
    let found = usual.beyondUsual([4, 7], own, .standardized)
    #expect(abs(found[0] - 1 / deviation) < 1e-6 && found[1] == 0)
    #expect(usual.beyondUsual([4, 9], own, .standardized).allSatisfy { $0.isFinite })
    #expect(usual.beyondUsual([4, 9], nearest, .standardized) == [4, 9])
  }

  @Test func errorsByHand() {
    var sums = ErrorSums(1, patches: 3)
    sums.add([1, 1, 4, 4], [0, 0, 4, 2], width: 2, patches: [0, 2], rows: 2, at: [0, 1])
    sums.add([3, 0], [0, 0], width: 2, patches: [2], rows: 1, at: [0])
    #expect(sums.means == [[1, 0, 3.25]])
  }

  /// Between patches' middles as `GrayImage.sampled` has it, and constant beyond them.
  @Test func mapsAreEnlargedBetweenPatches() {
    let values = noise(16, "map")
    let image = GrayImage(width: 4, height: 4, pixels: values)
    let found = PatchMap(values, gridSize: 4).enlarged(height: 20, width: 12)
    for row in 0..<20 {
      for column in 0..<12 {
        let y = min(max((Double(row) + 0.5) / 5 - 0.5, 0), 3)
        let x = min(max((Double(column) + 0.5) / 3 - 0.5, 0), 3)
        #expect(abs(found[row * 12 + column] - image.sampled(row: y, column: x)) < 1e-5)
      }
    }
    #expect(PatchMap([2], gridSize: 1).enlarged(height: 2, width: 2) == [2, 2, 2, 2])
  }

  /// Pixels of other findings alone do not count, as positives or as negatives.
  @Test func pixelsByHand() throws {
    let masks = [
      "a": GrayImage(width: 2, height: 2, pixels: [1, 0, 0, 0]),
      "b": GrayImage(width: 2, height: 2, pixels: [1, 1, 0, 0]),
    ]
    #expect(PixelScores.labels("a", masks) == [true, nil, false, false])
    #expect(PixelScores.labels("b", masks) == [true, true, false, false])
    #expect(PixelScores.chance("a", masks) == 1.0 / 3 && PixelScores.chance("c", masks) == nil)
    let scores = try #require(try PixelScores([3, 9, 5, 1], gridSize: 2, "a", masks))
    #expect(scores.auroc == 0.5 && scores.averagePrecision == 0.5)
    #expect(try PixelScores([3, 9, 5, 1], gridSize: 2, "c", masks) == nil)
    let whole = ["a": GrayImage(width: 2, height: 2, fill: 1)]
    #expect(try PixelScores([3, 9, 5, 1], gridSize: 2, "a", whole) == nil)
  }

  @Test func meansLeaveOutWhatIsNotThere() {
    let mean = MeanMeasure([1, nil, 3])
    #expect(mean.value(weights: [1, 5, 1]) == 2 && mean.value(weights: [3, 0, 1]) == 1.5)
    #expect(mean.value(weights: [0, 2, 0]) == nil)
  }

  @Test func outlinesAreTheMasksEdges() {
    let image = ColorImage(width: 5, height: 5, rgb: [UInt8](repeating: 7, count: 75))
    var mask = GrayImage(width: 5, height: 5)
    for row in 1...3 { for column in 1...3 { mask[row, column] = 1 } }
    let outlined = SurpriseSheet.outlined(image, ["a": mask])
    let green = (0..<25).filter { outlined.rgb[3 * $0 + 1] == 255 }
    #expect(green == [6, 7, 8, 11, 13, 16, 17, 18])
    #expect(SurpriseSheet.outlined(image, [:]) == image)
  }
}
