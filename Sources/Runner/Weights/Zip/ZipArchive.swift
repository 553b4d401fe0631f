import CoreTensor
import Foundation
import Runs
import WorldModel

/// An entry of a zip archive, stored without compression.
struct ZipEntry: Sendable, Equatable {
  let name: String
  /// Bytes.
  let size: Int
  /// CRC-32 of them.
  let checksum: UInt32
  /// The first of them in the file.
  let dataStart: Int
}

/// A zip archive of stored entries, ZIP64 included, as PyTorch writes them.
///
/// Everything that the directory says is checked at opening against the file's length and against the entries' own
/// headers: entries lie one after another, none is compressed, so an archive never holds more than its own length.
final class ZipArchive {
  let path: String
  let entries: [String: ZipEntry]
  /// False where every checksum is zero: PyTorch leaves them out where told `set_crc32_options(False)`.
  let hasChecksums: Bool
  private let file: FileDescriptor
  private var verified: Set<String> = []

  /// - Throws: `WeightsFileError` that says what is wrong with the archive, `StorageError.system`.
  init(path: String) throws {
    self.path = path
    file = try FileDescriptor("open", path, flags: O_RDONLY)
    let entries = try ZipDirectory(file, path: path).entries()
    hasChecksums = entries.contains { $0.checksum != 0 }
    self.entries = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
  }

  /// - Throws: where there is no such entry.
  func entry(_ name: String) throws -> ZipEntry {
    guard let entry = entries[name] else {
      throw WeightsFileError(path, nil, "expected an entry \(name), found none among \(entries.count)")
    }
    return entry
  }

  /// An entry's bytes, its checksum compared.
  /// - Parameter limit: most bytes that are reasonable for it.
  func bytes(of name: String, limit: Int) throws -> [UInt8] {
    let entry = try entry(name)
    guard entry.size <= limit else {
      throw WeightsFileError(path, name, "expected at most \(limit) bytes, found \(entry.size)")
    }
    try verify(entry)
    return try bytes(of: entry, 0..<entry.size)
  }

  /// Some of an entry's bytes; its checksum is compared when it is first read.
  /// - Precondition: `range` lies within the entry.
  func bytes(of entry: ZipEntry, _ range: Range<Int>) throws -> [UInt8] {
    require(
      range.lowerBound >= 0 && range.upperBound <= entry.size, "ZipArchive: \(range) of \(entry.size) bytes")
    try verify(entry)
    return try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, initialized in
      if !range.isEmpty {
        let room = UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(buffer)[..<range.count])
        try file.read(into: room, at: entry.dataStart + range.lowerBound)
      }
      initialized = range.count
    }
  }

  /// Compares an entry's checksum, once.
  func verify(_ entry: ZipEntry) throws {
    guard hasChecksums, !verified.contains(entry.name) else { return }
    var checksum = Checksum()
    var chunk = [UInt8](repeating: 0, count: min(entry.size, 1 << 20))
    var done = 0
    while done < entry.size {
      let count = min(chunk.count, entry.size - done)
      try chunk.withUnsafeMutableBytes { buffer in
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        try file.read(into: part, at: entry.dataStart + done)
        checksum.add(UnsafeRawBufferPointer(part))
      }
      done += count
    }
    guard checksum.value == entry.checksum else {
      throw WeightsFileError(
        path, entry.name,
        "expected checksum \(String(entry.checksum, radix: 16)), found \(checksum.text): the file is damaged; "
          + "copy or download it again")
    }
    verified.insert(entry.name)
  }
}
