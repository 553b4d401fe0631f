import Foundation
import Imaging
import Testing
import WorldModel

@testable import Radiographs

/// A damaged or malicious store gives errors that name the place, and never ends the process.
@Suite struct StoreDamageTests {
  private let scratch: ScratchFolder
  private let source = InventedSource.levels(20, bits: 8)
  init() throws {
    scratch = try ScratchFolder()
    try scratch.store(source, StoreSettings(keepsBorders: true, imagesPerShard: 8))
  }

  private var opening: String? { Fixtures.failure { _ = try StoreSource(folder: scratch.path + "/store") } }

  @Test func damagedPixelsAreAnUnusableRadiograph() throws {
    var bytes = try scratch.bytes("store/shards/000001.bin")
    bytes[100] ^= 4
    try scratch.write(bytes, "store/shards/000001.bin")
    let store = try StoreSource(folder: scratch.path + "/store")
    var failures: [String] = []
    for index in store.records.indices {
      do { _ = try store.radiograph(at: index) } catch let radiograph as UnusableRadiograph {
        #expect(radiograph.identifier == store.records[index].identifier)
        failures.append(radiograph.reason)
      }
    }
    #expect(failures == ["shards/000001.bin: damaged: the pixels' checksum is not that of the index"])
  }

  @Test func shardsThatAreShortOrGone() throws {
    let bytes = try scratch.bytes("store/shards/000000.bin")
    for wrong in [Array(bytes.dropLast()), bytes + [0], []] {
      try scratch.write(wrong, "store/shards/000000.bin")
      #expect(
        opening?.contains("000000.bin: \(bytes.count) bytes expected by its index, found \(wrong.count)")
          == true
          || opening?.contains("outside of the shard's \(wrong.count)") == true)
    }
    try scratch.write(bytes, "store/shards/000000.bin")
    let store = try StoreSource(folder: scratch.path + "/store")
    try scratch.write(Array(bytes.dropLast(1000)), "store/shards/000000.bin")
    #expect(
      Fixtures.reason { _ = try store.radiograph(at: 0) }?
        .contains("000000.bin: has \(bytes.count - 1000) bytes, \(bytes.count) are expected") == true)
    try FileManager.default.removeItem(atPath: scratch.path + "/store/shards/000000.bin")
    #expect(Fixtures.reason { _ = try store.radiograph(at: 0) }?.contains("cannot be opened") == true)
    #expect(opening?.contains("000000.bin: missing") == true)
  }

  @Test(arguments: [
    ("\"width\":40", "\"width\":0"), ("\"width\":40", "\"width\":-3"), ("\"width\":40", "\"width\":999999"),
    ("\"width\":40", "\"width\":4000000000"), ("\"width\":40", "\"width\":99999999999999999999999"),
    ("\"width\":40,", ""), ("\"offset\":0,", ""), ("\"offset\":0", "\"offset\":64"),
    ("\"offset\":0", "\"offset\":7"), ("\"offset\":0", "\"offset\":999999999999936"),
    ("\"bits\":8", "\"bits\":16"), ("\"bits\":8", "\"bits\":64"), ("\"crc32\":", "\"crc32\":9999999999"),
    ("\"crop\":[0,0", "\"crop\":[9,0"), ("\"crop\":[0,0", "\"crop\":[0,999999999999999"),
    ("\"crop\":[0,0", "\"crop\":[0"), ("\"source\":[40", "\"source\":[0"), ("{", "["), ("}\n", "}"),
    ("\"view\":\"PA\"", "\"view\":\"UP\""), ("\"identifier\":", "\"unheard\":"), ("\\u0001", "\\u0xyz"),
    ("\\u0001", "\\x"), ("\"findings\":[", "\"findings\":[[["), ("\"attributes\":{", "\"attributes\":{,"),
  ])
  func hostileIndices(part: String, replacement: String) throws {
    let path = "store/shards/000000.jsonl"
    let text = String(decoding: try scratch.bytes(path), as: UTF8.self)
    let range = try #require(text.range(of: part))
    try scratch.write(text.replacingCharacters(in: range, with: replacement), path)
    let found = try #require(opening)
    #expect(found.contains("000000.jsonl: line 1: ") || found.contains("000000.jsonl: line 2: "), "\(found)")
  }

  @Test func everyCutOfAnIndexIsRefused() throws {
    let path = "store/shards/000002.jsonl"
    let bytes = try scratch.bytes(path)
    for length in stride(from: 0, to: bytes.count - 1, by: 7) {
      try scratch.write(Array(bytes[..<length]), path)
      #expect(opening != nil, "cut to \(length) of \(bytes.count)")
    }
  }

  @Test func changedBytesNeverTrap() throws {
    let path = "store/shards/000002.jsonl"
    let bytes = try scratch.bytes(path)
    for position in bytes.indices {
      var changed = bytes
      changed[position] ^= UInt8(1 << (position % 8))
      try scratch.write(changed, path)
      guard let store = try? StoreSource(folder: scratch.path + "/store") else { continue }
      for index in store.records.indices.suffix(3) { _ = try? store.radiograph(at: index) }
    }
  }

  @Test(arguments: [
    ("\"version\" : 1", "\"version\" : 2", "version 2 found, version 1 is read here"),
    ("chex-world-store", "a-cake", "this is no store's description"),
    ("\"radiographs\" : 17", "\"radiographs\" : 16", "16 radiographs and 3 dropped ones expected"),
    ("\"images_per_shard\" : 8", "\"images_per_shard\" : 0", "counts that cannot be"),
    ("\"source_radiographs\" : 20", "\"source_radiographs\" : 30", "000003.jsonl: the file does not exist"),
    ("\"source_radiographs\" : 20", "\"source_radiographs\" : -30", "counts that cannot be"),
    ("\"source_radiographs\" : 20", "\"source_radiographs\" : 1000000000000000000", "counts that cannot be"),
    ("\"is_complete\" : true", "\"is_complete\" : false", "the store is not finished"),
    ("\"settings\"", "\"sittings\"", "damaged"), ("{", "[", "this is no store's description"),
  ])
  func wrongManifests(part: String, replacement: String, words: String) throws {
    let text = String(decoding: try scratch.bytes("store/store.json"), as: UTF8.self)
    let range = try #require(text.range(of: part), "\(text)")
    try scratch.write(text.replacingCharacters(in: range, with: replacement), "store/store.json")
    #expect(opening?.contains(words) == true, "\(opening ?? "opened")")
  }
}
