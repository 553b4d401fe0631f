import Foundation
import Imaging
import Testing

@testable import DicomCodec

/// How samples become stored values, by the same rules in native and in compressed radiographs.
@Suite struct SampleTests {
  private static func values(_ radiograph: DicomMaker) throws -> [Int] {
    try radiograph.storedValues().map(Int.init)
  }

  /// The corpus' radiograph as it is stored natively, from 0 to 4078.
  private static func original() throws -> [Int] {
    let file = try DicomMaker.corpus("window")
    return try file.withUnsafeBytes { try DicomMaker.pool.storedValues($0, width: 24, height: 20) }.map(
      Int.init)
  }

  /// A number of twelve bits as a signed one.
  private static func signed(_ value: Int) -> Int { value >= 2048 ? value - 4096 : value }

  /// A JPEG-LS stream of 12 bits, 8 × 6 values made by CharLS of 500 for each column and 97 for each row, the last
  /// 4095.
  private static let narrow = Data(
    base64Encoded:
      "/9j/9wALDAAGAAgBAREA/9oACAEBAAAAAIAAZwABnfK+N8L33uiEITAXy8XS4EIQlstFksFcrGAwFUqFMpFEoF8vk8nE0m"
      + "EslF4vEkkEcjEUiBLA/9k=")

