import CoreTensor
import Imaging
import Testing

@Suite struct CropTests {
  /// Crops of every awkward kind: up, down, both, one pixel, narrower than a vector, odd.
  static let cases: [(row: Int, column: Int, height: Int, width: Int, toHeight: Int, toWidth: Int)] = [
    (0, 0, 61, 83, 17, 19), (3, 5, 40, 70, 40, 16), (60, 82, 1, 1, 1, 1), (60, 82, 1, 1, 9, 33),
    (10, 11, 7, 5, 64, 48), (0, 0, 61, 83, 1, 1), (5, 6, 33, 47, 31, 100), (2, 0, 50, 83, 96, 15),
    (1, 1, 1, 80, 3, 7), (1, 1, 55, 1, 7, 3), (0, 20, 61, 63, 16, 16), (0, 0, 16, 16, 17, 17),
  ]

  @Test(arguments: cases.indices) func agreesWithTheDefinition(index: Int) {
    let image = NaiveImaging.noise(width: 83, height: 61)
    let c = Self.cases[index]
    let fast = image.cropped(
      row: c.row, column: c.column, height: c.height, width: c.width, resizedTo: (c.toHeight, c.toWidth))
    let naive = NaiveImaging.cropped(
      image, row: c.row, column: c.column, height: c.height, width: c.width, to: (c.toHeight, c.toWidth))
    #expect(NaiveImaging.largestDifference(fast, naive) < 2e-6)
    let mirrored = image.cropped(
      row: c.row, column: c.column, height: c.height, width: c.width, resizedTo: (c.toHeight, c.toWidth),
      mirrored: true)
    #expect(mirrored == fast.mirrored())
  }

  @Test func randomCropsAgreeWithTheDefinition() {
    let image = NaiveImaging.noise(width: 131, height: 97)
    var random = RandomStream(seed: 1, stream: "crops")
    for _ in 0..<60 {
      let height = random.integer(in: 1...97)
      let width = random.integer(in: 1...131)
      let row = random.integer(in: 0...97 - height)
      let column = random.integer(in: 0...131 - width)
      let size = (height: random.integer(in: 1...70), width: random.integer(in: 1...70))
      let fast = image.cropped(row: row, column: column, height: height, width: width, resizedTo: size)
      let naive = NaiveImaging.cropped(
        image, row: row, column: column, height: height, width: width, to: size)
      #expect(
        NaiveImaging.largestDifference(fast, naive) < 2e-6,
        "\(height) × \(width) from (\(row), \(column)) to \(size)")
    }
  }

  @Test func sameSizeIsTheCropItself() {
    let image = NaiveImaging.noise(width: 40, height: 37)
    #expect(image.resized(to: (37, 40)) == image)
    let crop = image.cropped(row: 4, column: 9, height: 20, width: 23, resizedTo: (20, 23))
    for r in 0..<20 {
      for c in 0..<23 { #expect(crop[r, c] == image[r + 4, c + 9]) }
    }
  }

  @Test func nothingOutsideTheCropCounts() {
    let inside = NaiveImaging.noise(width: 30, height: 30)
    var framed = GrayImage(width: 90, height: 90, fill: .nan)
    for r in 0..<30 {
      for c in 0..<30 { framed[r + 30, c + 30] = inside[r, c] }
    }
    for side in [7, 30, 64] {
      let cut = framed.cropped(row: 30, column: 30, height: 30, width: 30, resizedTo: side)
      #expect(cut == inside.resized(to: (side, side)))
    }
  }

  @Test func aConstantStaysConstantAndOvershootIsClipped() {
    let flat = GrayImage(width: 50, height: 33, fill: 0.37).resized(to: (80, 21))
    #expect(flat.pixels.allSatisfy { abs($0 - 0.37) < 1e-6 })
    var edge = GrayImage(width: 32, height: 32)
    for r in 0..<32 {
      for c in 16..<32 { edge[r, c] = 1 }
    }
    let enlarged = edge.resized(to: (100, 100))
    #expect(enlarged.pixels.allSatisfy { (0...1).contains($0) })
    #expect(enlarged.pixels.contains(0) && enlarged.pixels.contains(1))
  }
}
