import Imaging
import Testing
import WorldModel

@testable import Figures

@Suite struct ReportsPictureSheetTests {
  private func sheet(_ pictures: Int, isFramed: Bool = false, captions: [String] = ["one", "two"])
    -> PictureSheet
  {
    let image = GrayImage(width: 20, height: 10, fill: 0.25)
    return PictureSheet(
      title: "Sheet", notes: ["A note."],
      rows: [
        .init(
          label: "Row",
          groups: [
            [.init(image, captions: captions, isFramed: isFramed)],
            (0..<pictures).map { _ in .init(image, captions: captions) },
          ])
      ])
  }

  private func size(_ sheet: PictureSheet) throws -> Size { sheet.size(try Typesetter()) }

  @Test func growsWithPicturesRowsAndWords() throws {
    let small = try size(sheet(3))
    #expect(try size(sheet(6)).width == small.width + 3 * 148)
    #expect(try size(sheet(3, captions: ["one"])).height == small.height - 15)
    var more = sheet(3)
    more.rows += more.rows
    #expect(try size(more).height > small.height + 140)
    more.title = String(repeating: "long ", count: 60)
    #expect(try size(more).width > small.width)
    let wide = try size(more).width
    more.title = String(repeating: "long ", count: 100_000)
    #expect(try size(more).width < wide + 400, "words make a sheet only so wide")
    let height = try size(more).height
    more.notes = [String(repeating: "A note of many words. ", count: 20)]
    #expect(try size(more).height > height, "a long note takes more lines")
    #expect(try more.pixels().width == size(more).width)
  }

  @Test func pictureKeepsItsShapeAndIsFramed() throws {
    func count(_ sheet: PictureSheet, _ wanted: Color) throws -> Int {
      let pixels = try sheet.pixels()
      return (0..<pixels.width * pixels.height).count {
        pixels[$0 / pixels.width, $0 % pixels.width] == wanted
      }
    }
    #expect(try count(sheet(1), Color(grey: 0.25)) == 2 * 140 * 70)
    // Three pixels around 140 × 70.
    #expect(try count(sheet(1, isFramed: true), Color(220, 90, 20)) == 146 * 76 - 140 * 70)
    #expect(try count(sheet(1), Color(220, 90, 20)) == 0)
  }

  @Test func emptySheets() throws {
    #expect(try PictureSheet(title: "none", rows: []).pixels().height > 0)
    #expect(try sheet(0).pixels().width > 0)
  }
}
