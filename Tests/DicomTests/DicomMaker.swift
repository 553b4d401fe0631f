import CDicomProtocol
import Foundation
import Imaging

@testable import DicomCodec

/// Writes radiographs as explicit little-endian DICOM.
struct DicomMaker {
  var width = 4
  var height = 3
  /// Stored values, row-major.
  var values: [Int] = Array(0..<12)
  var allocated = 16
  var stored = 12
  var isSigned = false
  var photometric = "MONOCHROME2"
  var samples = 1
  var syntax = "1.2.840.10008.1.2.1"
  /// More elements, put where their tags belong.
  var more: [Element] = []
  /// Elements that are left out.
  var without: Set<UInt32> = []
  /// Elements of group 0002 behind the transfer syntax.
  var moreMeta: [Element] = []
  /// What File Meta Information Group Length says, made of what is right; nil leaves the element out.
  var announced: (Int) -> Int? = { $0 }
  /// Whether the data set is written without value representations.
  var isImplicit = false

  struct Element {
    let tag: UInt32
    let vr: String
    var value: [UInt8]
    var hasLength = true

    static func text(_ tag: UInt32, _ vr: String, _ text: String) -> Element {
      Element(tag: tag, vr: vr, value: Array(text.utf8) + (text.utf8.count % 2 == 1 ? [0x20] : []))
    }
    static func numbers(_ tag: UInt32, _ numbers: Int..., vr: String = "US") -> Element {
      Element(tag: tag, vr: vr, value: numbers.flatMap(DicomMaker.word))
    }
    /// A sequence of one item, with lengths or with delimiters.
    static func sequence(_ tag: UInt32, _ item: [Element], hasLength: Bool = true) -> Element {
      let inner = item.flatMap(\.bytes)
      let head = DicomMaker.tag(0xFFFE_E000)
      let value =
        hasLength
        ? head + DicomMaker.long(inner.count) + inner
        : head + DicomMaker.long(0xFFFF_FFFF) + inner + DicomMaker.tag(0xFFFE_E00D) + DicomMaker.long(0)
          + DicomMaker.tag(0xFFFE_E0DD) + DicomMaker.long(0)
      return Element(tag: tag, vr: "SQ", value: value, hasLength: hasLength)
    }
    /// A lookup table.
    static func table(
      _ tag: UInt32, first: Int, bits: Int, _ entries: [Int], vr: String = "US", hasLength: Bool = true
    ) -> Element {
      sequence(
        tag,
        [
          Element(
            tag: 0x0028_3002, vr: vr, value: [entries.count, first, bits].flatMap(DicomMaker.word)),
          Element(tag: 0x0028_3006, vr: "US", value: entries.flatMap(DicomMaker.word)),
        ], hasLength: hasLength)
    }

    /// Encapsulated pixel data.
    static func fragments(
      _ fragments: [[UInt8]], hasTable: Bool = true, hasDelimiter: Bool = true
    ) -> Element {
      let head = DicomMaker.tag(0xFFFE_E000)
      let items = (hasTable ? [[]] : []) + fragments
      return Element(
        tag: 0x7FE0_0010, vr: "OB",
        value: items.flatMap { head + DicomMaker.long($0.count) + $0 }
          + (hasDelimiter ? DicomMaker.tag(0xFFFE_E0DD) + DicomMaker.long(0) : []),
        hasLength: false)
    }

    var implicitBytes: [UInt8] { DicomMaker.tag(tag) + DicomMaker.long(value.count) + value }

    var bytes: [UInt8] {
      let head = DicomMaker.tag(tag) + Array(vr.utf8)
      let isLong = ["OB", "OW", "SQ", "UN", "UT"].contains(vr)
      let length = hasLength ? value.count : 0xFFFF_FFFF
      return head + (isLong ? [0, 0] + DicomMaker.long(length) : DicomMaker.word(length)) + value
    }
  }

