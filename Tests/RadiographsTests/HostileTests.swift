import CoreTensor
import Foundation
import Imaging
import Testing
import WorldModel

@testable import Radiographs

/// Radiographs that must be skipped with a reason, and files that were made to do harm.
@Suite struct HostileTests {
  private static func grey(_ width: Int, _ height: Int, depth: Int = 8) -> PngMaker {
    PngMaker(
      width: width, height: height, bitDepth: depth, color: .grey,
      samples: { row, column in [(row * 31 + column * 17) % (1 << depth)] })
  }

  @Test func everyReasonIsPlain() throws {
    let folder = try ScratchFolder()
    let decoder = RadiographDecoder()
    func reason(_ path: String) -> String? { Fixtures.reason { _ = try decoder.decode(path: path) } }
    #expect(reason(try folder.write([UInt8](), "empty.png")) == "the file is empty")
    #expect(reason(folder.path) == "is a directory, not a file")
    #expect(reason(folder.path + "/missing.png") == "the file does not exist")
    #expect(
      reason(try folder.write("hello, world", "text.png"))
        == "not an image: PNG or JPEG expected, the file begins with bytes 68 65 6c 6c")
    let dicom = [UInt8](repeating: 0, count: 128) + Array("DICM".utf8)
    #expect(reason(try folder.write(dicom, "radiograph.jpg"))?.hasSuffix("found DICOM") == true)
    #expect(
      reason(try folder.write(Self.grey(31, 400).file(), "tiny.png"))
        == "tiny: 31 × 400 pixels, at least 32 on each side are needed")
    #expect(reason(try folder.write(Self.grey(32, 32).file(), "small.png")) == nil)
    let pipe = folder.path + "/pipe.png"
    try #require(mkfifo(pipe, 0o600) == 0)
    #expect(reason(pipe) == "is not a regular file")
    var strict = decoder
    strict.mostBytes = 100
    let path = folder.path + "/small.png"
    let long = Fixtures.reason { _ = try strict.decode(path: path) }
    #expect(long?.contains("over the limit of 100 bytes") == true)
  }

  @Test(.enabled(if: geteuid() != 0, "root may read every file")) func forbiddenFilesSaySo() throws {
    let folder = try ScratchFolder()
    let path = try folder.write(Self.grey(40, 40).file(), "radiograph.png")
    chmod(path, 0)
    let reason = Fixtures.reason { _ = try RadiographDecoder().decode(path: path) }
    #expect(reason == "cannot be read: Permission denied")
  }

  @Test func formatIsFoundByContentAlone() throws {
    let folder = try ScratchFolder()
    let jpeg = Fixtures.jpeg(Fixtures.smooth(width: 40, height: 40), width: 40, height: 40)
    let path = try folder.write(jpeg, "really-a-jpeg.png")
    #expect(try RadiographDecoder().decode(path: path).width == 40)
  }

  @Test func hugeHeadersAreRefusedBeforeMemoryIsTaken() {
    // 400 MB of pixels are announced by files of some hundred bytes.
    for (width, height) in [
      (10_001, 10_000), (1_000_000, 1_000_000), (0x7FFF_FFFF, 0x7FFF_FFFF), (60_000, 40),
    ] {
      var made = Self.grey(40, 40)
      let data = made.file().dropFirst(33)
      (made.width, made.height) = (width, height)
      let file = PngMaker.signature + PngMaker.chunk("IHDR", made.header()) + data
      let reason = Fixtures.reason(file)
      let wanted = width * height > 100_000_000 ? "too large" : "truncated"
      #expect(reason?.hasPrefix(wanted) == true, "\(width) × \(height): \(reason ?? "decoded")")
    }
    let zero = PngMaker.signature + PngMaker.chunk("IHDR", Self.grey(0, 40).header())
    #expect(Fixtures.reason(zero)?.hasPrefix("damaged") == true)
    var jpeg = Fixtures.jpeg(Fixtures.smooth(width: 40, height: 40), width: 40, height: 40)
    let frame = jpeg.indices.dropLast().first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 }!
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0x00, 0xFF, 0x00])
    #expect(Fixtures.reason(jpeg)?.hasPrefix("too large: 65280 × 65280 pixels") == true)
  }

  @Test func everyPngTruncationIsNoticed() throws {
    for interlaced in [false, true] {
      var made = Self.grey(40, 33)
      made.interlaced = interlaced
      let file = made.file()
      for length in 0..<file.count {
        let reason = Fixtures.reason(Array(file[..<length]))
        #expect(reason != nil, "\(length) of \(file.count) bytes")
        if length >= 33 { #expect(reason?.hasPrefix("truncated") == true, "\(length): \(reason ?? "")") }
      }
    }
    let compressed = try PngWriter.encode(Fixtures.noise(), depth: .sixteen)
    for length in stride(from: 8, to: compressed.count, by: 7) {
      #expect(Fixtures.reason(Array(compressed[..<length])) != nil)
    }
  }

  /// Seeds for the mutations: every decoder path once.
  private static func seeds() throws -> [[UInt8]] {
    let smooth = Fixtures.smooth(width: 48, height: 40)
    let colour = (0..<48 * 40 * 3).map { UInt8(truncatingIfNeeded: $0 / 13) }
    var palette = grey(40, 33, depth: 4)
    palette.color = .palette
    palette.palette = (0..<48).map { UInt8($0 * 5) }
    palette.transparency = [0, 128]
    var interlaced = grey(35, 35, depth: 16)
    interlaced.interlaced = true
    return [
      grey(40, 33, depth: 1).file(), palette.file(), interlaced.file(),
      try PngWriter.encode(Fixtures.noise()),
      Fixtures.jpeg(smooth, width: 48, height: 40),
      Fixtures.jpeg(smooth, width: 48, height: 40, progressive: true),
      Fixtures.jpeg(colour, width: 48, height: 40, channels: 3),
      Fixtures.jpeg(colour + smooth, width: 48, height: 40, channels: 4),
    ]
  }

  @Test func thousandsOfMutationsNeverCrash() throws {
    var random = RandomStream(seed: 11, stream: "mutations")
    var decoder = RadiographDecoder()
    decoder.mostPixels = 4_000_000
    var (decoded, refused) = (0, 0)
    for seed in try Self.seeds() {
      for _ in 0..<600 {
        var bytes = seed
        for _ in 0..<random.integer(in: 1...6) { mutate(&bytes, &random) }
        do {
          let image = try decoder.decode(bytes, identifier: "mutant")
          #expect(image.pixels.allSatisfy { (0...1).contains($0) })
          decoded += 1
        } catch let radiograph as UnusableRadiograph {
          #expect(!radiograph.reason.isEmpty)
          refused += 1
        }
      }
    }
    #expect(decoded + refused == 4800)
    #expect(refused > 2000 && decoded > 100)
  }

  private func mutate(_ bytes: inout [UInt8], _ random: inout RandomStream) {
    guard bytes.count > 16 else { return }
    let place = random.integer(in: 2...bytes.count - 1)
    switch random.integer(in: 0...5) {
    case 0: bytes[place] = UInt8(random.integer(in: 0...255))
    case 1: bytes[place] ^= 1 << UInt8(random.integer(in: 0...7))
    case 2: bytes.removeSubrange(place..<min(bytes.count, place + random.integer(in: 1...20)))
    case 3: bytes.insert(contentsOf: bytes[2...place].suffix(20), at: place)
    case 4: bytes[place] = 0xFF
    default: repairChecksums(&bytes)
    }
  }

  /// Makes a mutated PNG's checksums right again, so that damage reaches the code behind them.
  private func repairChecksums(_ bytes: inout [UInt8]) {
    guard bytes.starts(with: PngMaker.signature) else { return }
    var place = 8
    while place + 12 <= bytes.count {
      let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      guard place + 12 + length <= bytes.count else { return }
      let checksum = PngMaker.checksum(Array(bytes[place + 4..<place + 8 + length]))
      bytes.replaceSubrange(
        place + 8 + length..<place + 12 + length, with: PngMaker.bigEndian(Int(checksum)))
      place += 12 + length
    }
  }
}
