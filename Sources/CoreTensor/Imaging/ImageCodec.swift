/// What the header of an image file says.
public struct ImageHeader: Sendable, Equatable {
  /// Width and height in pixels of the decoded image.
  public var width: Int
  public var height: Int
  /// Bits of one sample that carry meaning, 1 to 16.
  public var bitDepth: Int
  /// Samples of one pixel as stored; a palette counts as one.
  public var channels: Int
  /// What the file tells of the radiograph besides its pixels, under the names of ``ImageHeader/Tag`` or others.
  public var tags: [String: String]

  public init(width: Int, height: Int, bitDepth: Int, channels: Int, tags: [String: String] = [:]) {
    self.width = width
    self.height = height
    self.bitDepth = bitDepth
    self.channels = channels
    self.tags = tags
  }

  /// Names of tags that the framework itself reads.
  public enum Tag {
    /// The patient; radiographs of one patient never stand on both sides of a split.
    public static let patient = "patient"
    /// The view position as DICOM codes it: PA, AP, LL.
    public static let view = "view"
    /// L, R or B.
    public static let laterality = "laterality"
    public static let manufacturer = "manufacturer"
    /// What white means: `MONOCHROME1` where the file stores radiographs inverted.
    public static let photometric = "photometric"
    /// Between rows and columns in millimetres, as `PixelSpacing` reads it.
    public static let pixelSpacing = "pixel_spacing"
  }
}

/// A file format that radiographs come in: how to know it by its content, and how to read it.
///
/// Called from several threads at once, with bytes of any kind: truncated, damaged or made to do harm. A codec must
/// answer all of them with an image or a ``CodecFailure``.
public protocol ImageCodec: Sendable {
  /// The format's name as messages give it: `"PNG"`.
  var name: String { get }
  /// Endings of file names, in lower case without the dot. They only say which files of a folder are looked at;
  /// whether this codec reads a file is decided by its content.
  var fileExtensions: [String] { get }
  /// Whether headers tell of patient or view, so that folders of such files are worth reading ahead. Default false.
  var describesRadiographs: Bool { get }
  /// Whether the bytes begin as this format does.
  func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool
  /// Reads the header, taking no memory in proportion to the image.
  /// - Throws: ``CodecFailure``.
  func header(of bytes: UnsafeRawBufferPointer) throws -> ImageHeader
  /// Decodes to grey in [0, 1], white bones.
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - header: what ``header(of:)`` gave for the same bytes, found to be within limits.
  ///   - shorterSide: the image may come back smaller than stored where that is faster, so long as its shorter side
  ///     keeps this many pixels; nil = as stored.
  /// - Throws: ``CodecFailure``.
  func decode(_ bytes: UnsafeRawBufferPointer, _ header: ImageHeader, shorterSide: Int?) throws -> GrayImage
}

extension ImageCodec {
  public var describesRadiographs: Bool { false }
}

/// Why a codec could not read a file, in plain words.
public struct CodecFailure: Error, Sendable, Equatable, CustomStringConvertible {
  public let reason: String
  public init(_ reason: String) { self.reason = reason }
  public var description: String { reason }
}
