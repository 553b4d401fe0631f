import CoreTensor
import Testing
import WorldModel

@Suite struct RandomMaskTests {
  @Test func ratiosAreThePapers() {
    for (side, ratio, visible) in [
      (224, 0.75, 49), (224, 0.6, 78), (96, 0.75, 9), (96, 0.99, 1), (32, 0.05, 3),
    ] {
      var random = RandomStream(seed: 1, stream: "mask")
      let mask = RandomMask(
        ratio: ratio, geometry: ImageGeometry(imageSize: side, patchSize: 16), random: &random)
      #expect(mask.visible.count == visible)
      #expect((mask.visible + mask.hidden).sorted() == Array(0..<side / 16 * side / 16))
    }
  }

  /// Squares are hidden whole, and as many as the ratio says.
  @Test func squaresAreHiddenWhole() {
    var random = RandomStream(seed: 1, stream: "mask")
    let mask = RandomMask(
      ratio: 0.5, side: 2, geometry: ImageGeometry(imageSize: 64, patchSize: 8), random: &random)
    #expect(mask.hidden.count == 32)
    let hidden = Set(mask.hidden)
    for square in 0..<16 {
      let first = square / 4 * 16 + square % 4 * 2
      let own = [first, first + 1, first + 8, first + 9].filter(hidden.contains)
      #expect(own.isEmpty || own.count == 4)
    }
  }
}
