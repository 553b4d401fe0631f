import Foundation
import Imaging
import Testing

@testable import Figures

@Suite struct ReportsDrawingTests {
  @Test func fillCoversFractionsOfPixels() throws {
    let pixels = try Sketch(6, 4, background: .black) {
      $0.fill(Box(x: 1, y: 1, width: 2.5, height: 1), .white)
      $0.fill(Box(x: -50, y: 3, width: 1000, height: 1000), Color(255, 0, 0), share: 0.5)
    }.pixels()
    #expect(pixels[1, 0] == .black && pixels[1, 1] == .white && pixels[1, 2] == .white)
    #expect(abs(Int(pixels[1, 3].red) - 128) <= 2)
    #expect(pixels[0, 1] == .black && pixels[2, 1] == .black)
    #expect((0..<6).allSatisfy { abs(Int(pixels[3, $0].red) - 128) <= 2 && pixels[3, $0].green == 0 })
  }

  @Test func areasThatTouchOrOverlapAreOneArea() throws {
    let cells = Box(x: 0.3, y: 0, width: 19.3, height: 20).cells(0..<49, gridSize: 7)
    let pixels = try Sketch(20, 20) { $0.fill(cells + cells, .black, share: 0.5) }.pixels()
    let inner = Set((2..<18).flatMap { row in (2..<18).map { pixels[row, $0] } })
    #expect(inner.count == 1, "a seam shows: \(inner)")
  }

  @Test func whatLiesOutsideOrIsNoNumberIsLeftOut() throws {
    let image = GrayImage(width: 4, height: 4)
    let pixels = try Sketch(10, 10) { canvas in
      canvas.fill(Box(x: -20, y: -20, width: 15, height: 15), .black)
      canvas.line(from: Point(-50, 30), to: Point(40, 30), .black, thickness: 3)
      canvas.text("far away", at: Point(200, 200), TextStyle(12))
      canvas.text("nowhere", at: Point(.nan, 2), TextStyle(12))
      canvas.fill(Box(x: .nan, y: 0, width: 5, height: 5), .black)
      canvas.fill(polygon: [Point(0, 0), Point(.infinity, 4), Point(4, 4)], .black)
      canvas.hatch([Box(x: 0, y: .infinity, width: 5, height: 5)], .black)
      canvas.stroke([Point(.infinity, 1), Point(.nan, 2)], .black)
      for box in [Box(x: 40, y: 0, width: 8, height: 8), Box(x: 0, y: 0, width: .infinity, height: 8)] {
        canvas.draw(image, in: box)
      }
    }.pixels()
    #expect(pixels.rgb.allSatisfy { $0 == 255 })
  }

  @Test func coordinatesFarOutsideDoNotWrapAround() throws {
    let pixels = try Sketch(20, 20) {
      $0.line(from: Point(10, 10), to: Point(10, 1e12), .black, thickness: 2)
    }.pixels()
    #expect((12..<20).allSatisfy { pixels[$0, 9] == .black && pixels[$0, 4] == .white })
    #expect((0..<8).allSatisfy { pixels[$0, 9] == .white })
  }

  @Test func linesCoverTheirPixelsBreakAndMeet() throws {
    let pixels = try Sketch(40, 30) { canvas in
      canvas.stroke([Point(2, 4.5), Point(18, 4.5), Point(.nan, 0), Point(30, 4.5), Point(36, 4.5)], .black)
      canvas.stroke(
        [Point(2, 14), Point(10, 14), Point(18, 14), Point(10, 14)], .black, thickness: 4, share: 0.5)
      canvas.stroke([Point(2, 24.5), Point(38, 24.5)], .black, dash: [6, 4])
    }.pixels()
    #expect((3..<17).allSatisfy { pixels[4, $0] == .black && pixels[2, $0] == .white })
    #expect((20..<29).allSatisfy { pixels[4, $0] == .white } && pixels[4, 33] == .black)
    #expect(pixels[14, 10] == pixels[14, 5], "a line is darker where it meets itself")
    #expect(pixels[24, 4] == .black && pixels[24, 10] == .white && pixels[24, 14] == .black)
  }

