import CCodecs

/// A file format that films come in: how to know it by its content, and how to read it.
public struct ImageCodec: Sendable {
  /// What the header of a file says.
  public struct Header: Sendable, Equatable {
    /// Width and height in pixels.
    public var width: Int
    public var height: Int
    /// Bits of one sample as stored.
    public var bitDepth: Int
    /// Samples of one pixel as stored.
    public var channels: Int

    public init(width: Int, height: Int, bitDepth: Int, channels: Int) {
      self.width = width
      self.height = height
      self.bitDepth = bitDepth
      self.channels = channels
    }
  }

  /// Why a codec could not read a file, in plain words.
  public struct Failure: Error, Sendable, Equatable {
    public let reason: String
    public init(reason: String) { self.reason = reason }
  }

  /// The format's name as messages give it: `"PNG"`.
  public let name: String
  /// Whether the bytes begin as this format does.
  public let recognizes: @Sendable (UnsafeRawBufferPointer) -> Bool
  /// Reads the header, taking no memory in proportion to the image. Throws `Failure`.
  public let readHeader: @Sendable (UnsafeRawBufferPointer) throws -> Header
  /// Decodes to grey in [0, 1] into `width * height` values, row-major. Throws `Failure`.
  public let decode:
    @Sendable (UnsafeRawBufferPointer, Header, UnsafeMutableBufferPointer<Float>) throws -> Void

  public init(
    name: String,
    recognizes: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool,
    readHeader: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Header,
    decode:
      @escaping @Sendable (UnsafeRawBufferPointer, Header, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) {
    self.name = name
    self.recognizes = recognizes
    self.readHeader = readHeader
    self.decode = decode
  }

  /// PNG by libpng: 1 to 16 bits, grey, colour, palette, transparency (over black), interlaced.
  public static let png = ImageCodec(
    name: "PNG", signature: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], header: chex_png_header,
    pixels: chex_png_decode)
  /// JPEG by libjpeg-turbo: 8 bits, baseline and progressive, grey, colour, CMYK.
  public static let jpeg = ImageCodec(
    name: "JPEG", signature: [0xFF, 0xD8, 0xFF], header: chex_jpeg_header, pixels: chex_jpeg_decode)
}

extension ImageCodec {
  typealias HeaderReader =
    @Sendable (
      UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<chex_image_header>?,
      UnsafeMutablePointer<chex_codec_message>?
    ) -> chex_codec_status
  typealias PixelReader =
    @Sendable (
      UnsafePointer<UInt8>?, Int, UnsafePointer<chex_image_header>?, UnsafeMutablePointer<Float>?,
      UnsafeMutablePointer<chex_codec_message>?
    ) -> chex_codec_status

  /// A codec of the C shim.
  init(name: String, signature: [UInt8], header: @escaping HeaderReader, pixels: @escaping PixelReader) {
    self.init(
      name: name,
      recognizes: { $0.starts(with: signature) },
      readHeader: { bytes in
        var (found, message) = (chex_image_header(), chex_codec_message())
        let status = header(
          bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, &found, &message)
        if status != CHEX_CODEC_OK { throw Failure(format: name, status, message) }
        return Header(
          width: Int(found.width), height: Int(found.height), bitDepth: Int(found.bit_depth),
          channels: Int(found.channels))
      },
      decode: { bytes, expected, target in
        var message = chex_codec_message()
        var announced = chex_image_header(
          width: UInt32(expected.width), height: UInt32(expected.height),
          bit_depth: UInt32(expected.bitDepth), channels: UInt32(expected.channels))
        let status = pixels(
          bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, &announced,
          target.baseAddress, &message)
        if status != CHEX_CODEC_OK { throw Failure(format: name, status, message) }
      })
  }
}

extension ImageCodec.Failure {
  init(format: String, _ status: chex_codec_status, _ message: chex_codec_message) {
    let words = message.words
    switch status {
    case CHEX_CODEC_TRUNCATED: self.init(reason: "truncated: the \(format) data end early (\(words))")
    case CHEX_CODEC_UNSUPPORTED: self.init(reason: "a kind of \(format) that is not read (\(words))")
    case CHEX_CODEC_MEMORY: self.init(reason: "needs too much memory (\(format): \(words))")
    default: self.init(reason: "damaged \(format) data (\(words))")
    }
  }
}

extension chex_codec_message {
  /// The C text as a string.
  var words: String {
    withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
