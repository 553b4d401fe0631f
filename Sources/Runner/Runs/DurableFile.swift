import Foundation

/// Receives a file's bytes in order, and keeps count and checksum of them.
public final class FileSink {
  /// Where the bytes go.
  public let path: String
  /// Bytes so far.
  public private(set) var byteCount = 0
  private var checksum = Checksum()
  private let descriptor: FileDescriptor

  /// - Parameter flags: default a new file.
  package init(path: String, flags: Int32 = O_WRONLY | O_CREAT | O_EXCL) throws {
    self.path = path
    descriptor = try FileDescriptor("create", path, flags: flags)
  }

  /// Of a file that its owner finishes.
  fileprivate init(_ file: UnfinishedFile) { (path, descriptor) = (file.path, file.descriptor) }

  /// Length and checksum so far.
  fileprivate var seal: FileSeal { FileSeal(bytes: byteCount, crc32: checksum.text) }

  /// - Throws: `StorageError.system`, on a full disk for instance.
  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    try descriptor.write(bytes)
    checksum.add(bytes)
    byteCount += bytes.count
  }

  /// Writes `text` in UTF-8.
  public func write(_ text: String) throws {
    var text = text
    try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
  }

  /// Brings the file to the disk and closes it.
  /// - Returns: its length and checksum.
  package func finish() throws -> FileSeal {
    try descriptor.synchronize()
    try descriptor.close()
    return seal
  }
}

/// Files that are whole or absent, whenever the process or the machine stops.
public enum DurableFile {
  /// Writes under a temporary name in the same folder, syncs, renames, syncs the folder.
  /// - Parameters:
  ///   - path: replaced where it exists; its folder must exist.
  ///   - body: gives the bytes.
  /// - Returns: length and checksum of what was written.
  /// - Throws: `StorageError.system` with path and reason, or what `body` throws. The file at `path` is then as it
  ///   was before, and no temporary file is left.
  @discardableResult
  public static func write(to path: String, _ body: (FileSink) throws -> Void) throws -> FileSeal {
    let file = try UnfinishedFile(path)
    let sink = FileSink(file)
    try body(sink)
    try file.finish()
    return sink.seal
  }

  /// Writes bytes.
  @discardableResult
  package static func write(_ bytes: [UInt8], to path: String) throws -> FileSeal {
    try write(to: path) { sink in try bytes.withUnsafeBytes { try sink.write($0) } }
  }

  /// Writes `text` in UTF-8.
  @discardableResult
  public static func write(_ text: String, to path: String) throws -> FileSeal {
    try write(to: path) { try $0.write(text) }
  }

  /// Length and checksum of a file as it now reads from the disk.
  /// - Throws: `StorageError`, where it cannot be read.
  public static func seal(of path: String) throws -> FileSeal {
    let file = try FileDescriptor("open", path, flags: O_RDONLY)
    let size = try file.regularFileSize()
    // What is still cached would vouch for memory, not for the disk.
    _ = posix_fadvise(file.raw, 0, 0, POSIX_FADV_DONTNEED)
    var checksum = Checksum()
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { chunk.deallocate() }
    var offset = 0
    while offset < size {
      let part = UnsafeMutableRawBufferPointer(rebasing: chunk[..<min(chunk.count, size - offset)])
      try file.read(into: part, at: offset)
      checksum.add(UnsafeRawBufferPointer(part))
      offset += part.count
    }
    return FileSeal(bytes: size, crc32: checksum.text)
  }

  /// A whole file.
  /// - Parameter limit: most bytes that are reasonable for it.
  package static func read(_ path: String, limit: Int = 1 << 30) throws -> Data {
    let file = try FileDescriptor("open", path, flags: O_RDONLY)
    let size = try file.regularFileSize()
    guard size <= limit else {
      throw StorageError.damaged(file: path, expected: "at most \(limit) bytes", found: "\(size)")
    }
    var data = Data(count: size)
    if size > 0 { try data.withUnsafeMutableBytes { try file.read(into: $0, at: 0) } }
    return data
  }
}
