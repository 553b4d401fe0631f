import Films
import Foundation
import Imaging
import Testing

@testable import Figures
@testable import Runner

@Suite struct ReportsCanvasTests {
  @Test func fillCoversFractionsOfPixels() {
    var canvas = Canvas(width: 6, height: 4, background: .black)
    canvas.fill(Box(x: 1, y: 1, width: 2.5, height: 1), .white)
    #expect(canvas[1, 0] == .black)
    #expect(canvas[1, 1] == .white && canvas[1, 2] == .white)
    #expect(canvas[1, 3] == Color(128, 128, 128))
    #expect(canvas[0, 1] == .black && canvas[2, 1] == .black)
    canvas.fill(Box(x: -50, y: 3, width: 1000, height: 1000), Color(255, 0, 0), share: 0.5)
    #expect((0..<6).allSatisfy { canvas[3, $0] == Color(128, 0, 0) })
  }

  @Test func whatLiesOutsideIsCutOff() {
    let empty = Canvas(width: 10, height: 10)
    var canvas = empty
    canvas.fill(Box(x: -20, y: -20, width: 15, height: 15), .black)
    canvas.line(from: Point(-50, 30), to: Point(40, 30), .black, thickness: 3)
    canvas.text("far away", at: Point(200, 200), .black)
    canvas.fill(Box(x: .nan, y: 0, width: 5, height: 5), .black)
    canvas.stroke([Point(.infinity, 1), Point(.nan, 2)], .black)
    canvas.draw(GrayImage(width: 4, height: 4), in: Box(x: 40, y: 0, width: 8, height: 8))
    #expect(canvas == empty)
  }

  @Test func straightLineCoversItsPixelsAndSoftensItsEdges() {
    var canvas = Canvas(width: 20, height: 9)
    canvas.line(from: Point(2, 4.5), to: Point(18, 4.5), .black, thickness: 1)
    #expect((3..<17).allSatisfy { canvas[4, $0] == .black })
    #expect((3..<17).allSatisfy { canvas[3, $0] == .white && canvas[5, $0] == .white })
    var slanted = Canvas(width: 20, height: 20)
    slanted.line(from: Point(1, 1), to: Point(19, 12), .black, thickness: 1.5)
    let levels = Set((0..<20).flatMap { row in (0..<20).map { slanted[row, $0].red } })
    #expect(levels.count > 8, "an anti-aliased line has many greys, found \(levels.count)")
    // Ink is length times thickness, whatever the slope.
    let ink = (0..<400).reduce(0.0) { $0 + 1 - Double(slanted[$1 / 20, $1 % 20].red) / 255 }
    #expect(abs(ink - 1.5 * (18.0 * 18 + 11 * 11).squareRoot()) < 4, "\(ink)")
  }

  @Test func translucentLineIsNotDarkerWhereItMeetsItself() {
    var canvas = Canvas(width: 20, height: 20)
    canvas.stroke(
      [Point(2, 10), Point(10, 10), Point(18, 10), Point(10, 10)], .black, thickness: 4, share: 0.5)
    #expect(canvas[10, 10] == canvas[10, 5])
    #expect(canvas[10, 10] == Color(128, 128, 128))
  }

  @Test func zoomNearestRepeatsSmoothMixesReducingAverages() {
    let image = GrayImage(width: 2, height: 2, pixels: [0, 1, 1, 0])
    var nearest = Canvas(width: 4, height: 4)
    nearest.draw(image, in: Box(x: 0, y: 0, width: 4, height: 4), zoom: .nearest)
    #expect((0..<4).map { nearest[0, $0].red } == [0, 0, 255, 255])
    #expect((0..<4).map { nearest[3, $0].red } == [255, 255, 0, 0])
    var smooth = Canvas(width: 4, height: 4)
    smooth.draw(image, in: Box(x: 0, y: 0, width: 4, height: 4))
    #expect((0..<4).map { smooth[0, $0].red } == [0, 64, 191, 255])
    var reduced = Canvas(width: 1, height: 1)
    reduced.draw(image, in: Box(x: 0, y: 0, width: 1, height: 1))
    #expect(reduced[0, 0] == Color(128, 128, 128))
    var mirrored = Canvas(width: 2, height: 2)
    mirrored.draw(image, in: Box(x: 0, y: 0, width: 2, height: 2), dimming: 0.5, mirrored: true)
    #expect((0..<2).map { mirrored[0, $0].red } == [128, 0])
  }

  @Test func greyThatIsNoNumberOrOutOfRangeIsClipped() {
    #expect(Color(grey: .nan) == .black)
    #expect(Color(grey: -3) == .black)
    #expect(Color(grey: .infinity) == .white)
  }

