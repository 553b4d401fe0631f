/// Writes PNG files of every kind from the specification, without compression and without libpng.
struct PngMaker {
  enum Color: UInt8 { case grey = 0, rgb = 2, palette = 3, greyAlpha = 4, rgba = 6 }

  var width: Int
  var height: Int
  var bitDepth: Int
  var color: Color
  var interlaced = false
  var palette: [UInt8]?
  var transparency: [UInt8]?
  var extraChunks: [(type: String, data: [UInt8])] = []
  /// Samples of the pixel at (row, column).
  var samples: (Int, Int) -> [Int]

  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  func file() -> [UInt8] {
    var bytes = Self.signature + Self.chunk("IHDR", header())
    for extra in extraChunks { bytes += Self.chunk(extra.type, extra.data) }
    if let palette { bytes += Self.chunk("PLTE", palette) }
    if let transparency { bytes += Self.chunk("tRNS", transparency) }
    bytes += Self.chunk("IDAT", Self.stored(scanlines()))
    return bytes + Self.chunk("IEND", [])
  }

  func header() -> [UInt8] {
    Self.bigEndian(width) + Self.bigEndian(height)
      + [UInt8(bitDepth), color.rawValue, 0, 0, interlaced ? 1 : 0]
  }

  /// Filter byte 0 and packed samples of each row; the seven passes of Adam7 where interlaced.
  private func scanlines() -> [UInt8] {
    let passes: [(row: Int, column: Int, down: Int, right: Int)] =
      interlaced
      ? [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
      : [(0, 0, 1, 1)]
    var bytes: [UInt8] = []
    for pass in passes where pass.column < width {
      for row in stride(from: pass.row, to: height, by: pass.down) {
        bytes.append(0)
        bytes += packed(
          stride(from: pass.column, to: width, by: pass.right).flatMap { samples(row, $0) })
      }
    }
    return bytes
  }

  private func packed(_ values: [Int]) -> [UInt8] {
    if bitDepth == 16 { return values.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] } }
    let perByte = 8 / bitDepth
    return stride(from: 0, to: values.count, by: perByte).map { start in
      var byte = 0
      for place in 0..<perByte {
        byte = byte << bitDepth | (start + place < values.count ? values[start + place] : 0)
      }
      return UInt8(byte)
    }
  }

  static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + data
    return bigEndian(data.count) + body + bigEndian(Int(checksum(body)))
  }

  static func bigEndian(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// CRC-32, bit by bit.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var value: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
    return ~value
  }

  /// A zlib stream of stored blocks.
  static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = [0x78, 0x01]
    var start = 0
    repeat {
      let end = min(start + 65535, bytes.count)
      let length = UInt16(end - start)
      stream.append(end == bytes.count ? 1 : 0)
      for value in [length, ~length] { stream += [UInt8(value & 255), UInt8(value >> 8)] }
      stream += bytes[start..<end]
      start = end
    } while start < bytes.count
    var (low, high): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      low = (low + UInt32(byte)) % 65521
      high = (high + low) % 65521
    }
    return stream + bigEndian(Int(high << 16 | low))
  }
}
