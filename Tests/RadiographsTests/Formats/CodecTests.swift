import CoreTensor
import Imaging
import PluginChecks
import Testing
import WorldModel

@testable import Radiographs

@Suite struct CodecTests {
  private static let levels = Fixtures.smooth(width: 96, height: 80)

  @Test func shippedCodecsKeepTheirPromises() throws {
    let samples: [(any ImageCodec, [UInt8])] = [
      (PngCodec(), try PngWriter.encode(Fixtures.noise(), depth: .sixteen)),
      (JpegCodec(), Fixtures.jpeg(Self.levels, width: 96, height: 80)),
    ]
    for (codec, sample) in samples {
      let definition = CodecDefinition(name: codec.name, summary: "shipped", make: { _ in codec })
      let checks = checkCodec(definition, sample: sample)
      #expect(checks.count == 5 && checks.filter { !$0.isKept } == [])
    }
  }

  @Test(arguments: [
    (Fault.wrongSize, "the header says"), (.outOfRange, "outside [0, 1]"), (.empty, "an empty file"),
    (.otherError, "where a CodecFailure is promised"), (.memory, "second image differs"),
    (.tooSmall, "shorter side of"), (.upperCase, "lower case"),
  ])
  func faultsAreNoticed(fault: Fault, words: String) {
    let definition = CodecDefinition(name: "odd", summary: "odd", make: { _ in FaultyCodec(fault: fault) })
    let sample = [UInt8](repeating: 7, count: 64)
    let problems = checkCodec(definition, sample: sample).compactMap(\.problem)
    #expect(problems.contains { $0.contains(words) }, "\(problems)")
    #expect(checkCodec(definition).count == 3)
  }

  @Test func aPluginsCodecIsFoundByContent() throws {
    let folder = try ScratchFolder()
    try folder.write([UInt8](repeating: 7, count: 64), "a.png")
    try folder.write(try PngWriter.encode(Fixtures.noise()), "b.seven")
    let decoder = RadiographDecoder(codecs: [FaultyCodec(fault: .none)])
    let source = try FolderSource(folder: folder.path, decoder: decoder)
    #expect(source.records.map(\.identifier) == ["a.png", "b.seven"])
    #expect(try source.radiograph(at: 0).pixels.allSatisfy { $0 == 0.5 })
    #expect(try source.radiograph(at: 1).width == 40)
    #expect(try source.header(at: 0)?.tags == ["patient": "7", "view": "LL"])
    #expect(Fixtures.reason([1, 2, 3], decoder: decoder)?.contains("PNG, JPEG or SEVEN expected") == true)
  }

  @Test func whatHeadersTellReachesTheRecord() throws {
    let folder = try ScratchFolder()
    try folder.write([UInt8](repeating: 7, count: 64), "a.seven")
    let decoder = RadiographDecoder(codecs: [FaultyCodec(fault: .none)])
    let record = try FolderSource(folder: folder.path, decoder: decoder).records[0]
    #expect(record.patient == "7" && record.view == .lateral)
    #expect(record.attributes == ["patient": "7", "view": "LL"])
  }

  @Test(arguments: [
    (1024, 473, 4), (1024, 512, 4), (1024, 513, 8), (4000, 473, 1), (1892, 473, 2), (1891, 473, 2),
    (1888, 473, 4), (300, 473, 8), (90, 1, 1),
  ])
  func jpegIsDecodedNoSmallerThanAsked(side: Int, wanted: Int, eighths: Int) {
    #expect(JpegCodec.eighths(of: side, keeping: wanted) == eighths)
    #expect(JpegCodec.eighths(of: side, keeping: nil) == 8)
  }

  @Test(arguments: [(48, 48, 40), (24, 24, 20), (12, 12, 10), (80, 96, 80)], [false, true])
  func reducedJpegIsTheMeanOfItsBlocks(size: (shorter: Int, width: Int, height: Int), progressive: Bool)
    throws
  {
    let file = Fixtures.jpeg(Self.levels, width: 96, height: 80, progressive: progressive)
    var decoder = RadiographDecoder()
    decoder.smallestSide = 8
    decoder.shorterSide = size.shorter == 80 ? 80 : size.height
    let reduced = try decoder.decode(file, identifier: "image")
    try #require(reduced.width == size.width && reduced.height == size.height)
    decoder.shorterSide = nil
    let whole = try decoder.decode(file, identifier: "image")
    let step = 96 / size.width
    for row in 0..<reduced.height {
      for column in 0..<reduced.width {
        var sum: Float = 0
        for y in 0..<step { for x in 0..<step { sum += whole[row * step + y, column * step + x] } }
        #expect(abs(reduced[row, column] - sum / Float(step * step)) < 3 / 255)
      }
    }
  }

  @Test func oddSizesAreRoundedUp() throws {
    let levels = Fixtures.smooth(width: 101, height: 67)
    var decoder = RadiographDecoder()
    decoder.shorterSide = 32
    let radiograph = try decoder.decode(Fixtures.jpeg(levels, width: 101, height: 67), identifier: "image")
    #expect(radiograph.width == 51 && radiograph.height == 34)
  }

  @Test func onlyTheSmallestCropDecidesHowSmall() {
    #expect(ViewSettings().shorterSide(for: 224) == 473)
    #expect(ViewSettings(area: 1...1, aspect: 1...1).shorterSide(for: 224) == 224)
    // However the crop falls, it never has fewer pixels than the input.
    let views = ViewSettings()
    for seed in 0..<300 {
      var random = RandomStream(seed: UInt64(seed), stream: "crops")
      let frame = views.frames(1, imageHeight: 473, imageWidth: 600, &random)[0]
      #expect(frame.height >= 224 && frame.width >= 224)
    }
  }
}

enum Fault: Sendable { case none, wrongSize, outOfRange, empty, otherError, memory, tooSmall, upperCase }

/// Bytes of value seven, as a grey square.
private final class FaultyCodec: ImageCodec, @unchecked Sendable {
  let fault: Fault
  private var calls = 0
  init(fault: Fault) { self.fault = fault }

  let name = "SEVEN"
  let describesRadiographs = true
  var fileExtensions: [String] { [fault == .upperCase ? "SEV" : "seven"] }

  func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.isEmpty ? fault == .empty : bytes[0] == 7
  }

  func header(of bytes: UnsafeRawBufferPointer) throws -> ImageHeader {
    if bytes.contains(where: { $0 != 7 }) {
      struct Odd: Error {}
      if fault == .otherError { throw Odd() }
      throw CodecFailure("not only sevens")
    }
    return ImageHeader(width: 40, height: 40, bitDepth: 8, channels: 1, tags: ["patient": "7", "view": "LL"])
  }

  func decode(_ bytes: UnsafeRawBufferPointer, _ header: ImageHeader, shorterSide: Int?) throws -> GrayImage {
    calls += 1
    let side = fault == .wrongSize ? 30 : shorterSide != nil && fault == .tooSmall ? 4 : 40
    let gray: Float = fault == .outOfRange ? 2 : fault == .memory ? Float(calls) / 100 : 0.5
    return GrayImage(width: side, height: side, fill: gray)
  }
}