  /// Takes over a radiograph of the fuzzing corpus: 24 × 20 pixels of 12 bits.
  static func corpus(_ name: String) throws -> [UInt8] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return [UInt8](try Data(contentsOf: folder.appendingPathComponent("Fuzz/corpus/dicom/\(name).dcm")))
  }

  /// The compressed stream of such a radiograph, without padding behind its end marker.
  static func stream(_ name: String) throws -> [UInt8] {
    let file = try corpus(name)
    let start = file.indices.first { file[$0...].starts(with: tag(0x7FE0_0010) + Array("OB".utf8)) }! + 12
    func length(_ place: Int) -> Int { (0..<4).reduce(0) { $0 | Int(file[place + $1]) << (8 * $1) } }
    let item = start + 8 + length(start + 4)
    var stream = Array(file[item + 8..<item + 8 + length(item + 4)])
    while stream.last == 0 { stream.removeLast() }
    return stream
  }

  /// A radiograph of the corpus in another file: by its stream, and whatever the header shall say.
  static func compressed(_ stream: [UInt8], _ syntax: String, stored: Int = 12) -> DicomMaker {
    var radiograph = DicomMaker()
    (radiograph.width, radiograph.height, radiograph.stored, radiograph.syntax) = (
      24, 20, stored, "1.2.840.10008.1.2.4." + syntax
    )
    radiograph.more = [.fragments([stream])]
    return radiograph
  }

  static func word(_ number: Int) -> [UInt8] {
    [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
  }
  static func long(_ number: Int) -> [UInt8] { word(number) + word(number >> 16) }
  static func tag(_ tag: UInt32) -> [UInt8] { word(Int(tag >> 16)) + word(Int(tag & 0xFFFF)) }

  var pixelBytes: [UInt8] {
    values.flatMap { allocated == 8 ? [UInt8(truncatingIfNeeded: $0)] : Self.word($0) }
  }

  /// The whole file.
  var file: [UInt8] {
    var elements: [Element] = [
      .text(0x0008_0060, "CS", "DX"), .text(0x0010_0020, "LO", "patient 7"),
      .text(0x0018_5101, "CS", "PA"), .numbers(0x0028_0002, samples),
      .text(0x0028_0004, "CS", photometric), .numbers(0x0028_0010, height), .numbers(0x0028_0011, width),
      .numbers(0x0028_0100, allocated), .numbers(0x0028_0101, stored),
      .numbers(0x0028_0102, stored - 1), .numbers(0x0028_0103, isSigned ? 1 : 0),
      Element(tag: 0x7FE0_0010, vr: allocated == 8 ? "OB" : "OW", value: pixelBytes),
    ]
    elements.removeAll { element in more.contains { $0.tag == element.tag } }
    let sorted = (elements + more).filter { !without.contains($0.tag) }.sorted { $0.tag < $1.tag }
    var meta = ([.text(0x0002_0010, "UI", syntax)] + moreMeta).filter { !without.contains($0.tag) }
      .flatMap(\.bytes)
    if let length = announced(meta.count) {
      meta = Self.tag(0x0002_0000) + Array("UL".utf8) + Self.word(4) + Self.long(length) + meta
    }
    return [UInt8](repeating: 0, count: 128) + Array("DICM".utf8) + meta
      + sorted.flatMap { isImplicit ? $0.implicitBytes : $0.bytes }
  }

  // MARK: - Decoding

  static let pool = DicomWorkerPool()

  /// Grey values by way of a worker.
  func grey(_ rendering: DicomRendering = DicomRendering()) throws -> [Float] {
    try Self.grey(file, rendering)
  }

  static func grey(_ file: [UInt8], _ rendering: DicomRendering = DicomRendering()) throws -> [Float] {
    let codec = DicomCodec(pool: pool, rendering: rendering)
    return try file.withUnsafeBytes {
      try codec.decode($0, try codec.header(of: $0), shorterSide: nil).pixels
    }
  }

  func storedValues() throws -> [Int32] {
    try file.withUnsafeBytes { try Self.pool.storedValues($0, width: width, height: height) }
  }

  /// Why the radiograph is refused, or nil.
  var reason: String? { Self.reason(file) }

  static func reason(_ file: [UInt8]) -> String? {
    do {
      _ = try grey(file)
      return nil
    } catch let failure as CodecFailure {
      return failure.reason
    } catch { return "another error: \(error)" }
  }
}
