import Imaging
import Testing

@testable import Radiographs

/// Radiographs that EXIF says must be turned.
@Suite struct OrientationTests {
  /// EXIF data with an orientation behind other entries.
  private static func exif(_ code: Int, isLittle: Bool = true, isLong: Bool = false) -> [UInt8] {
    func number(_ value: Int, _ count: Int) -> [UInt8] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      return isLittle ? bytes : bytes.reversed()
    }
    func entry(_ tag: Int, _ type: Int, _ value: [UInt8]) -> [UInt8] {
      number(tag, 2) + number(type, 2) + number(1, 4) + value
    }
    let orientation = isLong ? number(code, 4) : number(code, 2) + [0, 0]
    return Array((isLittle ? "II" : "MM").utf8) + number(42, 2) + number(8, 4) + number(2, 2)
      + entry(0x010F, 3, number(7, 2) + [0, 0]) + entry(0x0112, isLong ? 4 : 3, orientation) + number(0, 4)
  }

  private static func segment(_ content: [UInt8], marker: UInt8 = 0xE1) -> [UInt8] {
    [0xFF, marker, UInt8((content.count + 2) >> 8), UInt8((content.count + 2) & 255)] + content
  }

  private static func jpeg(_ segments: [UInt8], progressive: Bool = false) -> [UInt8] {
    let file = Fixtures.jpeg(
      Fixtures.smooth(width: 64, height: 48), width: 64, height: 48, progressive: progressive)
    return file[..<2] + segments + file[2...]
  }

  private static func turned(_ code: Int, isLittle: Bool = true) -> [UInt8] {
    jpeg(segment(Array("Exif\0\0".utf8) + exif(code, isLittle: isLittle)))
  }

  /// The stored pixel that stands at a place of the turned image, by EXIF's own words: where row 0 and column 0 lie.
  private static func source(_ code: Int, _ row: Int, _ column: Int, _ stored: GrayImage) -> Float {
    let (bottom, right) = (stored.height - 1, stored.width - 1)
    switch code {
    case 2: return stored[row, right - column]
    case 3: return stored[bottom - row, right - column]
    case 4: return stored[bottom - row, column]
    case 5: return stored[column, row]
    case 6: return stored[bottom - column, row]
    case 7: return stored[bottom - column, right - row]
    case 8: return stored[column, right - row]
    default: return stored[row, column]
    }
  }

  @Test(arguments: 1...8, [false, true]) func jpegRadiographsAreTurned(code: Int, isLittle: Bool) throws {
    let plain = try RadiographDecoder().decode(Self.jpeg([]), identifier: "plain")
    let radiograph = try RadiographDecoder().decode(
      Self.turned(code, isLittle: isLittle), identifier: "image")
    try #require((radiograph.width, radiograph.height) == (code >= 5 ? (48, 64) : (64, 48)))
    for row in 0..<radiograph.height {
      for column in 0..<radiograph.width {
        #expect(radiograph[row, column] == Self.source(code, row, column, plain))
      }
    }
    // The radiograph that was smaller from the start is turned in the same way.
    var decoder = RadiographDecoder()
    decoder.smallestSide = 8
    decoder.shorterSide = 24
    let half = try decoder.decode(Self.jpeg([]), identifier: "plain")
    let small = try decoder.decode(Self.turned(code, isLittle: isLittle), identifier: "image")
    #expect(small.width == radiograph.width / 2 && small.height == radiograph.height / 2)
    #expect(small[0, 0] == Self.source(code, 0, 0, half))
  }

  @Test func headersTellTheTurnedSize() throws {
    let file = Self.turned(6)
    let header = try file.withUnsafeBytes { try RadiographDecoder().header(of: $0, identifier: "image") }
    #expect((header.header.width, header.header.height) == (48, 64))
  }

  @Test func otherSegmentsMayStandBefore() throws {
    let thumbnail = Self.segment(Array("JFXX\0".utf8) + [0xFF, 0xD8, 0xFF, 0xD9], marker: 0xE0)
    let other = Self.segment(Array("http://ns.adobe.com/xap/1.0/\0<x/>".utf8))
    let exif = Self.segment(Array("Exif\0\0".utf8) + Self.exif(6, isLong: true))
    let radiograph = try RadiographDecoder().decode(
      Self.jpeg(thumbnail + other + [0xFF] + exif), identifier: "image")
    #expect(radiograph == (try RadiographDecoder().decode(Self.turned(6), identifier: "image")))
  }

  @Test func damagedTagsTurnNothing() throws {
    let plain = try RadiographDecoder().decode(Self.jpeg([]), identifier: "plain")
    let mark = Array("Exif\0\0".utf8)
    var damaged = [Self.exif(0), Self.exif(9), Self.exif(65535), Array("XX".utf8), []]
    // The tag's value ends at byte 32.
    for length in 0..<32 { damaged.append(Array(Self.exif(6).prefix(length))) }
    var far = Self.exif(6)
    far.replaceSubrange(4..<8, with: [0xFF, 0xFF, 0xFF, 0xFF])
    damaged.append(far)
    for data in damaged {
      let radiograph = try RadiographDecoder().decode(
        Self.jpeg(Self.segment(mark + data)), identifier: "image")
      #expect(radiograph == plain, "\(data)")
    }
  }

  @Test(arguments: 1...8) func pngRadiographsAreTurned(code: Int) throws {
    var made = PngMaker(
      width: 45, height: 37, bitDepth: 8, color: .grey,
      samples: { row, column in [(row * 7 + column * 3) % 256] })
    let plain = try RadiographDecoder().decode(made.file(), identifier: "plain")
    made.extraChunks = [
      ("tEXt", Array("Title\0radiograph".utf8)), ("eXIf", Self.exif(code, isLittle: false)),
    ]
    let radiograph = try RadiographDecoder().decode(made.file(), identifier: "image")
    try #require((radiograph.width, radiograph.height) == (code >= 5 ? (37, 45) : (45, 37)))
    for row in 0..<radiograph.height {
      for column in 0..<radiograph.width {
        #expect(radiograph[row, column] == Self.source(code, row, column, plain))
      }
    }
  }
}
