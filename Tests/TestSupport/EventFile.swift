import Foundation

/// Event files, read back by the format's definition and nothing of the writer's.
package struct EventFile {
  package struct Event {
    package var step = 0
    package var time = 0.0
    package var version: String?
    package var isSessionStart = false
    package var scalars: [String: Float] = [:]
    package var images: [String: (width: Int, height: Int, channels: Int, png: [UInt8])] = [:]
  }

  package struct Malformed: Error { package let text: String }

  package let events: [Event]

  /// - Throws: `Malformed` where lengths, checksums or fields do not fit.
  package init(_ bytes: [UInt8]) throws {
    var (rest, events) = (bytes[...], [Event]())
    while !rest.isEmpty {
      let head = try Self.take(8, &rest)
      guard try Self.number(Self.take(4, &rest)) == Self.masked(head) else {
        throw Malformed(text: "checksum of a length")
      }
      let message = try Self.take(Self.number(head), &rest)
      guard try Self.number(Self.take(4, &rest)) == Self.masked(message) else {
        throw Malformed(text: "checksum of event \(events.count)")
      }
      events.append(try Self.event(message))
    }
    self.events = events
  }

  private static func take(_ count: Int, _ bytes: inout ArraySlice<UInt8>) throws -> [UInt8] {
    guard bytes.count >= count else {
      throw Malformed(text: "it ends \(count - bytes.count) bytes too early")
    }
    defer { bytes = bytes.dropFirst(count) }
    return Array(bytes.prefix(count))
  }

  private static func number(_ bytes: [UInt8]) -> Int {
    Int(truncatingIfNeeded: bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  /// Bit by bit, as the polynomial says.
  static func masked(_ bytes: [UInt8]) -> Int {
    var value: UInt32 = 0xffff_ffff
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
    }
    value = ~value
    return Int((value >> 15 | value << 17) &+ 0xa282_ead8)
  }

  private enum Value {
    case integer(Int)
    case bytes([UInt8])

    var integer: Int { if case .integer(let value) = self { value } else { 0 } }
    var bytes: [UInt8] { if case .bytes(let value) = self { value } else { [] } }
    var text: String { String(decoding: bytes, as: UTF8.self) }
  }

  private static func fields(_ message: [UInt8]) throws -> [(field: Int, value: Value)] {
    var (rest, fields) = (message[...], [(field: Int, value: Value)]())
    func varint() throws -> Int {
      var (value, shift) = (UInt64(0), UInt64(0))
      while true {
        let byte = try take(1, &rest)[0]
        value |= UInt64(byte & 0x7f) << shift
        if byte < 0x80 { return Int(truncatingIfNeeded: value) }
        shift += 7
      }
    }
    while !rest.isEmpty {
      let key = try varint()
      switch key & 7 {
      case 0: fields.append((key >> 3, .integer(try varint())))
      case 1: fields.append((key >> 3, .integer(number(try take(8, &rest)))))
      case 2: fields.append((key >> 3, .bytes(try take(try varint(), &rest))))
      case 5: fields.append((key >> 3, .integer(number(try take(4, &rest)))))
      default: throw Malformed(text: "a field of kind \(key & 7)")
      }
    }
    return fields
  }

  private static func event(_ message: [UInt8]) throws -> Event {
    var event = Event()
    for (field, value) in try fields(message) {
      switch field {
      case 1: event.time = Double(bitPattern: UInt64(bitPattern: Int64(value.integer)))
      case 2: event.step = value.integer
      case 3: event.version = value.text
      case 5: for (_, summary) in try fields(value.bytes) { try add(summary.bytes, to: &event) }
      case 7:
        event.isSessionStart = try fields(value.bytes).contains { $0.field == 1 && $0.value.integer == 1 }
      default: throw Malformed(text: "field \(field) of an event")
      }
    }
    return event
  }

  private static func add(_ summary: [UInt8], to event: inout Event) throws {
    let fields = Dictionary(uniqueKeysWithValues: try fields(summary).map { ($0.field, $0.value) })
    guard let tag = fields[1]?.text else { throw Malformed(text: "a value without a tag") }
    if let value = fields[2] { event.scalars[tag] = Float(bitPattern: UInt32(value.integer)) }
    if let value = fields[4] {
      let image = Dictionary(uniqueKeysWithValues: try Self.fields(value.bytes).map { ($0.field, $0.value) })
      event.images[tag] = (
        image[2]?.integer ?? 0, image[1]?.integer ?? 0, image[3]?.integer ?? 0, image[4]?.bytes ?? []
      )
    }
  }
}
