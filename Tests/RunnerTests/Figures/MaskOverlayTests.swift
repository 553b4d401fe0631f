import Imaging
import Testing

@testable import Figures

@Suite struct MaskOverlayTests {
  /// A square's outline has its colour, closed at the corners; what lies within and without stays grey.
  @Test func outlinesAreDrawnWhereMasksEnd() {
    var mask = GrayImage(width: 64, height: 64)
    for row in 16..<48 { for column in 16..<48 { mask[row, column] = 1 } }
    let image = MaskOverlay.outlined(
      GrayImage(width: 64, height: 64, fill: 0.5),
      [.init(name: "lungs", probability: 1, isPresent: true, mask: mask)])
    #expect(image.width == 512 && image.height == 512)
    let grey = Color(grey: 0.5)
    for (row, column) in [(128, 128), (128, 383), (383, 128), (383, 383), (128, 250), (250, 129)] {
      #expect(image[row, column] == MaskOverlay.colors[0], "\(row), \(column)")
    }
    for (row, column) in [(127, 127), (127, 250), (131, 131), (250, 250), (384, 384)] {
      #expect(image[row, column] == grey, "\(row), \(column)")
    }
  }

  @Test func largeRadiographsAreReduced() {
    let image = MaskOverlay.outlined(GrayImage(width: 3000, height: 1500), [])
    #expect(image.width == 768 && image.height == 384)
  }
}
