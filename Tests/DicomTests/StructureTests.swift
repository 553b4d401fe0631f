import Foundation
import Imaging
import Testing

@testable import DicomCodec

/// Lengths, ends and encodings that a file announces and its data contradict.
@Suite struct StructureTests {
  private typealias Element = DicomMaker.Element

  private static func isRead(_ radiograph: DicomMaker) throws -> Bool {
    try radiograph.storedValues().map(Int.init) == radiograph.values
  }

  /// A radiograph with a private part at the end of group 0002, as anonymisers leave it.
  private static var radiograph: DicomMaker {
    var radiograph = DicomMaker()
    radiograph.moreMeta = [
      .text(0x0002_0012, "UI", "1.2.3"), .text(0x0002_0016, "AE", "ARCHIVE"),
      .text(0x0002_0100, "UI", "1.2.3.4"),
      Element(tag: 0x0002_0102, vr: "OB", value: Array(0..<20)),
    ]
    return radiograph
  }

  @Test(arguments: [false, true]) func theMetaGroupEndsWhereTheNextBegins(isImplicit: Bool) throws {
    var radiograph = Self.radiograph
    (radiograph.isImplicit, radiograph.syntax) = (
      isImplicit, isImplicit ? "1.2.840.10008.1.2" : "1.2.840.10008.1.2.1"
    )
    let lengths: [(Int) -> Int?] = [
      { $0 }, { _ in 0 }, { _ in 8 }, { $0 - 32 }, { $0 - 1 }, { $0 + 1 }, { $0 + 500 }, { _ in 1 << 30 },
      { _ in 0xFFFF_FFFF }, { _ in nil },
    ]
    for (number, announced) in lengths.enumerated() {
      radiograph.announced = announced
      #expect(try Self.isRead(radiograph), "length \(number)")
    }
  }

  @Test(arguments: [0, 28, 60, 1 << 20]) func deflatedDataBeginBehindTheMetaGroup(announced: Int) throws {
    // Behind the preamble and mark come 12 bytes whose last four are the group's length.
    var file = try DicomMaker.corpus("deflated")
    let wanted = try DicomMaker.grey(file)
    file.replaceSubrange(140..<144, with: DicomMaker.long(announced))
    #expect(try DicomMaker.grey(file) == wanted)
  }

  @Test func groupLengthsWithinTheDataSetAreNotBelieved() throws {
    for length in [0, 1 << 20] {
      var radiograph = DicomMaker()
      radiograph.more = [0x0008_0000, 0x0018_0000, 0x0028_0000, 0x7FE0_0000].map {
        Element(tag: $0, vr: "UL", value: DicomMaker.long(length))
      }
      #expect(try Self.isRead(radiograph))
    }
  }

  @Test func theFirstElementShowsHowTheDataSetIsWritten() throws {
    var radiograph = DicomMaker()
    radiograph.syntax = "1.2.840.10008.1.2"
    #expect(try Self.isRead(radiograph))
    (radiograph.syntax, radiograph.isImplicit) = ("1.2.840.10008.1.2.1", true)
    #expect(try Self.isRead(radiograph))
    radiograph.without = [0x0002_0010]
    #expect(try Self.isRead(radiograph))
    radiograph.isImplicit = false
    #expect(try Self.isRead(radiograph))
    radiograph.more = [.fragments([[1, 2, 3, 4]])]
    #expect(
      radiograph.reason
        == "damaged DICOM data (its pixel data are compressed and no transfer syntax says how)")
  }

  @Test func pixelsThatAreAllThereAreRead() throws {
    // The padding byte that the length counts was never written.
    var radiograph = DicomMaker()
    (radiograph.width, radiograph.allocated, radiograph.stored, radiograph.values) = (5, 8, 8, Array(0..<15))
    var file = radiograph.file
    let start = file.count - 15
    file.replaceSubrange(start - 4..<start, with: DicomMaker.long(16))
    #expect(DicomMaker.reason(file) == nil)
    #expect(
      DicomMaker.reason(file.dropLast())
        == "truncated: the DICOM data end early (the pixel data have 14 bytes, 5 × 3 pixels need 15)")
  }

  @Test(arguments: [
    ("jpeg-ls", "80"), ("jpeg-ls-near", "81"), ("jpeg-2000", "90"), ("jpeg-2000-lossy", "91"),
    ("jpeg-lossless-70", "70"), ("jpeg-baseline", "50"),
  ])
  func whatFollowsTheEndMarkerIsCutOff(name: String, syntax: String) throws {
    let stream = try DicomMaker.stream(name)
    var radiograph = DicomMaker.compressed(stream, syntax, stored: name == "jpeg-baseline" ? 8 : 12)
    let wanted = try radiograph.storedValues()
    #expect(Set(wanted).count > 20)
    for rest: [UInt8] in [[0], [0, 0, 0], [0xFF], [1, 2, 3], [0x12, 0xFF, 0xD9, 0x33], [0xFF, 0xD9, 0]] {
      radiograph.more = [.fragments([stream + rest])]
      #expect(try radiograph.storedValues() == wanted, "\(rest)")
      radiograph.more = [.fragments([Array(stream.prefix(101)), stream.dropFirst(101) + rest])]
      #expect(try radiograph.storedValues() == wanted, "\(rest) in two fragments")
    }
    // Padding before the end marker.
    let end: [UInt8] = [0xFF, 0xD9]
    for padding: [UInt8] in [[0], [0, 0], [0xFF]] {
      radiograph.more = [.fragments([stream.dropLast(2) + padding + end])]
      #expect(try radiograph.storedValues() == wanted, "\(padding)")
    }
    for missing in [10, 30] {
      radiograph.more = [.fragments([Array(stream.dropLast(missing))])]
      #expect(radiograph.reason?.hasPrefix("truncated") == true, "\(missing)")
    }
  }

  @Test func onlyAWaveletStreamTellsThatItIsWholeWithoutAnEnd() throws {
    let stream = try DicomMaker.stream("jpeg-2000")
    let wanted = try DicomMaker.compressed(stream, "90").storedValues()
    #expect(try DicomMaker.compressed(stream.dropLast(2), "90").storedValues() == wanted)
    #expect(try DicomMaker.compressed(stream.dropLast(2) + [0], "90").storedValues() == wanted)
    #expect(DicomMaker.compressed(stream.dropLast(3), "90").reason?.hasPrefix("truncated") == true)
    for (name, syntax) in [("jpeg-ls", "80"), ("jpeg-lossless-70", "70")] {
      let radiograph = DicomMaker.compressed(try DicomMaker.stream(name).dropLast(2), syntax)
      #expect(radiograph.reason?.hasPrefix("truncated") == true, "\(name)")
    }
  }

  @Test func fragmentsNeedNeitherTableNorDelimiter() throws {
    let stream = try DicomMaker.stream("jpeg-ls")
    var radiograph = DicomMaker.compressed(stream, "80")
    let wanted = try radiograph.storedValues()
    for (hasTable, hasDelimiter) in [(false, true), (true, false), (false, false)] {
      radiograph.more = [.fragments([stream], hasTable: hasTable, hasDelimiter: hasDelimiter)]
      #expect(try radiograph.storedValues() == wanted, "\(hasTable), \(hasDelimiter)")
    }
    // The last fragment's length counts a padding byte that was never written.
    var file = radiograph.file
    let place = file.count - stream.count - 4
    file.replaceSubrange(place..<place + 4, with: DicomMaker.long(stream.count + 1))
    #expect(DicomMaker.reason(file) == nil)
    #expect(DicomMaker.reason(file.dropLast())?.hasPrefix("truncated") == true)
  }
}

