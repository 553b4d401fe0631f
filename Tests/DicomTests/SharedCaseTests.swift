import Foundation
import Imaging
import TestSupport
import Testing

@testable import DicomCodec

/// Inputs that public reports describe, where they lie beside the repository.
enum SharedCases {
  static let folder: String? = {
    let root = BuildFolder.shared + "/cases"
    return FileManager.default.fileExists(atPath: root + "/12-views") ? root : nil
  }()

  static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: try #require(folder) + "/" + path)))
  }

  static func largestDifference(_ one: [Float], _ other: [Float]) -> Float {
    one.count == other.count ? zip(one, other).map { abs($0 - $1) }.max() ?? 0 : .infinity
  }
}

@Suite(.enabled(if: SharedCases.folder != nil, "no cases in shared/cases beside the repository"))
struct SharedCaseTests {
  private static func grey(_ path: String) throws -> [Float] { try DicomMaker.grey(SharedCases.bytes(path)) }

  @Test func tablesNarrowerThanDeclared() throws {
    let folder = "01-voi-lut-narrower-than-declared/films/"
    let wanted = try Self.grey(folder + "film-declared12.dcm")
    #expect(wanted.min()! < 0.03 && wanted.max()! > 0.97)
    for name in ["film-declared16.dcm", "film-declared16-mono1.dcm"] {
      // The third radiograph is the first one's negative, stored inverted.
      #expect(try SharedCases.largestDifference(Self.grey(folder + name), wanted) < 1e-3, "\(name)")
    }
  }

  @Test func streamsOfFewerBitsThanStored() throws {
    let folder = "02-stream-precision-below-bits-stored-signed/films/"
    let wanted = try Self.grey(folder + "j2k-s12-in-s16-control.dcm")
    for name in [
      "j2k-u12-in-s16.dcm", "j2k-u13-in-s13-control.dcm", "jls-12-in-s16.dcm", "jpeg-lossless-12-in-s16.dcm",
    ] {
      let bytes = try SharedCases.bytes(folder + name)
      let values = try bytes.withUnsafeBytes { try DicomMaker.pool.storedValues($0, width: 320, height: 320) }
      #expect(values.min() == -2048 && values.max() == 2047, "\(name)")
      #expect(try DicomMaker.grey(bytes) == wanted, "\(name)")
    }
  }

  @Test func numbersThatNoDecoderNeeds() throws {
    let folder = "07-number-no-decoder-needs-drops-film/films/"
    let control = try Self.grey(folder + "control.dcm")
    #expect(try Self.grey(folder + "comma.dcm") == control)
    // Its window's centre is half a value off.
    #expect(try SharedCases.largestDifference(Self.grey(folder + "voi-empty-item.dcm"), control) < 2e-4)
    let nan = try Self.grey(folder + "nan.dcm")
    #expect(nan.min() == 0 && nan.max() == 1)
    #expect(SharedCases.largestDifference(nan, control) < 0.2)
  }

  @Test func metaGroupsLongerThanAnnounced() throws {
    let folder = "08-meta-group-length-too-short/films/"
    let control = try Self.grey(folder + "control.dcm")
    for name in ["zero.dcm", "without-private-part.dcm", "without-private-part-implicit.dcm"] {
      #expect(try Self.grey(folder + name) == control, "\(name)")
    }
  }

  @Test func viewsByCodeAlone() throws {
    let codec = DicomCodec(pool: DicomMaker.pool)
    for (name, view) in [("lateral-by-code", "LL"), ("pa-by-code", "PA"), ("lateral-by-view", "LL")] {
      let bytes = try SharedCases.bytes("12-views/films/\(name).dcm")
      let header = try bytes.withUnsafeBytes { try codec.header(of: $0) }
      #expect(header.tags[ImageHeader.Tag.view] == view, "\(name)")
    }
  }
}
