import CCodecs
import Imaging

/// PNG by libpng: 1 to 16 bits, grey, colour, palette, transparency (over black), interlaced, turned as EXIF says.
/// Radiographs of 8, 10, 12 or 14 bits that were written into 16 without being scaled are known by their largest
/// sample, and stretched.
public struct PngCodec: ImageCodec {
  public let name = "PNG"
  public let fileExtensions = ["png"]
  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  public init() {}

  public func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: Self.signature) }

  public func header(of bytes: UnsafeRawBufferPointer) throws -> ImageHeader {
    Orientation(png: bytes).applied(to: try CCodec.header(of: bytes, format: name, chex_png_header))
  }

  public func decode(
    _ bytes: UnsafeRawBufferPointer, _ header: ImageHeader, shorterSide: Int?
  ) throws -> GrayImage {
    try decodeWithWhite(bytes, header).image
  }

  /// Decodes, and says which sample became white.
  func decodeWithWhite(
    _ bytes: UnsafeRawBufferPointer, _ header: ImageHeader
  ) throws -> (image: GrayImage, white: Int) {
    let orientation = Orientation(png: bytes)
    let stored = orientation.applied(to: header)
    var white: UInt32 = 0
    let image = try CCodec.image(width: stored.width, height: stored.height, format: name) {
      pixels, message in
      var expected = chex_image_header(stored)
      return chex_png_decode(CCodec.base(bytes), bytes.count, &expected, pixels, &white, message)
    }
    return (orientation.applied(to: image), Int(white))
  }
}

/// JPEG by libjpeg-turbo: 8 bits, baseline and progressive, grey, colour, CMYK. Where less is asked for, a half, a
/// quarter or an eighth of the size is decoded, which saves most of the work but the entropy coding. Turned as EXIF
/// says.
public struct JpegCodec: ImageCodec {
  public let name = "JPEG"
  public let fileExtensions = ["jpg", "jpeg"]
  private static let signature: [UInt8] = [0xFF, 0xD8, 0xFF]

  public init() {}

  public func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: Self.signature) }

  public func header(of bytes: UnsafeRawBufferPointer) throws -> ImageHeader {
    Orientation(jpeg: bytes).applied(to: try CCodec.header(of: bytes, format: name, chex_jpeg_header))
  }

  public func decode(
    _ bytes: UnsafeRawBufferPointer, _ header: ImageHeader, shorterSide: Int?
  ) throws -> GrayImage {
    let orientation = Orientation(jpeg: bytes)
    let stored = orientation.applied(to: header)
    let eighths = Self.eighths(of: min(stored.width, stored.height), keeping: shorterSide)
    let image = try CCodec.image(
      width: (stored.width * eighths + 7) / 8, height: (stored.height * eighths + 7) / 8, format: name
    ) { pixels, message in
      var expected = chex_image_header(stored)
      return chex_jpeg_decode(
        CCodec.base(bytes), bytes.count, &expected, Int32(eighths), pixels, message)
    }
    return orientation.applied(to: image)
  }

  /// The least of 1, 2, 4 and 8 eighths of `side` that is not below `wanted` pixels.
  static func eighths(of side: Int, keeping wanted: Int?) -> Int {
    guard let wanted else { return 8 }
    return [1, 2, 4].first { (side * $0 + 7) / 8 >= wanted } ?? 8
  }
}

/// What both codecs do around the C shim.
private enum CCodec {
  typealias Header =
    (
      UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<chex_image_header>?,
      UnsafeMutablePointer<chex_codec_message>?
    ) -> chex_codec_status

  static func base(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<UInt8>? {
    bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
  }

  static func header(of bytes: UnsafeRawBufferPointer, format: String, _ read: Header) throws -> ImageHeader {
    var (found, message) = (chex_image_header(), chex_codec_message())
    let status = read(base(bytes), bytes.count, &found, &message)
    if status != CHEX_CODEC_OK { throw CodecFailure(format: format, status, message) }
    return ImageHeader(
      width: Int(found.width), height: Int(found.height), bitDepth: Int(found.bit_depth),
      channels: Int(found.channels))
  }

  static func image(
    width: Int, height: Int, format: String,
    _ decode: (UnsafeMutablePointer<Float>?, UnsafeMutablePointer<chex_codec_message>) -> chex_codec_status
  ) throws -> GrayImage {
    let count = width * height
    let pixels = try [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      var message = chex_codec_message()
      let status = decode(buffer.baseAddress, &message)
      if status != CHEX_CODEC_OK { throw CodecFailure(format: format, status, message) }
      initialized = count
    }
    return GrayImage(width: width, height: height, pixels: pixels)
  }
}

extension chex_image_header {
  fileprivate init(_ header: ImageHeader) {
    self.init(
      width: UInt32(header.width), height: UInt32(header.height), bit_depth: UInt32(header.bitDepth),
      channels: UInt32(header.channels))
  }
}

extension CodecFailure {
  init(format: String, _ status: chex_codec_status, _ message: chex_codec_message) {
    let words = message.words
    switch status {
    case CHEX_CODEC_TRUNCATED: self.init("truncated: the \(format) data end early (\(words))")
    case CHEX_CODEC_UNSUPPORTED: self.init("a kind of \(format) that is not read (\(words))")
    case CHEX_CODEC_MEMORY: self.init("needs too much memory (\(format): \(words))")
    default: self.init("damaged \(format) data (\(words))")
    }
  }
}

extension chex_codec_message {
  /// The C text as a string.
  var words: String {
    withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