  @Test func outlineFollowsTheSetsBorderOnly() {
    var canvas = Canvas(width: 30, height: 30)
    let box = Box(x: 0, y: 0, width: 30, height: 30)
    canvas.outline(patches: [0, 1], of: box, gridSize: 3, .black)
    #expect(canvas[0, 5] == .black && canvas[9, 15] == .black && canvas[5, 0] == .black)
    #expect(canvas[5, 19] == .black)
    #expect(canvas[5, 9] == .white && canvas[5, 10] == .white, "no line between the two patches")
    #expect(canvas[15, 5] == .white)
  }

  @Test func pngReadsBackAsItWasDrawn() throws {
    let folder = try TemporaryFolder()
    var canvas = Canvas(width: 40, height: 33, background: .black)
    canvas.fill(Box(x: 3, y: 4, width: 5, height: 6), .white)
    try canvas.writePng(to: folder.path + "/a.png")
    let film = try FilmDecoder().decode(path: folder.path + "/a.png")
    #expect(film.width == 40 && film.height == 33)
    #expect(film[4, 3] == 1 && film[9, 7] == 1 && film[10, 7] == 0)
    #expect(film.pixels.reduce(0, +) == 30)
    #expect(throws: StorageError.self) { try canvas.writePng(to: folder.path + "/missing/a.png") }
  }
}

@Suite struct ReportsFontTests {
  static let printable = (32...126).map { Character(UnicodeScalar($0)!) }

  @Test func everyPrintableCharacterIsDrawnAndDiffersFromEveryOther() throws {
    var seen: [[UInt8]: Character] = [:]
    for character in Self.printable + Array("Δφ→×±·–…²↔") {
      #expect(StrokeFont.drawings[character] != nil, "\(character) is missing")
      var canvas = Canvas(width: 24, height: 24)
      canvas.text(String(character), at: Point(4, 4), height: 12, .black)
      let dark = canvas.rgb.contains { $0 < 100 }
      #expect(dark == (character != " "), "\(character)")
      if let other = seen.updateValue(character, forKey: canvas.rgb) {
        Issue.record("\(character) looks as \(other)")
      }
    }
  }

  @Test func textTakesTheWidthThatIsAnnounced() {
    let text = "Step 1204: loss 0.31 (best)"
    let width = Int(Canvas.textWidth(text, height: 9))
    var canvas = Canvas(width: width + 40, height: 30)
    canvas.text(text, at: Point(20, 10), height: 9, .black)
    let inked = (0..<canvas.width).filter { x in (0..<30).contains { canvas[$0, x].red < 200 } }
    #expect(abs(inked.first! - 20) <= 2 && abs(inked.last! - (20 + width)) <= 2)
    var right = Canvas(width: width + 40, height: 30)
    right.text(text, at: Point(Double(20 + width), 10), height: 9, .black, alignment: .right)
    #expect(right == canvas)
  }

  @Test func upwardTextIsTheSameTurned() {
    var across = Canvas(width: 80, height: 20)
    across.text("loss", at: Point(5, 5), height: 9, .black)
    var up = Canvas(width: 20, height: 80)
    up.text("loss", at: Point(5, 74), height: 9, .black, isUpward: true)
    let turned = (0..<20).allSatisfy { row in (0..<79).allSatisfy { across[row, $0] == up[79 - $0, row] } }
    #expect(turned)
  }

  @Test func longTextsAreCutToFit() {
    let width = 60.0
    let cut = Canvas.fitted("a long name of a film.png", width: width, height: 9)
    #expect(cut.hasPrefix("a l") && cut.hasSuffix("…"))
    #expect(Canvas.textWidth(cut, height: 9) <= width)
    let end = Canvas.fitted("a long name of a film.png", width: width, height: 9, keepsEnd: true)
    #expect(end.hasPrefix("…") && end.hasSuffix("m.png"))
    #expect(Canvas.fitted("short", width: width, height: 9) == "short")
    #expect(Canvas.fitted("long", width: 1, height: 9) == "")
  }

  @Test func specimenToLookAt() throws {
    var canvas = Canvas(width: 700, height: 190)
    let lines = [Self.printable.prefix(48), Self.printable.dropFirst(48)].map { String($0) }
    for (index, height) in [7.0, 9, 12].enumerated() {
      for (line, text) in (lines + ["Δ = 0.21 → φ ± 3 × 10² Hidden patches; 0O 1lI 5S 8B"]).enumerated() {
        canvas.text(text, at: Point(10, Double(index * 58 + line * 19 + 8)), height: height, .black)
      }
    }
    try ReportsSupport.show(canvas, "font")
    #expect(canvas != Canvas(width: 700, height: 190))
  }
}
