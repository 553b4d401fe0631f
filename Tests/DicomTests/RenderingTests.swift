import Foundation
import Imaging
import Testing

@testable import DicomCodec

/// How stored values become grey, on radiographs made here.
@Suite struct RenderingTests {
  static func isClose(_ one: [Float], _ other: [Double]) -> Bool {
    one.count == other.count && zip(one, other).allSatisfy { abs(Double($0) - $1) < 1e-6 }
  }

  static func windowed(
    _ centre: String, _ width: String, _ function: String? = nil
  ) -> [DicomMaker.Element] {
    [.text(0x0028_1050, "DS", centre), .text(0x0028_1051, "DS", width)]
      + (function.map { [.text(0x0028_1056, "CS", $0)] } ?? [])
  }

  @Test func valuesAreCutToTheBitsStoredAndSigned() throws {
    var radiograph = DicomMaker()
    radiograph.values = [0, 1, 2047, 2048, 4095, 0xF801, 0x1003, 5, 6, 7, 8, 9]
    #expect(try radiograph.storedValues().prefix(7) == [0, 1, 2047, 2048, 4095, 2049, 3])
    radiograph.isSigned = true
    #expect(try radiograph.storedValues().prefix(7) == [0, 1, 2047, -2048, -1, -2047, 3])
  }

