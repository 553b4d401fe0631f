import Foundation
import Imaging
import Testing

@testable import DicomCodec

/// What a file says of how it wants to be shown: whatever is wrong with that, the pixels are good.
@Suite struct DisplayTests {
  private typealias Element = DicomMaker.Element

  /// Twelve values from the first window that can be used, or from the percentiles.
  private static func grey(_ more: [Element], _ values: [Int] = Array(0..<12)) throws -> [Float] {
    var radiograph = DicomMaker()
    (radiograph.values, radiograph.more) = (values, more)
    return try radiograph.grey()
  }

  /// Grey by LINEAR, of twelve values that were rescaled.
  private static func window(
    _ centre: Double, _ width: Double, slope: Double = 1, intercept: Double = 0
  ) -> [Double] {
    (0..<12).map { (stored: Int) -> Double in
      let value = slope * Double(stored) + intercept
      return clipped((value - centre + 0.5) / (width - 1) + 0.5)
    }
  }

  private static func clipped(_ value: Double) -> Double { min(max(value, 0), 1) }

  /// From 0.055 to 10.945, the half and the 99.5th percent of twelve values.
  private static let percentiles: [Double] = (0..<12).map { clipped((Double($0) - 0.055) / 10.89) }

  @Test func decimalCommasArePoints() throws {
    let made = try Self.grey(RenderingTests.windowed("5,5", "4,0"))
    #expect(RenderingTests.isClose(made, Self.window(5.5, 4)))
    let rescaled = try Self.grey(
      RenderingTests.windowed("6,5\\99", "5\\1")
        + [.text(0x0028_1052, "DS", "-0,5"), .text(0x0028_1053, "DS", "1,5")])
    let wanted = Self.window(6.5, 5, slope: 1.5, intercept: -0.5)
    #expect(RenderingTests.isClose(rescaled, wanted))
  }

  @Test(arguments: [
    ("NaN", "NaN"), ("nan", "5"), ("6", "inf"), ("-Infinity", "5"), ("", "5"), ("6", ""), ("six", "5"),
    ("6", "0"),
    ("6", "-5"), ("1e400", "5"), ("1,024.5", "5"), ("6", "0.5"), ("3000", "10"), ("-3000", "10"), ("0", "1"),
  ])
  func unusableWindowsGiveWayToThePercentiles(centre: String, width: String) throws {
    // A window that leaves nothing of the radiograph is none, like one that is no number.
    #expect(RenderingTests.isClose(try Self.grey(RenderingTests.windowed(centre, width)), Self.percentiles))
  }

  @Test func aLaterWindowStandsInForAnUnusableOne() throws {
    let wanted = Self.window(6, 5)
    for (centre, width) in [
      ("NaN\\6", "4096\\5"), ("\\6", "\\5"), ("3000\\6", "10\\5"), ("2\\6\\7", "0\\5\\3"),
    ] {
      let made = try Self.grey(RenderingTests.windowed(centre, width))
      #expect(RenderingTests.isClose(made, wanted), "\(centre), \(width)")
    }
  }

  @Test func narrowWindowsAreLegalWhereTheFunctionAllowsThem() throws {
    // Optical densities, say: twelve values from 0 to 2.75.
    let scaled: [Element] = [.text(0x0028_1053, "DS", "0.25"), .text(0x0028_1052, "DS", "0")]
    let exact = try Self.grey(RenderingTests.windowed("1.5", "0.8", "LINEAR_EXACT") + scaled)
    let values: [Double] = (0..<12).map { Double($0) * 0.25 }
    let ramp: [Double] = values.map { Self.clipped(($0 - 1.5) / 0.8 + 0.5) }
    #expect(RenderingTests.isClose(exact, ramp))
    let sigmoid = try Self.grey(RenderingTests.windowed("1.5", "0.5", "SIGMOID") + scaled)
    let curve: [Double] = values.map { 1 / (1 + exp(-8 * ($0 - 1.5))) }
    #expect(RenderingTests.isClose(sigmoid, curve))
    let linear = try Self.grey(RenderingTests.windowed("1.5", "0.5") + scaled)
    #expect(RenderingTests.isClose(linear, Self.percentiles))
    let single = try Self.grey(RenderingTests.windowed("1.5", "1", "LINEAR") + scaled)
    let step: [Float] = values.map { $0 > 1 ? 1 : 0 }
    #expect(single == step)
    // Neither function has a window of no width.
    for function in ["LINEAR_EXACT", "SIGMOID", "SQUARE"] {
      let made = try Self.grey(RenderingTests.windowed("6", function == "SQUARE" ? "5" : "0", function))
      #expect(RenderingTests.isClose(made, Self.percentiles), "\(function)")
    }
  }

  @Test(arguments: ["NaN", "", "inf", "0", "one"])
  func anUnusableSlopeIsNone(slope: String) throws {
    let more = RenderingTests.windowed("6", "5") + [.text(0x0028_1053, "DS", slope)]
    #expect(RenderingTests.isClose(try Self.grey(more), Self.window(6, 5)))
  }

  @Test func anUnusableInterceptIsNone() throws {
    let more =
      RenderingTests.windowed("12", "9")
      + [.text(0x0028_1053, "DS", "2"), .text(0x0028_1052, "DS", "NaN")]
    let wanted = Self.window(12, 9, slope: 2)
    #expect(RenderingTests.isClose(try Self.grey(more), wanted))
  }

