import CoreTensor

/// Numbers in bytes, lowest byte first.
enum LittleEndian {
  /// - Precondition: `width` bytes from `place` on exist, 8 at most.
  static func number(_ bytes: [UInt8], _ place: Int, _ width: Int) -> UInt64 {
    var result: UInt64 = 0
    for index in (0..<width).reversed() { result = result << 8 | UInt64(bytes[place + index]) }
    return result
  }

  /// A number of 2 or 4 bytes, which always fits.
  static func short(_ bytes: [UInt8], _ place: Int, _ width: Int) -> Int {
    require(width < 8, "LittleEndian.short: \(width) bytes")
    return Int(number(bytes, place, width))
  }
}
