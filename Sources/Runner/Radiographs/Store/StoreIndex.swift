import CoreTensor
import Foundation
import Synchronization
import WorldModel

/// Names of a store's files.
enum StoreFiles {
  static let shards = "shards"
  static let dropped = "dropped.csv"

  private static func stem(_ shard: Int) -> String {
    let digits = String(shard)
    return shards + "/" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }
  /// Pixels of a shard.
  static func pixels(_ shard: Int) -> String { stem(shard) + ".bin" }
  /// Its index, which exists only beside finished pixels.
  static func index(_ shard: Int) -> String { stem(shard) + ".jsonl" }
}

/// Every radiograph of a store's finished shards, kept or dropped.
public struct StoreIndex: Sendable {
  public var records: [RadiographRecord] = []
  /// Of the records, in the same order.
  public var radiographs: [StoredRadiograph] = []
  public var dropped: [UnusableRadiograph] = []
  /// Bytes of all shards' pixels.
  public var byteCount = 0

  /// Reads the indices of shards on all threads.
  /// - Throws: `RadiographsError.store` for the first shard that is missing, cut short or damaged.
  static func read(folder: String, shards: Int, imagesPerShard: Int) throws -> StoreIndex {
    let slots = Mutex([Result<StoreIndex, any Error>?](repeating: nil, count: shards))
    Compute.parallel(shards) { shard in
      let result = Result { try self.read(folder: folder, shard: shard, imagesPerShard: imagesPerShard) }
      slots.withLock { $0[shard] = result }
    }
    let parts = try slots.withLock { $0 }.compactMap { try $0?.get() }
    var index = StoreIndex()
    let count = parts.reduce(0) { $0 + $1.radiographs.count }
    index.records.reserveCapacity(count)
    index.radiographs.reserveCapacity(count)
    for part in parts {
      index.records += part.records
      index.radiographs += part.radiographs
      index.dropped += part.dropped
      index.byteCount += part.byteCount
    }
    return index
  }

  /// Reads one shard's index and holds it against the shard's size.
  static func read(folder: String, shard: Int, imagesPerShard: Int) throws -> StoreIndex {
    let path = folder + "/" + StoreFiles.index(shard)
    let bytes = try FileBytes.read(path: path, mostBytes: 1 << 31) {
      RadiographsError.store(path: path, problem: $0 + "; " + remedy)
    }
    let pixels = folder + "/" + StoreFiles.pixels(shard)
    var status = stat()
    guard stat(pixels, &status) == 0 else {
      throw RadiographsError.store(path: pixels, problem: "missing (\(FileBytes.systemReason())); " + remedy)
    }
    var index = StoreIndex()
    index.byteCount = Int(status.st_size)
    let most = min(imagesPerShard, bytes.count / 100 + 1)
    index.records.reserveCapacity(most)
    index.radiographs.reserveCapacity(most)
    var line = 0
    do {
      try bytes.withUnsafeBufferPointer { buffer in
        var reader = StoreLineReader(buffer)
        while let entry = try reader.next() {
          try index.add(entry, shard: shard, sourceIndex: shard * imagesPerShard + line)
          line += 1
        }
      }
    } catch let problem as StoreLineReader.Problem {
      throw RadiographsError.store(path: path, problem: "line \(line + 1): \(problem.text); " + remedy)
    }
    let needed = index.radiographs.last.map { $0.offset + $0.byteCount } ?? 0
    guard needed == index.byteCount else {
      throw RadiographsError.store(
        path: pixels,
        problem: "\(needed) bytes expected by its index, found \(index.byteCount); " + remedy)
    }
    return index
  }

  private static let remedy =
    "give the shard back from a copy, or remove its .jsonl and prepare the store again with the same command"

  private mutating func add(
    _ entry: StoreLine, shard: Int, sourceIndex: Int
  ) throws(StoreLineReader.Problem) {
    switch entry {
    case .dropped(let radiograph): dropped.append(radiograph)
    case .radiograph(let record, var radiograph):
      radiograph.shard = shard
      radiograph.sourceIndex = sourceIndex
      let end = radiographs.last.map { $0.offset + $0.byteCount } ?? 0
      // Offsets of fifteen digits and sides of six leave room in 64 bits.
      guard radiograph.offset >= end, radiograph.offset + radiograph.byteCount <= byteCount else {
        throw .init(
          "\(record.identifier): bytes \(radiograph.offset) to \(radiograph.offset + radiograph.byteCount) overlap the radiograph "
            + "before or lie outside of the shard's \(byteCount)")
      }
      records.append(record)
      radiographs.append(radiograph)
    }
  }
}