  @Test func imagesAreRepeatedReducedAndMirrored() throws {
    let image = GrayImage(width: 2, height: 1, pixels: [0, 1])
    let large = GrayImage(width: 64, height: 64, pixels: (0..<4096).map { Float($0 % 2) })
    let color = ColorImage(width: 1, height: 1, rgb: [200, 100, 50])
    let pixels = try Sketch(40, 40) { canvas in
      canvas.draw(image, in: Box(x: 0, y: 0, width: 20, height: 4))
      canvas.draw(image, in: Box(x: 20, y: 0, width: 20, height: 4), dimming: 0.5, mirrored: true)
      canvas.draw(large, in: Box(x: 0, y: 10, width: 8, height: 8))
      canvas.draw(color, in: Box(x: 20, y: 10, width: 8, height: 8))
      canvas.draw(GrayImage(width: 1, height: 1, fill: .nan), in: Box(x: 0, y: 30, width: 4, height: 4))
      canvas.draw(GrayImage(width: 1, height: 1, fill: 9), in: Box(x: 5, y: 30, width: 4, height: 4))
    }.pixels()
    #expect(pixels[1, 0].red < 30 && pixels[1, 19].red > 225)
    #expect(abs(Int(pixels[1, 20].red) - 128) < 16 && pixels[1, 39].red < 16)
    #expect((11..<17).allSatisfy { abs(Int(pixels[$0, 4].red) - 128) < 8 }, "stripes are averaged")
    #expect(pixels[14, 24] == Color(200, 100, 50) && pixels[14, 30] == .white)
    #expect(pixels[31, 2] == .black && pixels[31, 7] == .white)
  }

  @Test func outlineFollowsTheSetsBorderOnly() throws {
    let box = Box(x: 0, y: 0, width: 30, height: 30)
    let pixels = try Sketch(30, 30) { $0.outline(patches: [0, 1], of: box, gridSize: 3, .black) }.pixels()
    #expect(pixels[0, 5] == .black && pixels[9, 15] == .black && pixels[5, 0] == .black)
    #expect(pixels[5, 19] == .black)
    #expect(pixels[5, 9] == .white && pixels[5, 10] == .white, "no line between the two patches")
    #expect(pixels[15, 5] == .white)
  }

  @Test func hatchingStaysInItsBoxes() throws {
    let box = Box(x: 5, y: 5, width: 20, height: 20)
    let pixels = try Sketch(30, 30) { $0.hatch([box], .black) }.pixels()
    let dark = (0..<900).filter { pixels[$0 / 30, $0 % 30].red < 200 }
    #expect(dark.count > 40 && dark.count < 300, "\(dark.count)")
    #expect(dark.allSatisfy { (5..<25).contains($0 / 30) && (5..<25).contains($0 % 30) })
  }

  @Test func greyThatIsNoNumberOrOutOfRangeIsClipped() {
    #expect(Color(grey: .nan) == .black)
    #expect(Color(grey: -3) == .black)
    #expect(Color(grey: .infinity) == .white)
  }
}

@Suite struct ReportsTextTests {
  /// Rows and columns of a picture that text has darkened.
  private func ink(_ pixels: ColorImage) -> (rows: ClosedRange<Int>, columns: ClosedRange<Int>)? {
    let dark = (0..<pixels.width * pixels.height).filter {
      pixels[$0 / pixels.width, $0 % pixels.width].red < 160
    }
    guard !dark.isEmpty else { return nil }
    let (rows, columns) = (dark.map { $0 / pixels.width }, dark.map { $0 % pixels.width })
    return (rows.min()!...rows.max()!, columns.min()!...columns.max()!)
  }

