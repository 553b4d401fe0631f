import CoreTensor
import Foundation
import Imaging
import PluginChecks
import Testing
import WorldModel

@testable import DicomCodec

/// Radiographs that must be refused with a reason, and files that were made to do harm.
@Suite struct RefusalTests {
  private static func refused(_ change: (inout DicomMaker) -> Void) -> String {
    var radiograph = DicomMaker()
    change(&radiograph)
    return radiograph.reason ?? "decoded"
  }

  @Test func whatIsNotReadIsRefusedInWords() {
    let unread = "a kind of DICOM that is not read ("
    #expect(
      Self.refused {
        $0.more = [.text(0x0028_0008, "IS", "3")]
        $0.values = Array(0..<36)
      }
        == unread + "3 frames: only files of one frame are read)")
    #expect(
      Self.refused { $0.syntax = "1.2.840.10008.1.2.4.100" }
        == "damaged DICOM data (compressed pixel data do not lie in fragments)")
    #expect(Self.refused { $0.photometric = "PALETTE COLOR" }.hasPrefix(unread + "photometric"))
    #expect(
      Self.refused {
        $0.allocated = 8
        $0.more = [.numbers(0x0028_0100, 32)]
      }.hasPrefix(unread + "32 bits"))
    #expect(Self.refused { $0.stored = 17 }.hasPrefix("damaged DICOM data (17 bits stored"))
    #expect(
      Self.refused { $0.without = [0x7FE0_0010] }
        == "truncated: the DICOM data end early (there are no pixel data)")
    #expect(
      Self.refused { $0.without = [0x0028_0010] }
        == "damaged DICOM data (Rows is missing: it holds no image)")
    #expect(
      Self.refused { $0.more = [.numbers(0x0028_0010, 0)] }.hasSuffix("pixels, at most 100000000 are read)"))
  }

  @Test func unknownTransferSyntaxesAreNamed() {
    let empty: [UInt8] = DicomMaker.tag(0xFFFE_E000) + DicomMaker.long(0)
    let end = DicomMaker.tag(0xFFFE_E0DD) + DicomMaker.long(0)
    let reason = Self.refused {
      $0.syntax = "1.2.840.10008.1.2.4.100"
      $0.more = [DicomMaker.Element(tag: 0x7FE0_0010, vr: "OB", value: empty + end, hasLength: false)]
    }
    #expect(
      reason == "a kind of DICOM that is not read (transfer syntax \"1.2.840.10008.1.2.4.100\" is not read)")
  }

  @Test func hugeSizesAreRefusedBeforeMemoryIsTaken() {
    for (width, height) in [(65535, 65535), (10_001, 10_000), (65535, 1500)] {
      let reason = Self.refused { $0.more = [.numbers(0x0028_0010, height), .numbers(0x0028_0011, width)] }
      let wanted = width * height > 100_000_000 ? "needs too much memory" : "truncated"
      #expect(reason.hasPrefix(wanted), "\(reason)")
    }
    var radiograph = DicomMaker()
    radiograph.more = [DicomMaker.Element(tag: 0x0029_0010, vr: "UN", value: [], hasLength: true)]
    var bytes = radiograph.file
    let place = bytes.indices.first { bytes[$0...].starts(with: DicomMaker.tag(0x0029_0010)) }!
    bytes.replaceSubrange(place + 8..<place + 12, with: [0xFE, 0xFF, 0xFF, 0xFF])
    #expect(DicomMaker.reason(bytes)?.hasPrefix("truncated") == true)
  }

  @Test func everyTruncationIsNoticed() {
    let file = DicomMaker().file
    for length in 0..<file.count {
      let reason = DicomMaker.reason(Array(file[..<length]))
      #expect(reason != nil, "\(length) of \(file.count) bytes")
      // Between two elements nothing shows that more should follow, but that the radiograph's size has not been told.
      let isPlain =
        reason?.hasPrefix("truncated") == true || reason?.contains("it holds no image") == true
      if length > 160 { #expect(isPlain, "\(length): \(reason ?? "")") }
    }
  }

  @Test func garbageIsRefused() {
    var random = RandomStream(seed: 5, stream: "dicom-garbage")
    for count in [1, 8, 132, 200, 5000, 400_000] {
      var bytes = (0..<count).map { _ in UInt8(random.integer(in: 0...255)) }
      #expect(DicomMaker.reason(bytes) != nil)
      guard count >= 132 else { continue }
      bytes.replaceSubrange(128..<132, with: "DICM".utf8)
      #expect(DicomMaker.reason(bytes) != nil)
    }
  }

  /// One small radiograph in every transfer syntax, and what fuzzing found: a table that made not-a-number of every
  /// pixel and is passed over now, a JPEG 2000 segment that GDCM follows out of its memory, and data that an assertion
  /// of GDCM's ends on.
  @Test func theFuzzingSeedsDecodeAndItsFindingsAreRefused() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fuzz/corpus/dicom")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    let findings = [
      "found-wavelet-segment.dcm":
        "damaged DICOM data (JPEG 2000 marker ffa5 at byte 74 of the stream)"
    ]
    #expect(names.count == 23)
    for name in names {
      let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
      let reason = DicomMaker.reason(bytes)
      if name == "found-assertion.dcm" {
        #expect(reason?.hasPrefix("damaged DICOM data (GDCM stopped at a check of its own") == true)
      } else {
        #expect(reason == findings[name], "\(name)")
      }
    }
  }

  @Test func theCodecKeepsEveryPromise() {
    var radiograph = DicomMaker()
    (radiograph.width, radiograph.height) = (64, 48)
    radiograph.values = (0..<64 * 48).map { ($0 * 37) % 4096 }
    let checks = checkCodec(dicomDefinition, sample: radiograph.file)
    #expect(checks.count > 3 && checks.filter { !$0.isKept } == [])
  }
}