  @Test func theFirstWindowIsUsedByEachFunction() throws {
    var radiograph = DicomMaker()
    radiograph.more = Self.windowed("6\\99", "5\\1")
    #expect(
      Self.isClose(try radiograph.grey(), (0..<12).map { min(max((Double($0) - 5.5) / 4 + 0.5, 0), 1) }))
    radiograph.more = Self.windowed("6", "5", "LINEAR_EXACT")
    #expect(Self.isClose(try radiograph.grey(), (0..<12).map { min(max((Double($0) - 6) / 5 + 0.5, 0), 1) }))
    radiograph.more = Self.windowed("6", "5", "SIGMOID")
    #expect(Self.isClose(try radiograph.grey(), (0..<12).map { 1 / (1 + exp(-4 * (Double($0) - 6) / 5)) }))
    radiograph.more = Self.windowed("6", "1")
    #expect(try radiograph.grey() == (0..<12).map { $0 > 5 ? 1 : 0 })
  }

  @Test func rescalingComesBeforeTheWindow() throws {
    var radiograph = DicomMaker()
    radiograph.more =
      Self.windowed("-14", "9") + [.text(0x0028_1052, "DS", "-20"), .text(0x0028_1053, "DS", "1.5")]
    let wanted: [Double] = (0..<12).map { stored in
      let value = 1.5 * Double(stored) - 20
      return min(max((value + 14.5) / 8 + 0.5, 0), 1)
    }
    #expect(Self.isClose(try radiograph.grey(), wanted))
  }

  @Test func tablesReplaceRescalingAndWindow() throws {
    var radiograph = DicomMaker()
    radiograph.more =
      Self.windowed("6", "5") + [
        .table(0x0028_3000, first: 2, bits: 16, [100, 200, 300]),
        .table(0x0028_3010, first: 100, bits: 8, (0...255).map { $0 }, hasLength: false),
      ]
    let wanted = [100, 100, 100, 200, 300, 300, 300, 300, 300, 300, 300, 300].map { Double($0 - 100) / 255 }
    #expect(Self.isClose(try radiograph.grey(), wanted))
    radiograph.isSigned = true
    radiograph.values = [-6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5]
    radiograph.more = [.table(0x0028_3010, first: -5, bits: 12, [0, 4095, 2000], vr: "SS")]
    #expect(Self.isClose(try radiograph.grey(), [0, 0, 1] + [Double](repeating: 2000 / 4095, count: 9)))
  }

  @Test func percentilesAreUsedWithoutAWindow() throws {
    var radiograph = DicomMaker()
    radiograph.values = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 1000]
    // Between ranks: the 5th percentile of 12 values lies 0.55 from the first to the second.
    let (black, white) = (5.5, 505.0)
    let wanted = radiograph.values.map { min(max((Double($0) - black) / (white - black), 0), 1) }
    let rendering = DicomRendering(lowPercentile: 5, highPercentile: 95)
    #expect(Self.isClose(try radiograph.grey(rendering), wanted))
    radiograph.more = Self.windowed("6", "0.5")
    #expect(Self.isClose(try radiograph.grey(rendering), wanted))
    radiograph.more = Self.windowed("500", "1000")
    #expect(!Self.isClose(try radiograph.grey(rendering), wanted))
    let ignoring = DicomRendering(lowPercentile: 5, highPercentile: 95, ignoresWindow: true)
    #expect(Self.isClose(try radiograph.grey(ignoring), wanted))
  }

  @Test func paddingIsBlackAndCountsForNothing() throws {
    var radiograph = DicomMaker()
    radiograph.isSigned = true
    radiograph.values = [-2000, -1999, -1990, 0, 1, 2, 3, 4, 5, 6, 7, 8]
    radiograph.more = [.numbers(0x0028_0120, -2000, vr: "SS"), .numbers(0x0028_0121, -1990, vr: "SS")]
    let rendering = DicomRendering(lowPercentile: 0, highPercentile: 100)
    let grey = (0..<9).map { Double($0) / 8 }
    #expect(Self.isClose(try radiograph.grey(rendering), [0, 0, 0] + grey))
    radiograph.photometric = "MONOCHROME1"
    #expect(Self.isClose(try radiograph.grey(rendering), [0, 0, 0] + grey.map { 1 - $0 }))
    radiograph.values = [-1990] + [Int](repeating: 4, count: 11)
    #expect(radiograph.reason == "blank: every pixel has the value 4")
    radiograph.values = [Int](repeating: -1995, count: 12)
    #expect(radiograph.reason == "blank: every pixel is padding")
  }

  @Test func inversionHappensOnce() throws {
    var radiograph = DicomMaker()
    let plain = try radiograph.grey()
    radiograph.photometric = "MONOCHROME1"
    let inverted = try radiograph.grey()
    #expect(zip(plain, inverted).allSatisfy { abs($0 + $1 - 1) < 1e-6 })
    radiograph.more = [.text(0x2050_0020, "CS", "INVERSE")]
    #expect(try radiograph.grey() == inverted)
  }

  @Test func blankRadiographsAreRefused() {
    var radiograph = DicomMaker()
    radiograph.values = [Int](repeating: 77, count: 12)
    #expect(radiograph.reason == "blank: every pixel has the value 77")
  }

  @Test func colourBecomesItsLuma() throws {
    var radiograph = DicomMaker()
    (radiograph.width, radiograph.height, radiograph.allocated, radiograph.stored, radiograph.samples) = (
      2, 1, 8, 8, 3
    )
    radiograph.photometric = "RGB"
    radiograph.values = [255, 0, 0, 0, 255, 255]
    #expect(Self.isClose(try radiograph.grey(), [76.0 / 255, 179.0 / 255]))
    radiograph.more = [.numbers(0x0028_0006, 1)]
    #expect(Self.isClose(try radiograph.grey(), [105.0 / 255, 29.0 / 255]))
    radiograph.photometric = "YBR_FULL"
    #expect(Self.isClose(try radiograph.grey(), [1, 0]))
  }

  @Test func tagsSayWhatTheHeaderSays() throws {
    var radiograph = DicomMaker()
    radiograph.more = [
      .text(0x0020_0060, "CS", "R"), .text(0x0020_0062, "CS", "L"), .text(0x0008_0070, "LO", "  Maker  "),
      .text(0x0018_1164, "DS", "0.143\\0.14"),
      DicomMaker.Element(tag: 0x0010_0020, vr: "LO", value: Array("J\u{FC}rg ".utf8) + [0xFC, 0x41]),
    ]
    let header = try radiograph.file.withUnsafeBytes { try DicomCodec(pool: DicomMaker.pool).header(of: $0) }
    #expect((header.width, header.height, header.bitDepth, header.channels) == (4, 3, 12, 1))
    #expect(header.tags[ImageHeader.Tag.patient] == "Jürg ?A")
    #expect(header.tags[ImageHeader.Tag.laterality] == "L")
    #expect(header.tags[ImageHeader.Tag.manufacturer] == "Maker")
    #expect(header.tags[ImageHeader.Tag.view] == "PA")
    #expect(header.tags["pixel_spacing"] == "0.143\\0.14")
    #expect(header.tags["body_part"] == nil)
  }
}
