import Imaging
import Testing

@Suite struct PixelSpacingTests {
  @Test(arguments: [
    ("0.143", 0.143, 0.143), ("0.143\\0.139", 0.143, 0.139), (" 0.2 \\ 0.1 ", 0.2, 0.1), ("1e-1", 0.1, 0.1),
    ("[0.143, 0.139]", 0.143, 0.139), ("0.1 0.2", 0.1, 0.2),
  ])
  func isRead(text: String, row: Double, column: Double) {
    #expect(PixelSpacing(text) == PixelSpacing(row: row, column: column))
  }

  @Test(arguments: [
    "", "0", "-1", "nan", "inf", "1\\2\\3", "0.1\\", "\\0.1", "0.1,,0.1", "[]", "1mm", "0.1\\0",
  ])
  func otherTextsAreNone(text: String) { #expect(PixelSpacing(text) == nil) }

  @Test func fewerPixelsLieFurtherApart() {
    let spacing = PixelSpacing(row: 0.1, column: 0.2).scaled(rows: 4, columns: 2)
    #expect(spacing == PixelSpacing(row: 0.4, column: 0.4))
  }
}
