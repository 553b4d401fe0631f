import CoreTensor
import Foundation
import Runs
import WorldModel

/// A store's folder while radiographs are written into it, shard by shard, by one caller at a time. Several processes may
/// write shards of their own.
///
/// A shard's pixels and then its index get their names when they are whole and on the disk, so whatever has an index
/// is finished.
final class StoreWriter {
  let folder: String
  private(set) var manifest: StoreManifest
  /// Shards that were not finished when the writer was made.
  private var unfinished: [Int] = []
  /// Those that this process has yet to write, in order.
  private var left: ArraySlice<Int> = []
  /// Radiographs of the first of them that were added.
  private var pending = 0
  private var claim: FolderClaim?
  private var shard: ShardFile?
  private var lines: [UInt8] = []

  /// Makes a store, or goes on with one.
  /// - Throws: `RadiographsError.store` where the folder holds something else, a store of other radiographs or
  ///   settings, or another process writes into it.
  init(folder: String, manifest: StoreManifest) throws {
    self.folder = folder
    try Self.makeFolder(folder)
    claim = try FolderClaim(folder)
    let path = folder + "/" + StoreManifest.name
    var manifest = manifest
    if FileBytes.exists(path) {
      let earlier = try StoreManifest.read(folder: folder)
      try Self.compare(manifest, with: earlier, path: path)
      manifest = earlier
    } else {
      let strangers = try Self.names(folder).filter { !UnfinishedFile.isOne($0) }
      guard strangers.isEmpty else {
        throw RadiographsError.store(
          path: folder,
          problem: "a new folder, an empty one or a store is expected; this one holds "
            + strangers.prefix(3).joined(separator: ", ") + (strangers.count > 3 ? " …" : "")
            + ", which is never overwritten; give another --out")
      }
      try DurableFile.write(try manifest.encoded(), to: path)
    }
    self.manifest = manifest
    try Self.makeFolder(folder + "/" + StoreFiles.shards)
    try removeRemains()
    unfinished = unfinishedShards()
    // A finished store of which a shard was removed becomes an unfinished one, until that is back.
    if manifest.isComplete, !unfinished.isEmpty {
      self.manifest.isComplete = false
      (self.manifest.radiographs, self.manifest.dropped) = (0, 0)
      try DurableFile.write(try self.manifest.encoded(), to: path)
    }
  }

  /// Writes into a store that another process, the first of those that share the work, has made or goes on with.
  init(joining folder: String, manifest: StoreManifest) throws {
    self.folder = folder
    let earlier = try StoreManifest.read(folder: folder)
    try Self.compare(manifest, with: earlier, path: folder + "/" + StoreManifest.name)
    self.manifest = earlier
    unfinished = unfinishedShards()
  }

  /// Radiographs of the shards that were finished.
  var finishedBefore: Int {
    manifest.sourceRadiographs - unfinished.reduce(0) { $0 + radiographs(of: $1).count }
  }

  /// The radiographs that a process is to add, in order: those of its shards, which are dealt out in turn.
  func share(rank: Int, size: Int) -> [Int] {
    let own = unfinished.enumerated().filter { $0.offset % size == rank }.map(\.element)
    left = own[...]
    return own.flatMap { Array(radiographs(of: $0)) }
  }

  private func radiographs(of shard: Int) -> Range<Int> {
    let perShard = manifest.settings.imagesPerShard
    return shard * perShard..<min((shard + 1) * perShard, manifest.sourceRadiographs)
  }

  private static func compare(_ new: StoreManifest, with earlier: StoreManifest, path: String) throws {
    var differences = new.settings.differences(from: earlier.settings)
    if new.radiographList != earlier.radiographList {
      differences.append(
        new.sourceRadiographs == earlier.sourceRadiographs
          ? "the radiographs' names or labels are others than those that it was begun with (\(earlier.source))"
          : "the source has \(new.sourceRadiographs) radiographs, the store was begun with \(earlier.sourceRadiographs) "
            + "(\(earlier.source))")
    }
    guard differences.isEmpty else {
      throw RadiographsError.store(
        path: path,
        problem: "the store was begun otherwise: " + differences.joined(separator: "; ")
          + "; go on with the same source and settings, or give another --out")
    }
  }