extension DicomMaker {
  static func reason(_ file: ArraySlice<UInt8>) -> String? { reason(Array(file)) }
  static func compressed(_ stream: ArraySlice<UInt8>, _ syntax: String) -> DicomMaker {
    compressed(Array(stream), syntax)
  }
}

/// The view of a radiograph by its header.
@Suite struct ViewTests {
  private static func view(_ elements: [DicomMaker.Element]) throws -> String? {
    var radiograph = DicomMaker()
    (radiograph.more, radiograph.without) = (elements, [0x0018_5101])
    return try radiograph.file.withUnsafeBytes { try DicomCodec(pool: DicomMaker.pool).header(of: $0) }
      .tags[ImageHeader.Tag.view]
  }

  private static func code(_ value: String, _ scheme: String, _ meaning: String, hasLength: Bool = true)
    -> DicomMaker.Element
  {
    .sequence(
      0x0054_0220,
      [.text(0x0008_0100, "SH", value), .text(0x0008_0102, "SH", scheme), .text(0x0008_0104, "LO", meaning)],
      hasLength: hasLength)
  }

  @Test(arguments: [
    ("R-10214", "SRT", "postero-anterior", "PA"), ("272479007", "SCT", "", "PA"),
    ("R-10206", "SNM3", "", "AP"),
    ("399348003", "SCT", "antero-posterior", "AP"), ("R-10236", "SRT", "left lateral", "LL"),
    ("399173006", "SCT", "", "LL"), ("R-10232", "SRT", "", "RL"), ("399198007", "SCT", "right lateral", "RL"),
    ("R-102CD", "SRT", "lateral", "LATERAL"), ("399067008", "SCT", "", "LATERAL"),
    ("399033003", "SCT", "", "FRONTAL"),
    ("7", "99LOCAL", "Left Lateral", "LL"), ("8", "99LOCAL", "Chest, postero-anterior", "PA"),
    ("399135007", "SCT", "left anterior oblique", "left anterior oblique"),
    ("399352003", "SCT", "lateral-medial", "lateral-medial"), ("9", "99LOCAL", "bilateral", "bilateral"),
    ("9", "99LOCAL", "", nil),
  ])
  func viewCodesStandInForViewPosition(value: String, scheme: String, meaning: String, view: String?) throws {
    for hasLength in [false, true] {
      #expect(try Self.view([Self.code(value, scheme, meaning, hasLength: hasLength)]) == view)
    }
    let empty = DicomMaker.Element.text(0x0018_5101, "CS", "")
    #expect(try Self.view([empty, Self.code(value, scheme, meaning)]) == view)
  }

  @Test func viewPositionGoesFirst() throws {
    var radiograph = DicomMaker()
    radiograph.more = [Self.code("R-10236", "SRT", "left lateral")]
    let header = try radiograph.file.withUnsafeBytes { try DicomCodec(pool: DicomMaker.pool).header(of: $0) }
    #expect(header.tags[ImageHeader.Tag.view] == "PA")
    #expect(try Self.view([.sequence(0x0054_0220, [])]) == nil)
    #expect(try Self.view([DicomMaker.Element(tag: 0x0054_0220, vr: "SQ", value: [])]) == nil)
  }
}