  @Test func theStreamsPrecisionGoesBeforeBitsStored() throws {
    var original = (0..<48).map { 500 * ($0 % 8) + 97 * ($0 / 8) }
    original[47] = 4095
    for stored in [12, 13, 14, 16] {
      var radiograph = DicomMaker.compressed([UInt8](try #require(Self.narrow)), "80", stored: stored)
      (radiograph.width, radiograph.height) = (8, 6)
      #expect(try Self.values(radiograph) == original, "\(stored)")
      radiograph.isSigned = true
      #expect(try Self.values(radiograph) == original.map(Self.signed), "\(stored)")
      // High Bit where the stream has no bit.
      radiograph.more.append(.numbers(0x0028_0102, 15))
      #expect(try Self.values(radiograph) == original.map(Self.signed), "\(stored)")
    }
  }

  @Test func waveletsTellTheirOwnSign() throws {
    let original = try Self.original()
    var stream = try DicomMaker.stream("jpeg-2000")
    // The sign and the bits of a sample; the corpus' stream says 16, and its data are the same at 12.
    let depth = 42
    #expect(stream[depth] == 0x80 | 15)
    stream[depth] = 0x80 | 11
    for stored in [12, 14, 16] {
      var radiograph = DicomMaker.compressed(stream, "90", stored: stored)
      radiograph.isSigned = true
      #expect(try Self.values(radiograph) == original.map { $0 - 2048 }, "\(stored)")
      // Signed samples in a radiograph that is not: the bits are taken as they are.
      radiograph.isSigned = false
      #expect(try Self.values(radiograph) == original.map { ($0 + 2048) % 4096 }, "\(stored)")
    }
    // The same stream said to be unsigned has all values 2048 higher.
    stream[depth] = 11
    for stored in [12, 14, 16] {
      var radiograph = DicomMaker.compressed(stream, "90", stored: stored)
      #expect(try Self.values(radiograph) == original, "\(stored)")
      radiograph.isSigned = true
      #expect(try Self.values(radiograph) == original.map(Self.signed), "\(stored)")
    }
  }

  @Test func aStreamOfMoreBitsThanTheHeaderHasIsReadWhole() throws {
    var radiograph = DicomMaker.compressed(try DicomMaker.stream("jpeg-ls"), "80", stored: 8)
    radiograph.allocated = 8
    #expect(try Self.values(radiograph) == Self.original())
  }

  @Test func overshootIsClampedWhereALossAllowsIt() throws {
    var radiograph = DicomMaker()
    radiograph.stored = 10
    radiograph.values = [0, 1, 1022, 1023, 1024, 1030, 1100, 512, 600, 700, 800, 900]
    let cut: [Int] = radiograph.values.map { $0 % 1024 }
    let clamped: [Int] = radiograph.values.map { min($0, 1023) }
    #expect(try Self.values(radiograph) == cut)
    radiograph.more = [.text(0x0028_2110, "CS", "01")]
    #expect(try Self.values(radiograph) == clamped)
    radiograph.isSigned = true
    radiograph.values = [-600, -513, -512, -511, 0, 1, 510, 511, 512, 600, 100, 200]
    let signedClamped: [Int] = radiograph.values.map { min(max($0, -512), 511) }
    #expect(try Self.values(radiograph) == signedClamped)
    radiograph.more = []
    let signedCut: [Int] = radiograph.values.map { ($0 + 1536) % 1024 - 512 }
    #expect(try Self.values(radiograph) == signedCut)
  }

  @Test func compressedOvershootIsClampedToo() throws {
    let near = try DicomMaker.stream("jpeg-ls-near")
    let decoded = try Self.values(DicomMaker.compressed(near, "81"))
    #expect(try Self.values(DicomMaker.compressed(near, "81", stored: 11)) == decoded.map { min($0, 2047) })
    let wavelets = try DicomMaker.stream("jpeg-2000-lossy")
    let lossy = try Self.values(DicomMaker.compressed(wavelets, "91"))
    #expect(try Self.values(DicomMaker.compressed(wavelets, "91", stored: 11)) == lossy.map { min($0, 2047) })
    // Without loss nothing overshoots: what is above belongs to something else.
    let exact = try DicomMaker.stream("jpeg-ls")
    #expect(
      try Self.values(DicomMaker.compressed(exact, "80", stored: 11)) == Self.original().map { $0 % 2048 })
    var again = DicomMaker.compressed(exact, "80", stored: 11)
    again.more.append(.text(0x0028_2110, "CS", "01"))
    #expect(try Self.values(again) == Self.original().map { min($0, 2047) })
  }

  @Test func highBitIsObeyedWhereTheSamplesLieSo() throws {
    var radiograph = DicomMaker()
    radiograph.more = [.numbers(0x0028_0102, 15)]
    let values = [0, 1, 2, 100, 2047, 2048, 4095, 5, 6, 7, 8, 9]
    radiograph.values = values.map { $0 << 4 }
    #expect(try Self.values(radiograph) == values)
    radiograph.isSigned = true
    #expect(try Self.values(radiograph) == values.map(Self.signed))
    // Aligned at the low end, whatever High Bit says; signed ones with their sign in all bits above.
    radiograph.values = values.map(Self.signed)
    #expect(try Self.values(radiograph) == radiograph.values)
    (radiograph.isSigned, radiograph.values) = (false, values)
    #expect(try Self.values(radiograph) == values)
    for wrong in [0, 5, 40] {
      radiograph.more = [.numbers(0x0028_0102, wrong)]
      #expect(try Self.values(radiograph) == values, "\(wrong)")
    }
    // Compressed ones likewise: of 12 coded bits the highest 10.
    var stream = DicomMaker.compressed(try DicomMaker.stream("jpeg-ls"), "80", stored: 10)
    stream.more.append(.numbers(0x0028_0102, 11))
    #expect(try Self.values(stream) == Self.original().map { $0 >> 2 })
  }

  @Test func framesAreCountedInTheData() throws {
    for count in ["3", "0", "-1", "NaN", "1,0", ""] {
      var radiograph = DicomMaker()
      radiograph.more = [.text(0x0028_0008, "IS", count)]
      #expect(try Self.values(radiograph) == radiograph.values, "\(count)")
    }
    var radiograph = DicomMaker.compressed(try DicomMaker.stream("jpeg-ls"), "80")
    radiograph.more.append(.text(0x0028_0008, "IS", "2"))
    #expect(try Self.values(radiograph) == Self.original())
    let stream = try DicomMaker.stream("jpeg-ls")
    radiograph.more = [.fragments([stream, stream]), .text(0x0028_0008, "IS", "2")]
    #expect(
      radiograph.reason == "a kind of DICOM that is not read (2 frames: only files of one frame are read)")
  }
}