  private static func makeFolder(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch { throw RadiographsError.cannotWrite(path: path, reason: "the folder cannot be made: \(error)") }
  }

  private static func names(_ folder: String) throws -> [String] {
    do { return try FileManager.default.contentsOfDirectory(atPath: folder).sorted() } catch {
      throw RadiographsError.store(
        path: folder, problem: "the folder cannot be listed; check its permissions")
    }
  }

  /// Takes away what an interrupted call left unfinished.
  private func removeRemains() throws {
    for part in [folder, folder + "/" + StoreFiles.shards] {
      for name in try Self.names(part) where UnfinishedFile.isOne(name) { unlink(part + "/" + name) }
    }
  }

  private func unfinishedShards() -> [Int] {
    let isFinished = Compute.map(manifest.shardCount) { [folder, manifest] shard in
      let index = try? StoreIndex.read(
        folder: folder, shard: shard, imagesPerShard: manifest.settings.imagesPerShard)
      return index.map { $0.radiographs.count + $0.dropped.count }
    }
    return isFinished.indices.filter { isFinished[$0] != radiographs(of: $0).count }
  }

  /// Adds the next radiograph of this process's share.
  func append(_ radiograph: PreparedRadiograph) throws {
    let number = left[left.startIndex]
    let file = try shard ?? ShardFile(path: folder + "/" + StoreFiles.pixels(number))
    shard = file
    switch radiograph {
    case .dropped(let failure): lines += StoreLine.dropped(failure).encoded
    case .kept(let record, var place, let levels):
      place.offset = try file.append(levels)
      lines += StoreLine.radiograph(record, place).encoded
    }
    pending += 1
    guard pending == radiographs(of: number).count else { return }
    try file.finish()
    try DurableFile.write(lines, to: folder + "/" + StoreFiles.index(number))
    (shard, lines, pending) = (nil, [], 0)
    left.removeFirst()
  }

  /// The radiographs of all shards.
  func index() throws -> StoreIndex {
    try StoreIndex.read(
      folder: folder, shards: manifest.shardCount, imagesPerShard: manifest.settings.imagesPerShard)
  }

  /// Writes the list of dropped radiographs.
  func writeDropped(_ radiographs: [UnusableRadiograph]) throws {
    let rows = radiographs.map {
      DelimitedText.cell($0.identifier) + "," + DelimitedText.cell($0.reason) + "\n"
    }
    try DurableFile.write(
      Array(("identifier,reason\n" + rows.joined()).utf8), to: folder + "/" + StoreFiles.dropped)
  }

  /// Gives the folder free for another call and takes away what is unfinished; nothing more can be written.
  func release() {
    (shard, claim) = (nil, nil)
  }

  /// Says that the store is whole.
  func complete(_ index: StoreIndex) throws {
    guard !manifest.isComplete else { return }
    manifest.isComplete = true
    (manifest.radiographs, manifest.dropped) = (index.radiographs.count, index.dropped.count)
    try DurableFile.write(try manifest.encoded(), to: folder + "/" + StoreManifest.name)
  }
}

/// The pixels of one shard in the making. The index is written after they are on the disk, so that it never outlives a
/// power cut that its pixels do not.
private final class ShardFile {
  private let file: UnfinishedFile
  private var size = 0

  init(path: String) throws { file = try UnfinishedFile(path) }

  /// - Returns: where the bytes begin.
  func append(_ levels: [UInt8]) throws -> Int {
    let offset = (size + 63) / 64 * 64
    try write([UInt8](repeating: 0, count: offset - size))
    try write(levels)
    return offset
  }

  private func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try file.descriptor.write($0) }
    size += bytes.count
  }

  /// Brings the pixels to the disk and gives them their name.
  func finish() throws { try file.finish() }
}

/// A claim on a folder, which ends with the process, however that ends.
private final class FolderClaim {
  private let folder: Int32

  init(_ path: String) throws {
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else {
      throw RadiographsError.store(path: path, problem: "cannot be opened: \(FileBytes.systemReason())")
    }
    // Some network file systems have no locks for folders; there two processes must not be started at once.
    if flock(folder, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      throw RadiographsError.store(
        path: path, problem: "another process is preparing this store; wait for it, or give another --out")
    }
  }

  deinit { close(folder) }
}
