import Foundation
import Synchronization

/// Shards of a store as memory, each mapped when it is first read and kept so.
final class ShardMaps: Sendable {
  private final class Map: Sendable {
    nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

    /// - Throws: the reason in words.
    init(path: String, size: Int) throws(Reason) {
      let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
      guard file >= 0 else { throw Reason("cannot be opened: \(FileBytes.systemReason())") }
      defer { close(file) }
      var status = stat()
      guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw Reason("is not a regular file")
      }
      guard Int(status.st_size) == size, size > 0 else {
        throw Reason("has \(status.st_size) bytes, \(size) are expected")
      }
      guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0), base != MAP_FAILED else {
        throw Reason("cannot be mapped: \(FileBytes.systemReason())")
      }
      bytes = UnsafeRawBufferPointer(start: base, count: size)
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }
  }

  struct Reason: Error {
    let text: String
    init(_ text: String) { self.text = text }
  }

  private let folder: String
  /// Bytes of each shard, as its index says.
  private let sizes: [Int]
  private let maps: Mutex<[Map?]>

  init(folder: String, sizes: [Int]) {
    (self.folder, self.sizes) = (folder, sizes)
    maps = Mutex(Array(repeating: nil, count: sizes.count))
  }

  /// The shard's pixels; they stay where they are while this object lives.
  func bytes(of shard: Int) throws(Reason) -> UnsafeRawBufferPointer {
    let known = maps.withLock { $0[shard] }
    if let known { return known.bytes }
    let map = try Map(path: folder + "/" + StoreFiles.pixels(shard), size: sizes[shard])
    // Another thread may have been quicker; its map counts, and ours goes.
    return maps.withLock { maps in
      if let earlier = maps[shard] { return earlier.bytes }
      maps[shard] = map
      return map.bytes
    }
  }
}
