/// CRC-32C (Castagnoli, RFC 3720), the checksum of TFRecord files. zlib has another polynomial.
enum CastagnoliChecksum {
  /// The polynomial, its bits in reverse.
  private static let polynomial: UInt32 = 0x82f6_3b78

  /// The checksum of each byte.
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 0 ? value >> 1 : value >> 1 ^ polynomial }
  }

  static func value(of bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { value, byte in
      table[Int(UInt8(truncatingIfNeeded: value) ^ byte)] ^ value >> 8
    }
  }

  /// As TFRecord stores it: turned and shifted, since checksums of data that hold checksums are weak.
  static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
    let value = value(of: bytes)
    return (value >> 15 | value << 17) &+ 0xa282_ead8
  }
}
