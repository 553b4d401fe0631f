import CCodecs
import Imaging
import Runs
import Synchronization
import WorldModel

/// Radiographs that `chex-runner data prepare` packed: read from mapped memory, a small part of the time that decoding
/// takes.
public struct StoreSource: RadiographSource {
  public let summary: String
  public let records: [RadiographRecord]
  public let findingNames: [String]
  public let notes: [String]
  /// The system keeps what was read; a cache of floats would be a copy four times as large.
  public var radiographsAreCheap: Bool { true }
  /// Where each radiograph lies, in the order of the records.
  public let radiographs: [StoredRadiograph]
  private let shards: ShardMaps
  private let checked: CheckedRadiographs

  /// Whether a folder is a store, finished or not.
  static func isStore(_ folder: String) -> Bool { FileBytes.exists(folder + "/" + StoreManifest.name) }

  /// Whether a folder has a store's shards and nothing that says so.
  static func lacksManifest(_ folder: String) -> Bool {
    !isStore(folder) && FileBytes.exists(folder + "/" + StoreFiles.index(0))
  }

  /// Opens a store; pixels are mapped when a radiograph is first asked for.
  /// - Parameter filters: `column=value` by the radiographs' attributes, `patient`, `split` or `view`; a radiograph
  ///   must match all.
  /// - Throws: `RadiographsError.store` where the store is unfinished, of another version, incomplete or damaged, or no
  ///   radiograph matches.
  public init(folder: String, filters: [String] = []) throws {
    let manifest = try StoreManifest.read(folder: folder)
    let path = folder + "/" + StoreManifest.name
    guard manifest.isComplete else {
      throw RadiographsError.store(
        path: path, problem: "the store is not finished; run the data prepare that began it again, it goes on"
      )
    }
    var index = try StoreIndex.read(
      folder: folder, shards: manifest.shardCount, imagesPerShard: manifest.settings.imagesPerShard)
    guard index.radiographs.count == manifest.radiographs, index.dropped.count == manifest.dropped else {
      throw RadiographsError.store(
        path: path,
        problem:
          "\(manifest.radiographs) radiographs and \(manifest.dropped) dropped ones expected, the shards' indices "
          + "have \(index.radiographs.count) and \(index.dropped.count)")
    }
    var sizes = [Int](repeating: 0, count: manifest.shardCount)
    for radiograph in index.radiographs { sizes[radiograph.shard] = radiograph.offset + radiograph.byteCount }
    try Self.select(filters, from: &index, path: path)
    (records, radiographs) = (index.records, index.radiographs)
    findingNames = manifest.findingNames
    notes =
      manifest.notes
      + (manifest.dropped > 0
        ? ["\(manifest.dropped) radiographs were dropped when the store was made; see \(StoreFiles.dropped)"]
        : [])
    shards = ShardMaps(folder: folder, sizes: sizes)
    checked = CheckedRadiographs(count: radiographs.count)
    let only = filters.isEmpty ? "" : ", only " + filters.joined(separator: " and ")
    summary = "store \(folder), \(radiographs.count) radiographs\(only), made from \(manifest.source)"
  }

  private static func select(_ filters: [String], from index: inout StoreIndex, path: String) throws {
    guard !filters.isEmpty else { return }
    let wanted = try filters.map { filter in
      guard let equals = filter.firstIndex(of: "=") else {
        throw RadiographsError.store(
          path: path, problem: "filter \"\(filter)\" is not of the form column=value")
      }
      return (name: String(filter[..<equals]), value: String(filter[filter.index(after: equals)...]))
    }
    let known = Set(index.records.lazy.flatMap(\.attributes.keys)).union(["patient", "split", "view"])
    if let stranger = wanted.first(where: { !known.contains($0.name) }) {
      throw RadiographsError.store(
        path: path,
        problem: "no radiograph has \"\(stranger.name)\" to filter by; known are "
          + known.sorted().joined(separator: ", "))
    }
    let matching = index.records.indices.filter { radiograph in
      wanted.allSatisfy { index.records[radiograph].value(of: $0.name) == $0.value }
    }
    if matching.isEmpty {
      throw RadiographsError.store(
        path: path,
        problem: "none of its \(index.records.count) radiographs matches "
          + filters.joined(separator: " and "))
    }
    index.records = matching.map { index.records[$0] }
    index.radiographs = matching.map { index.radiographs[$0] }
  }

  /// What the header of the radiograph's file said; nil where the source makes its radiographs.
  public func header(at index: Int) throws -> ImageHeader? {
    let radiograph = radiographs[index]
    guard radiograph.sourceDepth > 0 else { return nil }
    return ImageHeader(
      width: radiograph.sourceWidth, height: radiograph.sourceHeight, bitDepth: radiograph.sourceDepth,
      channels: max(radiograph.sourceChannels, 1))
  }

  /// The radiograph, its checksum compared the first time it is read.
  /// - Throws: `UnusableRadiograph` with the shard, where that is gone or damaged.
  public func radiograph(at index: Int) throws -> GrayImage {
    let radiograph = radiographs[index]
    func unusable(_ reason: String) -> UnusableRadiograph {
      UnusableRadiograph(
        identifier: records[index].identifier, reason: "\(StoreFiles.pixels(radiograph.shard)): \(reason)")
    }
    let bytes: UnsafeRawBufferPointer
    do { bytes = try shards.bytes(of: radiograph.shard) } catch { throw unusable(error.text) }
    let range = radiograph.offset..<radiograph.offset + radiograph.byteCount
    guard range.upperBound <= bytes.count else { throw unusable("ends before the image does") }
    let levels = UnsafeRawBufferPointer(rebasing: bytes[range])
    if !checked.contains(index) {
      guard Checksum.value(of: levels) == radiograph.crc32 else {
        throw unusable("damaged: the pixels' checksum is not that of the index")
      }
      checked.insert(index)
    }
    let count = radiograph.width * radiograph.height
    let pixels = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      let base = levels.baseAddress!
      if radiograph.bits == 8 {
        chex_pixels_from_8(base.assumingMemoryBound(to: UInt8.self), buffer.baseAddress!, count)
      } else {
        chex_pixels_from_16(base.assumingMemoryBound(to: UInt16.self), buffer.baseAddress!, count)
      }
      initialized = count
    }
    return GrayImage(width: radiograph.width, height: radiograph.height, pixels: pixels)
  }
}

extension RadiographRecord {
  /// What a filter's name means.
  fileprivate func value(of name: String) -> String? {
    if let value = attributes[name] { return value }
    switch name {
    case "patient": return patient
    case "split": return split
    case "view": return view?.rawValue
    default: return nil
    }
  }
}

/// Which radiographs were found sound, one bit each.
private final class CheckedRadiographs: Sendable {
  private let words: Mutex<[UInt64]>
  init(count: Int) { words = Mutex(Array(repeating: 0, count: (count + 63) / 64)) }
  func contains(_ index: Int) -> Bool { words.withLock { $0[index / 64] >> UInt64(index % 64) & 1 == 1 } }
  func insert(_ index: Int) { words.withLock { $0[index / 64] |= 1 << UInt64(index % 64) } }
}