  @Test func itemsWithoutATableGiveWay() throws {
    let table = Element.table(0x0028_3010, first: 0, bits: 4, [0, 0, 0, 5, 10, 15])
    let wanted: [Double] = [0, 0, 0, 5, 10, 15, 15, 15, 15, 15, 15, 15].map { $0 / 15 }
    let explanation = Element.sequence(0x0028_3010, [.text(0x0028_3003, "LO", "NORMAL")])
    let descriptor = Element.sequence(0x0028_3010, [.numbers(0x0028_3002, 6, 0, 4)])
    let short = Element.sequence(
      0x0028_3010, [.numbers(0x0028_3002, 6, 0), .numbers(0x0028_3006, 0, 0, 0, 5, 10, 15)])
    let empty = Element.sequence(0x0028_3010, [])
    let flat = Element.table(0x0028_3010, first: 0, bits: 4, [7, 7, 7, 7])
    // The bits that this descriptor lacks are not needed.
    #expect(RenderingTests.isClose(try Self.grey([short]), wanted))
    for unusable in [
      explanation, descriptor, empty, flat, Element.sequence(0x0028_3010, [], hasLength: false),
      Element(tag: 0x0028_3010, vr: "SQ", value: []),
      Element(tag: 0x0028_3010, vr: "SQ", value: [1, 2, 3, 4]),
    ] {
      let windowed = try Self.grey([unusable] + RenderingTests.windowed("6", "5"))
      #expect(RenderingTests.isClose(windowed, Self.window(6, 5)))
      #expect(RenderingTests.isClose(try Self.grey([unusable]), Self.percentiles))
      // Of two items the one that can be used.
      guard unusable.hasLength, unusable.value.count != 4 else { continue }
      let both = Element(tag: 0x0028_3010, vr: "SQ", value: unusable.value + table.value)
      #expect(RenderingTests.isClose(try Self.grey([both]), wanted))
    }
  }

  @Test(arguments: [
    (16, 4095, 4095), (12, 4095, 4095), (8, 4095, 4095), (16, 4028, 4095), (16, 1000, 1023), (16, 255, 255),
  ])
  func aTablesEntriesDecideItsRange(declared: Int, most: Int, white: Int) throws {
    // The descriptor's bits are those of storage in some makers' files; what the entries need is white.
    let entries = (0..<12).map { most * $0 / 11 }
    let element = Element.table(0x0028_3010, first: 0, bits: declared, entries)
    let wanted: [Double] = entries.map { Double($0) / Double(white) }
    #expect(RenderingTests.isClose(try Self.grey([element]), wanted))
    var radiograph = DicomMaker()
    (radiograph.more, radiograph.photometric) = ([element], "MONOCHROME1")
    #expect(RenderingTests.isClose(try radiograph.grey(), wanted.map { 1 - $0 }))
  }

  @Test func aTablesDataDecideItsLength() throws {
    func table(_ count: Int, _ first: Int, _ bits: Int, _ data: [UInt8]) -> Element {
      .sequence(
        0x0028_3010,
        [.numbers(0x0028_3002, count, first, bits), Element(tag: 0x0028_3006, vr: "OW", value: data)])
    }
    let words = [0, 100, 200, 300].flatMap(DicomMaker.word)
    let wanted: [Double] = (0..<12).map { Double(100 * min($0, 3)) / 511 }
    for count in [4, 0, 4096] {
      #expect(RenderingTests.isClose(try Self.grey([table(count, 0, 16, words)]), wanted), "\(count)")
    }
    // Entries of a byte each, whatever bits are announced.
    let bytes: [UInt8] = [0, 50, 100, 150, 200, 250]
    let packed: [Double] = (0..<12).map { Double(bytes[min($0, 5)]) / 255 }
    for bits in [8, 16] {
      #expect(RenderingTests.isClose(try Self.grey([table(6, 0, bits, bytes)]), packed), "\(bits)")
    }
  }

  @Test func aTablesFirstInputIsReadWithTheSignThatFits() throws {
    var radiograph = DicomMaker()
    radiograph.isSigned = true
    radiograph.values = Array(-6..<6)
    radiograph.more = [.table(0x0028_3010, first: 65536 - 6, bits: 4, Array(4..<16))]
    let wanted: [Double] = (4..<16).map { Double($0) / 15 }
    #expect(RenderingTests.isClose(try radiograph.grey(), wanted))
    radiograph = DicomMaker()
    (radiograph.stored, radiograph.values) = (16, Array(40000..<40012))
    radiograph.more = [.table(0x0028_3010, first: 40000, bits: 4, Array(4..<16), vr: "SS")]
    #expect(RenderingTests.isClose(try radiograph.grey(), wanted))
  }

  @Test func aFlatModalityTableIsNone() throws {
    let more = RenderingTests.windowed("6", "5") + [.table(0x0028_3000, first: 0, bits: 16, [9, 9, 9])]
    #expect(RenderingTests.isClose(try Self.grey(more), Self.window(6, 5)))
  }

  @Test func paddingThatLeavesNothingIsNone() throws {
    let more = RenderingTests.windowed("6", "5") + [.numbers(0x0028_0120, 0), .numbers(0x0028_0121, 4095)]
    #expect(RenderingTests.isClose(try Self.grey(more), Self.window(6, 5)))
  }

  @Test(arguments: [
    ("0,143\\0,14", "0.143\\0.14"), ("NaN\\0.14", nil), ("inf\\inf", nil), ("0\\0", nil), ("", nil),
  ])
  func spacingIsReadOrLeftOut(text: String, wanted: String?) throws {
    var radiograph = DicomMaker()
    radiograph.more = [.text(0x0028_0030, "DS", text)]
    let header = try radiograph.file.withUnsafeBytes { try DicomCodec(pool: DicomMaker.pool).header(of: $0) }
    #expect(header.tags["pixel_spacing"] == wanted)
    #expect(radiograph.reason == nil)
  }
}
