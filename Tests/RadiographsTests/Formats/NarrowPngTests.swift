import Foundation
import Imaging
import TestSupport
import Testing

@testable import Radiographs

/// PNG radiographs of 16 bits that hold fewer.
@Suite struct NarrowPngTests {
  private static func radiograph(
    _ most: Int, color: PngMaker.Color = .grey, significant: [UInt8]? = nil, interlaced: Bool = false
  ) -> PngMaker {
    let channels = [.grey: 1, .greyAlpha: 2, .rgb: 3, .rgba: 4][color]!
    var made = PngMaker(
      width: 40, height: 36, bitDepth: 16, color: color, interlaced: interlaced,
      samples: { row, column in
        let grey = most * (row * 40 + column) / (40 * 36 - 1)
        return Array([grey, grey, grey].prefix(channels >= 3 ? 3 : 1)) + (channels % 2 == 0 ? [65535] : [])
      })
    if let significant { made.extraChunks = [("sBIT", significant)] }
    return made
  }

  private static func most(_ made: PngMaker) throws -> Float {
    try RadiographDecoder().decode(made.file(), identifier: "image").pixels.max()!
  }

  @Test(arguments: [
    (4095, 4095), (4000, 4095), (1500, 4095), (1023, 1023), (600, 1023), (255, 255), (200, 255),
    (16383, 16383),
    (9000, 16383), (16384, 65535), (40000, 65535), (65535, 65535),
  ])
  func theLargestSampleDecidesWhatIsWhite(most: Int, white: Int) throws {
    for color: PngMaker.Color in [.grey, .greyAlpha, .rgb, .rgba] {
      for interlaced in [false, true] {
        let radiograph = try RadiographDecoder().decode(
          Self.radiograph(most, color: color, interlaced: interlaced).file(), identifier: "image")
        for (pixel, value) in radiograph.pixels.enumerated() {
          let level = Double(most * pixel / (40 * 36 - 1)) / Double(white)
          #expect(abs(Double(value) - level) < 3e-7)
        }
      }
    }
  }

  @Test func significantBitsAreBelievedWhereTheyFit() throws {
    #expect(try Self.most(Self.radiograph(4095, significant: [12])) == 1)
    #expect(try abs(Self.most(Self.radiograph(1000, significant: [12])) - 1000 / 4095) < 1e-6)
    #expect(try abs(Self.most(Self.radiograph(8191, significant: [13])) - 1) < 1e-6)
    // Scaled to all of the range, as the format wants it.
    #expect(try Self.most(Self.radiograph(65535, significant: [12])) == 1)
    // Said to use 16 bits: a dark image, by the letter.
    #expect(try abs(Self.most(Self.radiograph(4095, significant: [16])) - 4095 / 65535) < 1e-6)
    #expect(try Self.most(Self.radiograph(4095, color: .rgb, significant: [12, 12, 12])) == 1)
    // Wrong chunks are none.
    for wrong: [UInt8] in [[0], [17], [12, 12], []] {
      #expect(try Self.most(Self.radiograph(4095, significant: wrong)) == 1, "\(wrong)")
    }
  }

  @Test func blackStaysBlackAndDarkImagesComeBack() throws {
    #expect(try Self.most(Self.radiograph(0)) == 0)
    var image = Fixtures.noise()
    for index in image.pixels.indices { image.pixels[index] *= 0.03 }
    let back = try RadiographDecoder().decode(PngWriter.encode(image, depth: .sixteen), identifier: "image")
    #expect(zip(back.pixels, image.pixels).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func sourcesSayWhatIsReadAsWhite() throws {
    let folder = try ScratchFolder()
    for (name, most) in [("a.png", 65535), ("b.png", 65535)] {
      try folder.write(Self.radiograph(most).file(), name)
    }
    #expect(try FolderSource(folder: folder.path).notes.isEmpty)
    try folder.write(Self.radiograph(4000).file(), "0.png")
    try folder.write("path\n0.png\na.png\n", "images.csv")
    let wanted =
      "PNG radiographs of 16 bits use fewer (1 of 3 looked at, such as 0.png) and would be nearly black; such a radiograph is read "
      + "with 4095 as white"
    let notes = try FolderSource(folder: folder.path).notes
    #expect(notes.count == 1 && notes[0].hasPrefix(wanted), "\(notes)")
    let table = try TableSource(table: folder.path + "/images.csv").notes
    #expect(table.count == 1 && table[0].contains("1 of 2 looked at"), "\(table)")
  }

  private static let cases: String? = {
    let root = BuildFolder.shared + "/cases/14-png16-of-12-bits/films"
    return FileManager.default.fileExists(atPath: root) ? root : nil
  }()

  @Test(.enabled(if: cases != nil, "no cases in shared/cases beside the repository"))
  func aReportedRadiographIsLikeTheScaledOne() throws {
    let folder = try #require(Self.cases)
    let scaled = try RadiographDecoder().decode(path: folder + "/scaled-control.png")
    let radiograph = try RadiographDecoder().decode(path: folder + "/unscaled.png")
    #expect(zip(scaled.pixels, radiograph.pixels).allSatisfy { abs($0 - $1) < 1e-4 })
    #expect(try FolderSource(folder: folder).notes.count == 1)
  }
}
