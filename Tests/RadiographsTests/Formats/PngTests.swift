import Imaging
import Testing

@testable import Radiographs

/// Every kind of PNG, made from the specification, against the grey that it means.
@Suite struct PngTests {
  static let kinds: [(PngMaker.Color, Int)] = [
    (.grey, 1), (.grey, 2), (.grey, 4), (.grey, 8), (.grey, 16), (.rgb, 8), (.rgb, 16), (.palette, 1),
    (.palette, 2), (.palette, 4), (.palette, 8), (.greyAlpha, 8), (.greyAlpha, 16), (.rgba, 8), (.rgba, 16),
  ]

  private func maker(_ color: PngMaker.Color, _ depth: Int, interlaced: Bool) -> PngMaker {
    let channels = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][Int(color.rawValue)]!
    let top = 1 << depth
    var made = PngMaker(
      width: 45, height: 37, bitDepth: depth, color: color, interlaced: interlaced,
      samples: { row, column in
        (0..<channels).map { (row * 7919 + column * 104_729 + $0 * 15_485_863) % top }
      })
    if color == .palette { made.palette = (0..<top * 3).map { UInt8($0 * 37 % 256) } }
    return made
  }

  private func expected(_ maker: PngMaker, _ row: Int, _ column: Int) -> Double {
    let top = Double(1 << maker.bitDepth - 1)
    let samples = maker.samples(row, column).map(Double.init)
    func luma(_ red: Double, _ green: Double, _ blue: Double) -> Double {
      0.299 * red + 0.587 * green + 0.114 * blue
    }
    switch maker.color {
    case .grey: return samples[0] / top
    case .greyAlpha: return samples[0] / top * samples[1] / top
    case .rgb: return luma(samples[0], samples[1], samples[2]) / top
    case .rgba: return luma(samples[0], samples[1], samples[2]) / top * samples[3] / top
    case .palette:
      let color = maker.palette![Int(samples[0]) * 3..<Int(samples[0]) * 3 + 3].map(Double.init)
      return luma(color[0], color[1], color[2]) / 255
    }
  }

  @Test(arguments: kinds.indices, [false, true]) func decodesEveryKind(kind: Int, interlaced: Bool) throws {
    let made = maker(Self.kinds[kind].0, Self.kinds[kind].1, interlaced: interlaced)
    let image = try RadiographDecoder().decode(made.file(), identifier: "image")
    try #require(image.width == 45 && image.height == 37)
    for row in 0..<37 {
      for column in 0..<45 {
        #expect(abs(Double(image[row, column]) - expected(made, row, column)) < 2e-7)
      }
    }
  }

  @Test func sixteenBitsKeepEveryLevel() throws {
    var made = maker(.grey, 16, interlaced: false)
    made.width = 256
    made.height = 256
    made.samples = { [$0 * 256 + $1] }
    let image = try RadiographDecoder().decode(made.file(), identifier: "image")
    for level in 0..<65536 { #expect(image.pixels[level] == Float(level) / 65535) }
  }

  @Test func equalColoursAreExactlyTheGrey() throws {
    for depth in [8, 16] {
      var colour = maker(.rgb, depth, interlaced: false)
      colour.samples = { [Int](repeating: ($0 * 45 + $1) % (1 << depth), count: 3) }
      var grey = maker(.grey, depth, interlaced: false)
      grey.samples = { [($0 * 45 + $1) % (1 << depth)] }
      #expect(
        try RadiographDecoder().decode(colour.file(), identifier: "colour")
          == RadiographDecoder().decode(grey.file(), identifier: "grey"))
    }
  }

  @Test func transparentColoursAreBlack() throws {
    var grey = maker(.grey, 4, interlaced: false)
    grey.transparency = [0, 9]
    grey.samples = { [($0 + $1) % 16] }
    let image = try RadiographDecoder().decode(grey.file(), identifier: "image")
    for row in 0..<37 {
      for column in 0..<45 {
        let level = (row + column) % 16
        #expect(abs(image[row, column] - (level == 9 ? 0 : Float(level) / 15)) < 1e-6)
      }
    }
    var palette = maker(.palette, 2, interlaced: true)
    palette.palette = [255, 255, 255, 200, 200, 200, 100, 100, 100, 0, 0, 0]
    palette.transparency = [0, 51]
    palette.samples = { [($0 + $1) % 4] }
    let mapped = try RadiographDecoder().decode(palette.file(), identifier: "image")
    #expect(mapped[0, 0] == 0)
    #expect(abs(mapped[0, 1] - 200 / 255 * 51 / 255) < 1e-6)
    #expect(abs(mapped[0, 2] - 100 / 255) < 1e-6)
  }

  @Test func gammaChunkChangesNothing() throws {
    var made = maker(.grey, 8, interlaced: false)
    let plain = try RadiographDecoder().decode(made.file(), identifier: "image")
    made.extraChunks = [("gAMA", PngMaker.bigEndian(100_000)), ("tEXt", Array("Title\0radiograph".utf8))]
    #expect(try RadiographDecoder().decode(made.file(), identifier: "image") == plain)
  }

  @Test func writtenFilesComeBack() throws {
    let folder = try ScratchFolder()
    let image = Fixtures.noise()
    for (depth, levels) in [(PngWriter.Depth.eight, Float(255)), (.sixteen, 65535)] {
      let path = folder.path + "/radiograph-\(depth.rawValue).png"
      try PngWriter.write(image, to: path, depth: depth)
      let back = try RadiographDecoder().decode(path: path)
      for (new, old) in zip(back.pixels, image.pixels) {
        #expect(new == (old * levels + 0.5).rounded(.down) / levels)
      }
    }
    let names = try #require(try? folderNames(folder.path))
    #expect(names == ["radiograph-16.png", "radiograph-8.png"])
  }

  @Test func oddValuesAreWrittenAsBlackAndWhite() throws {
    var image = GrayImage(width: 32, height: 32, fill: 0.5)
    image.pixels.replaceSubrange(0..<4, with: [.nan, -.infinity, .infinity, 7])
    let back = try RadiographDecoder().decode(PngWriter.encode(image), identifier: "image")
    #expect(back.pixels[0..<4] == [0, 0, 1, 1])
  }

  @Test func whatCannotBeWrittenSaysWhy() throws {
    let image = Fixtures.noise()
    let missing = Fixtures.failure { try PngWriter.write(image, to: "/no/such/folder/radiograph.png") }
    #expect(
      missing == "cannot create /no/such/folder/radiograph.png: No such file or directory (errno 2); "
        + "check the path's spelling")
    let empty = Fixtures.failure { _ = try PngWriter.encode(GrayImage(width: 0, height: 5)) }
    #expect(empty?.contains("this image is 0 × 5") == true)
    let folder = try ScratchFolder()
    #expect(Fixtures.failure { try PngWriter.write(image, to: folder.path) } != nil)
    #expect(try folderNames(folder.path).isEmpty)
  }
}
