import CZlib

/// A running CRC-32 (the polynomial of zlib, PNG and gzip).
///
/// Checkpoints need a guard against truncation and bit rot, not against forgery: with the length beside it, a CRC
/// does that at memory speed, while a cryptographic digest of a gigabyte would hold up training for seconds.
public struct Checksum: Sendable, Equatable {
  private var state: UInt = 0

  public init() {}

  /// The checksum of some bytes.
  package static func value(of bytes: UnsafeRawBufferPointer) -> UInt32 {
    var checksum = Checksum()
    checksum.add(bytes)
    return checksum.value
  }

  /// Adds bytes in their order.
  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return }
    state = crc32_z(state, base.assumingMemoryBound(to: UInt8.self), bytes.count)
  }

  /// The checksum so far.
  public var value: UInt32 { UInt32(truncatingIfNeeded: state) }
  /// Eight lower-case hexadecimal digits.
  public var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}

/// What a file must be to count as intact.
public struct FileSeal: Sendable, Equatable, Codable {
  /// Length in bytes.
  public let bytes: Int
  /// CRC-32 of all bytes, eight hexadecimal digits.
  public let crc32: String

  public init(bytes: Int, crc32: String) {
    self.bytes = bytes
    self.crc32 = crc32
  }
}
