import Foundation
import Imaging
import WorldModel

/// Decodes a radiograph of any known format, found by the file's content and never by its name.
///
/// Every reason not to use a radiograph comes back as `UnusableRadiograph`, and limits are checked before memory is
/// taken.
public struct RadiographDecoder: Sendable {
  /// Formats tried in order: the program's own PNG and JPEG, then those of plugins.
  public var codecs: [any ImageCodec]
  /// Radiographs with a shorter side are refused as tiny. Pixels.
  public var smallestSide = 32
  /// Radiographs with more pixels are refused.
  public var mostPixels = 100_000_000
  /// Longer files are refused unread. Bytes; 1 GiB.
  public var mostBytes = 1 << 30
  /// Radiographs may be decoded smaller than stored, where that is faster, so long as the shorter side keeps this many
  /// pixels. Nil, the default: as stored.
  public var shorterSide: Int?

  /// - Parameter codecs: of plugins, tried after PNG and JPEG.
  public init(codecs: [any ImageCodec] = []) { self.codecs = [PngCodec(), JpegCodec()] + codecs }

  /// Where most headers end.
  private static let headerBytes = 128 << 10

  /// Endings of names, in lower case, of files that a folder is searched for.
  var fileExtensions: Set<String> { Set(codecs.flatMap(\.fileExtensions)) }

  /// Reads and decodes the file at `path`.
  /// - Parameter identifier: the radiograph's name in errors; the path where nil.
  /// - Returns: grey in [0, 1].
  /// - Throws: `UnusableRadiograph` with the reason in plain words.
  public func decode(path: String, identifier: String? = nil) throws -> GrayImage {
    let identifier = identifier ?? path
    let bytes = try FileBytes.read(path: path, mostBytes: mostBytes) {
      UnusableRadiograph(identifier: identifier, reason: $0)
    }
    return try decode(bytes, identifier: identifier)
  }

  /// Decodes a file that is already in memory; see ``decode(path:identifier:)``.
  public func decode(_ bytes: [UInt8], identifier: String) throws -> GrayImage {
    try bytes.withUnsafeBytes { try decode($0, identifier: identifier) }
  }

  /// Decodes a file that is already in memory; see ``decode(path:identifier:)``.
  public func decode(_ bytes: UnsafeRawBufferPointer, identifier: String) throws -> GrayImage {
    let (codec, header) = try header(of: bytes, identifier: identifier)
    do {
      return try codec.decode(bytes, header, shorterSide: shorterSide)
    } catch let failure as CodecFailure {
      throw UnusableRadiograph(identifier: identifier, reason: failure.reason)
    }
  }

  /// Reads the header of the file at `path`, and finds who decodes it. Of a long file only the beginning is read,
  /// unless the header does not end there.
  /// - Throws: `UnusableRadiograph`, also where a limit is broken.
  public func header(path: String, identifier: String) throws -> (codec: any ImageCodec, header: ImageHeader)
  {
    let start = FileBytes.start(path: path, count: Self.headerBytes)
    if start.count == Self.headerBytes,
      let found = try? start.withUnsafeBytes({ try header(of: $0, identifier: identifier) })
    {
      return found
    }
    let bytes = try FileBytes.read(path: path, mostBytes: mostBytes) {
      UnusableRadiograph(identifier: identifier, reason: $0)
    }
    return try bytes.withUnsafeBytes { try header(of: $0, identifier: identifier) }
  }

  /// Reads the header of a file in memory; see ``header(path:identifier:)``.
  public func header(
    of bytes: UnsafeRawBufferPointer, identifier: String
  ) throws -> (codec: any ImageCodec, header: ImageHeader) {
    func unusable(_ reason: String) -> UnusableRadiograph {
      UnusableRadiograph(identifier: identifier, reason: reason)
    }
    if bytes.isEmpty { throw unusable("the file is empty") }
    guard let codec = codecs.first(where: { $0.recognizes(bytes) }) else {
      throw unusable(notAnImage(bytes))
    }
    do {
      let header = try codec.header(of: bytes)
      if let reason = refusal(header) { throw unusable(reason) }
      return (codec, header)
    } catch let failure as CodecFailure { throw unusable(failure.reason) }
  }

  /// Why an image of this size is not decoded, or nil.
  private func refusal(_ header: ImageHeader) -> String? {
    let size = "\(header.width) × \(header.height) pixels"
    if header.width <= 0 || header.height <= 0 { return "no pixels: the header says \(size)" }
    let (count, overflow) = header.width.multipliedReportingOverflow(by: header.height)
    if overflow || count > mostPixels {
      return "too large: \(size), over the limit of \(mostPixels / 1_000_000) megapixels"
    }
    if min(header.width, header.height) < smallestSide {
      return "tiny: \(size), at least \(smallestSide) on each side are needed"
    }
    return nil
  }

  private func notAnImage(_ bytes: UnsafeRawBufferPointer) -> String {
    let names = codecs.map(\.name)
    let wanted = names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
    let start = bytes.prefix(4).map { String(format: "%02x", $0) }.joined(separator: " ")
    let known = Self.otherFormats.first { bytes.dropFirst($0.offset).starts(with: $0.signature.utf8) }
    if let known { return "not an image that is read here: \(wanted) expected, found \(known.name)" }
    return "not an image: \(wanted) expected, the file begins with bytes \(start)"
  }

  /// Formats that are told by name when they are refused.
  private static let otherFormats: [(name: String, offset: Int, signature: String)] = [
    ("DICOM", 128, "DICM"), ("GIF", 0, "GIF8"), ("TIFF", 0, "II*\0"), ("TIFF", 0, "MM\0*"), ("BMP", 0, "BM"),
    ("WebP", 8, "WEBP"), ("PDF", 0, "%PDF"),
  ]
}

/// Whole files as bytes.
enum FileBytes {
  /// Reads a regular file of at most `mostBytes`.
  /// - Parameter refusal: turns a reason in plain words into the caller's error.
  static func read(path: String, mostBytes: Int, refusal: (String) -> any Error) throws -> [UInt8] {
    // Without blocking: a named pipe would otherwise wait for a writer for ever.
    let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else {
      throw refusal(errno == ENOENT ? "the file does not exist" : "cannot be read: \(systemReason())")
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw refusal("cannot be read: \(systemReason())") }
    if status.st_mode & S_IFMT == S_IFDIR { throw refusal("is a directory, not a file") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw refusal("is not a regular file") }
    let size = Int(status.st_size)
    if size > mostBytes {
      throw refusal("the file has \(size) bytes, over the limit of \(mostBytes) bytes")
    }
    return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let got = Glibc.read(file, buffer.baseAddress! + count, size - count)
        if got < 0 && errno == EINTR { continue }
        if got < 0 { throw refusal("cannot be read: \(systemReason())") }
        if got == 0 { break }
        count += got
      }
    }
  }

  /// Whether something has that path.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The first `count` bytes of a file, or what there is of them; empty where it cannot be read.
  static func start(path: String, count: Int) -> [UInt8] {
    let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = max(0, Glibc.read(file, buffer.baseAddress!, count))
    }
  }

  /// The system's words for the last error.
  static func systemReason() -> String { String(cString: strerror(errno)) }
}