  @Test func textTakesTheWidthThatIsAnnounced() throws {
    let (text, style) = ("Step 1204: loss 0.31 (best)", TextStyle(13))
    let width = try Typesetter().width(of: text, style)
    func drawn(_ x: Double, _ alignment: TextAlignment) throws -> ColorImage {
      try Sketch(400, 30) { $0.text(text, at: Point(x, 6), style, alignment: alignment) }.pixels()
    }
    let left = try drawn(100, .left)
    let found = try #require(ink(left)).columns
    #expect(abs(found.lowerBound - 100) <= 2 && abs(found.upperBound - 100 - Int(width)) <= 2, "\(found)")
    #expect(try drawn(100 + width, .right) == left)
    #expect(try drawn(100 + (width / 2).rounded(), .center) == left)
  }

  @Test func upwardTextStandsBesideAndMiddleTextAcrossItsPoint() throws {
    let style = TextStyle(14)
    let up = try Sketch(60, 200) {
      $0.text("prediction", at: Point(30, 180), style, anchor: .middle, isUpward: true)
    }.pixels()
    let turned = try #require(ink(up))
    #expect(turned.rows.count > 60 && turned.rows.upperBound <= 181 && turned.columns.count < 20)
    #expect(turned.columns.contains(30))
    let across = try Sketch(200, 60) { $0.text("HEIX", at: Point(20, 30), style, anchor: .middle) }.pixels()
    let rows = try #require(ink(across)).rows
    #expect(abs(rows.lowerBound + rows.upperBound - 60) <= 2, "\(rows)")
  }

  @Test(arguments: [Ellipsis.atEnd, .atStart]) func longTextsAreCutToFit(ellipsis: Ellipsis) throws {
    let style = TextStyle(12)
    let text = String(repeating: "a long name of a radiograph ", count: 5_000)
    let cut = try Sketch(200, 60) {
      $0.text(text, at: Point(40, 4), style, width: 90, lines: 2, ellipsis: ellipsis)
    }.pixels()
    let found = try #require(ink(cut))
    #expect(found.columns.lowerBound >= 39 && found.columns.upperBound <= 131, "\(found)")
    #expect(found.rows.upperBound < 40)
    let nothing = try Sketch(200, 60) { $0.text(text, at: Point(40, 4), style, width: 5) }.pixels()
    #expect(ink(nothing) == nil)
  }

  @Test(arguments: [
    "", " ", "tab\tand\nline", "nul\0bell\u{7}escape\u{1B}[31m", "\u{202E}turned\u{2066}", "😀🫁👨‍👩‍👧‍👦",
    "שלום, עולם",
    "تجربة", "e\u{301}\u{301}\u{301}", "\u{FFFD}\u{FFFF}", "\u{2028}\u{2029}", "漢字 and Latin",
  ])
  func hostileTextsStayInTheirPlace(text: String) throws {
    let both = Sketch(300, 80) {
      $0.text(text + " end", at: Point(20, 10), TextStyle(13), width: 200)
      $0.text(text, at: Point(20, 40), TextStyle(13), width: 200, lines: 2, ellipsis: .atStart)
    }
    let found = try #require(ink(both.pixels()))
    #expect(found.columns.lowerBound >= 18 && found.columns.upperBound <= 222, "\(found)")
    #expect(
      Typesetter.shown(text, .atEnd).unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    try ReportsSupport.expectWellFormed(both.encoded(as: .svg))
  }

  @Test func signsOfTheFieldAreInTheFont() throws {
    let style = TextStyle(13)
    let typesetter = try Typesetter()
    for sign in "Δφ→×±·–…²↔" {
      let unknown = typesetter.withLayout(String(sign), style) { Typesetter.unknownGlyphs($0) }
      #expect(unknown == 0, "\(sign) is missing in \(typesetter.foundFamily)")
    }
  }
}

