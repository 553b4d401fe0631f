import CZlib
import Imaging
import WorldModel

@testable import Radiographs

/// A folder in which a test lays out a collection as its owners would.
struct CollectionTree {
  let folder: ScratchFolder
  let name: String

  init(_ name: String) throws {
    folder = try ScratchFolder()
    self.name = name
  }

  /// Writes a tiny radiograph at each path, as PNG or, by its ending, JPEG.
  func radiographs(_ paths: String..., width: Int = 40, height: Int = 36) throws {
    for path in paths {
      let isJpeg = path.hasSuffix(".jpg") || path.hasSuffix(".jpeg")
      let bytes =
        isJpeg
        ? Fixtures.jpeg(Fixtures.smooth(width: width, height: height), width: width, height: height)
        : try PngWriter.encode(Fixtures.noise(width: width, height: height))
      try folder.write(bytes, path)
    }
  }

  func text(_ path: String, _ text: String) throws { try folder.write(text, path) }

  /// A mask whose pixels `inside` holds for.
  func mask(_ path: String, width: Int, height: Int, inside: (Int, Int) -> Bool) throws {
    let pixels = (0..<width * height).map { Float(inside($0 / width, $0 % width) ? 1 : 0) }
    try folder.write(try PngWriter.encode(GrayImage(width: width, height: height, pixels: pixels)), path)
  }

  func open(
    _ options: CollectionOptions = CollectionOptions(), decoder: RadiographDecoder = RadiographDecoder()
  ) throws -> any RadiographSource {
    try openRadiographSource(path: "\(name):\(folder.path)", collection: options, decoder: decoder)
  }

  /// The words of the error that opening throws.
  func failure(_ options: CollectionOptions = CollectionOptions()) -> String? {
    Fixtures.failure { _ = try open(options) }
  }
}

extension RadiographSource {
  /// The record of the radiograph whose identifier ends so.
  func record(_ end: String) -> RadiographRecord? { records.first { $0.identifier.hasSuffix(end) } }

  func truth(_ end: String) throws -> RadiographTruth? {
    guard let index = records.firstIndex(where: { $0.identifier.hasSuffix(end) }) else { return nil }
    return try truth(at: index)
  }

  /// Identifiers by split.
  var splits: [String: [String]] {
    Dictionary(grouping: records) { $0.split ?? "" }.mapValues { $0.map(\.identifier).sorted() }
  }
}

enum Packed {
  /// A gzip file of one member.
  static func gzip(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    var stream = z_stream()
    precondition(
      deflateInit2_(
        &stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size))
        == Z_OK)
    defer { deflateEnd(&stream) }
    var packed = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))) + 64)
    let count = packed.count
    bytes.withUnsafeBufferPointer { input in
      packed.withUnsafeMutableBufferPointer { output in
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = UInt32(bytes.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(count)
        precondition(deflate(&stream, Z_FINISH) == Z_STREAM_END)
      }
    }
    return Array(packed.prefix(count - Int(stream.avail_out)))
  }
}

func has(_ text: String?, _ parts: String...) -> Bool {
  guard let text else { return false }
  return parts.allSatisfy(text.contains)
}
