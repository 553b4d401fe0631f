import Imaging
import Testing
import WorldModel

@testable import Figures
@testable import Runner

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

  @Test func growsWithPicturesRowsAndWords() {
    let canvas = sheet(3).draw(side: 100)
    #expect(sheet(6).draw(side: 100).width == canvas.width + 3 * 108)
    #expect(sheet(3, captions: ["one"]).draw(side: 100).height == canvas.height - 15)
    var more = sheet(3)
    more.rows += more.rows
    #expect(more.draw(side: 100).height > canvas.height + 100)
    more.title = String(repeating: "long ", count: 60)
    #expect(more.draw(side: 100).width > canvas.width)
  }

  @Test func pictureKeepsItsShapeAndIsFramed() {
    func color(_ canvas: Canvas, _ wanted: Color) -> Int {
      (0..<canvas.width * canvas.height).count {
        canvas[$0 / canvas.width, $0 % canvas.width] == wanted
      }
    }
    let (plain, framed) = (sheet(1).draw(side: 100), sheet(1, isFramed: true).draw(side: 100))
    #expect(color(plain, Color(grey: 0.25)) == 2 * 100 * 50)
    // Three pixels around 100 × 50.
    #expect(color(framed, Color(220, 90, 20)) == 106 * 56 - 100 * 50)
    #expect(color(plain, Color(220, 90, 20)) == 0)
  }

  @Test func emptySheets() {
    #expect(PictureSheet(title: "none", rows: []).draw().height > 0)
    #expect(sheet(0).draw().width > 0)
  }
}
