import Imaging
import WorldModel

/// Where a radiograph's pixels lie in a store, and what they were made from.
public struct StoredRadiograph: Sendable, Equatable {
  /// Number of its shard, and of the radiograph in the source.
  public var shard = 0
  public var sourceIndex = 0
  /// First byte in the shard; a multiple of 64.
  public var offset = 0
  public var width: Int
  public var height: Int
  /// 8 or 16.
  public var bits: Int
  /// CRC-32 of the pixels' bytes.
  public var crc32: UInt32
  /// Size of the radiograph as decoded, before it was cropped.
  public var sourceWidth: Int
  public var sourceHeight: Int
  /// Bits and channels by the radiograph's header; 0 where there was none.
  public var sourceDepth: Int
  public var sourceChannels: Int
  /// What was kept of the radiograph, in its own pixels.
  public var crop: PixelBox
  /// Whether a border was found that is too large to be one.
  public var cropWasRefused: Bool

  /// Bytes of its pixels.
  public var byteCount: Int { width * height * (bits / 8) }
  /// The share of the radiograph that was cut away.
  public var cutShare: Double { 1 - Double(crop.area) / Double(max(sourceWidth * sourceHeight, 1)) }
}

/// One line of a shard's index: JSON with its keys in this order, so that the same radiographs give the same bytes.
enum StoreLine {
  case radiograph(RadiographRecord, StoredRadiograph)
  case dropped(UnusableRadiograph)

  /// A radiograph's record without an end of line.
  static func record(_ record: RadiographRecord) -> [UInt8] {
    var text = JsonLine()
    text.add("identifier", record.identifier)
    if let patient = record.patient { text.add("patient", patient) }
    if let split = record.split { text.add("split", split) }
    if let view = record.view { text.add("view", view.rawValue) }
    if !record.findings.isEmpty { text.add("findings", record.findings.sorted(by: precedes)) }
    if !record.unknown.isEmpty { text.add("unknown", record.unknown.sorted(by: precedes)) }
    if !record.attributes.isEmpty {
      text.add("attributes", record.attributes.sorted { precedes($0.key, $1.key) })
    }
    return text.bytes
  }

  /// By bytes, which no locale or version of the standard library changes.
  private static func precedes(_ first: String, _ second: String) -> Bool {
    first.utf8.lexicographicallyPrecedes(second.utf8)
  }

  /// The line with its end.
  var encoded: [UInt8] {
    switch self {
    case .dropped(let radiograph):
      var text = JsonLine()
      text.add("identifier", radiograph.identifier)
      text.add("dropped", radiograph.reason)
      return text.closed
    case .radiograph(let record, let radiograph):
      var text = JsonLine(Self.record(record))
      text.add("offset", radiograph.offset)
      text.add("width", radiograph.width)
      text.add("height", radiograph.height)
      text.add("bits", radiograph.bits)
      text.add("crc32", Int(radiograph.crc32))
      text.add(
        "source",
        [radiograph.sourceWidth, radiograph.sourceHeight, radiograph.sourceDepth, radiograph.sourceChannels])
      text.add(
        "crop", [radiograph.crop.row, radiograph.crop.column, radiograph.crop.height, radiograph.crop.width])
      if radiograph.cropWasRefused { text.add("crop_refused", 1) }
      return text.closed
    }
  }
}

/// A JSON object in the making.
private struct JsonLine {
  private(set) var bytes: [UInt8]

  init(_ bytes: [UInt8] = []) { self.bytes = bytes }

  var closed: [UInt8] { bytes + Array("}\n".utf8) }

  private mutating func key(_ name: String) {
    bytes.append(UInt8(ascii: bytes.isEmpty ? "{" : ","))
    quote(name)
    bytes.append(UInt8(ascii: ":"))
  }

  mutating func add(_ name: String, _ value: String) {
    key(name)
    quote(value)
  }

  mutating func add(_ name: String, _ value: Int) {
    key(name)
    bytes += Array("\(value)".utf8)
  }

  mutating func add(_ name: String, _ values: [Int]) {
    key(name)
    bytes += Array(("[" + values.map(String.init).joined(separator: ",") + "]").utf8)
  }

  mutating func add(_ name: String, _ values: [String]) {
    key(name)
    list("[", "]", values) { $0.quote($1) }
  }

  mutating func add(_ name: String, _ values: [(key: String, value: String)]) {
    key(name)
    list("{", "}", values) { text, pair in
      text.quote(pair.key)
      text.bytes.append(UInt8(ascii: ":"))
      text.quote(pair.value)
    }
  }

  private mutating func list<Value>(
    _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ values: [Value], _ add: (inout Self, Value) -> Void
  ) {
    bytes.append(UInt8(ascii: open))
    for (index, value) in values.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      add(&self, value)
    }
    bytes.append(UInt8(ascii: close))
  }

  private mutating func quote(_ text: String) {
    let digits = Array("0123456789abcdef".utf8)
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20, 0x7F:
        bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