@Suite struct ReportsFigureTests {
  private static func lines(_ count: Int) -> Sketch {
    Sketch(120, 90) { canvas in
      for number in 0..<count {
        canvas.line(from: Point(0, 90), to: Point(120, Double(number)), Color.distinct[number % 8])
      }
      canvas.text("Δ = 0.21 → φ", at: Point(8, 30), TextStyle(13, isBold: true))
      canvas.draw(ReportsSupport.syntheticRadiograph(), in: Box(x: 60, y: 40, width: 50, height: 44))
    }
  }

  @Test func theSameFigureIsDrawnTheSame() throws {
    #expect(try Self.lines(9).encoded(as: .png) == Self.lines(9).encoded(as: .png))
    #expect(try Self.lines(9).encoded(as: .png) != Self.lines(8).encoded(as: .png))
    // Cairo numbers the surfaces of a process, and names parts of an SVG by these numbers.
    func outlines(_ count: Int) throws -> String {
      String(decoding: try Self.lines(count).encoded(as: .svg), as: UTF8.self)
        .replacing(/(surface|image)[0-9]+/) { $0.output.1 }
    }
    #expect(try outlines(9) == outlines(9))
    #expect(try outlines(9) != outlines(8))
  }

  @Test func pngReadsBackAsItWasDrawn() throws {
    let folder = try TemporaryFolder()
    let figure = Sketch(40, 33, background: .black) { $0.fill(Box(x: 3, y: 4, width: 5, height: 6), .white) }
    try figure.write(to: folder.path + "/a.png")
    let radiograph = try ReportsSupport.decoded(folder.path + "/a.png")
    #expect(radiograph.width == 40 && radiograph.height == 33)
    #expect(radiograph[4, 3] == 1 && radiograph[9, 7] == 1 && radiograph[10, 7] == 0)
    #expect(radiograph.pixels.reduce(0, +) == 30)
  }

  @Test func svgIsWellFormedAndOfTheSameSize() throws {
    let folder = try TemporaryFolder()
    try Self.lines(3).write(to: folder.path + "/a.SVG")
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.path + "/a.SVG")))
    let root = try ReportsSupport.expectWellFormed(bytes)
    #expect(root["width"] == "120px" && root["height"] == "90px", "\(root)")
  }

  @Test func imagesInAnSvgAreNoLargerThanTheyCanBeSeen() throws {
    let radiograph = GrayImage(
      width: 2000, height: 2000, pixels: (0..<4_000_000).map { Float($0 * 7919 % 255) / 255 })
    let bytes = try Sketch(60, 60) { $0.draw(radiograph, in: Box(x: 5, y: 5, width: 50, height: 50)) }
      .encoded(as: .svg)
    #expect(bytes.count < 100_000, "\(bytes.count)")
  }

  @Test func whatCannotBeWrittenLeavesTheOlderFile() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a.png"
    try Self.lines(1).write(to: path)
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let huge = Sketch(40_000, 10) { _ in }
    #expect(throws: FigureError.size(Size(40_000, 10), file: path)) { try huge.write(to: path) }
    #expect("\(FigureError.size(Size(40_000, 10), file: path))".hasPrefix(path + ": expected 1 to 32767"))
    #expect(throws: FigureError.self) { try Sketch(0, 10) { _ in }.encoded(as: .svg) }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.png"])
    #expect {
      try Self.lines(1).write(to: folder.path + "/missing/a.svg")
    } throws: {
      "\($0)".contains("/missing/") && "\($0)".contains("check the path's spelling")
    }
  }

  @Test func formatsAreKnownByEndingAndErrorsNameRemedies() {
    #expect(FigureFormat(path: "/folder/x.PNG") == .png && FigureFormat(path: "x.svgz") == nil)
    #expect(FigureFormat(path: "png") == nil && FigureFormat(path: "x.jpg") == nil)
    #expect(
      "\(FigureError.drawing(reason: "out of memory", file: "a.png"))".contains(
        "a.png: cannot be drawn: out of"))
    #expect("\(FigureError.noFont(found: "none at all"))".contains("apt-get install fonts-dejavu-core"))
  }
}
