import Foundation
import Runs
import WorldModel

/// How radiographs were made ready for a store; two stores of the same radiographs and settings are the same to the
/// byte.
public struct StoreSettings: Sendable, Equatable, Codable {
  /// Bits of a stored level.
  public enum Depth: String, Sendable, Codable, CaseIterable {
    /// 8 for radiographs of 8 bits or fewer, else 16.
    case auto
    case eight = "8"
    case sixteen = "16"
  }

  /// Pixels of the shorter side, at most; radiographs are never enlarged.
  public var size: Int
  public var depth: Depth
  /// Whether borders and the collimator's shade stay.
  public var keepsBorders: Bool
  /// Radiographs of the source to a shard, dropped ones counted.
  public var imagesPerShard: Int
  /// What else decides how a radiograph looks: options of the plugins that decode or make radiographs, as TOML.
  public var decoding: [String: String]

  public init(
    size: Int = 512, depth: Depth = .auto, keepsBorders: Bool = false, imagesPerShard: Int = 128,
    decoding: [String: String] = [:]
  ) {
    self.size = size
    self.depth = depth
    self.keepsBorders = keepsBorders
    self.imagesPerShard = imagesPerShard
    self.decoding = decoding
  }

  /// What differs from the settings of an earlier call, one phrase each.
  func differences(from earlier: StoreSettings) -> [String] {
    func phrase(_ name: String, _ now: String, _ then: String) -> String? {
      now == then ? nil : "\(name) is \(now), the store was begun with \(then)"
    }
    let decodingKeys = Set(decoding.keys).union(earlier.decoding.keys).sorted()
    return [
      phrase("--size", "\(size)", "\(earlier.size)"),
      phrase("--depth", depth.rawValue, earlier.depth.rawValue),
      phrase("--keep-borders", keepsBorders ? "on" : "off", earlier.keepsBorders ? "on" : "off"),
      phrase("radiographs a shard", "\(imagesPerShard)", "\(earlier.imagesPerShard)"),
    ].compactMap { $0 }
      + decodingKeys.compactMap {
        phrase($0, decoding[$0] ?? "not set", earlier.decoding[$0] ?? "not set")
      }
  }
}

/// `store.json`: what a store is, and whether it is finished.
struct StoreManifest: Codable, Equatable {
  static let name = "store.json"
  static let format = "chex-world-store"
  static let version = 1

  var format = Self.format
  var version = Self.version
  /// Whether every shard is there; written last.
  var isComplete = false
  var settings: StoreSettings
  /// The source's own summary.
  var source: String
  var notes: [String]
  var findingNames: [String]
  /// Radiographs of the source.
  var sourceRadiographs: Int
  /// Radiographs in the store, and radiographs that were left out; 0 until the store is complete.
  var radiographs = 0
  var dropped = 0
  /// Of the radiographs' records in their order, and of these and the settings.
  var radiographList: String
  var fingerprint: String

  init(_ source: any RadiographSource, settings: StoreSettings) throws {
    self.settings = settings
    self.source = source.summary
    notes = source.notes
    findingNames = source.findingNames
    sourceRadiographs = source.records.count
    var mark = Fingerprint(of: source.records)
    radiographList = mark.text
    mark.add(Data(try JsonText.encoded(settings, keys: .snakeCase).utf8.dropLast()))
    fingerprint = mark.text
  }

  var shardCount: Int { (sourceRadiographs + settings.imagesPerShard - 1) / settings.imagesPerShard }

  /// The file's bytes.
  func encoded() throws -> String { try JsonText.encoded(self, keys: .snakeCase) }

  /// Reads a store's manifest.
  /// - Throws: `RadiographsError.store` where it is none, of another version, or holds values that cannot be.
  static func read(folder: String) throws -> StoreManifest {
    let path = folder + "/" + name
    func refuse(_ problem: String) -> RadiographsError { .store(path: path, problem: problem) }
    let bytes = try FileBytes.read(path: path, mostBytes: 1 << 28) { refuse($0) }
    struct Head: Decodable {
      let format: String
      let version: Int
    }
    guard let head = try? JsonText.decoded(Head.self, from: Data(bytes), keys: .snakeCase),
      head.format == format
    else {
      throw refuse("a \"format\" of \"\(format)\" is expected, this is no store's description")
    }
    guard head.version == version else {
      throw refuse(
        "version \(head.version) found, version \(version) is read here; prepare the store again with this "
          + "program, or use the program that made it")
    }
    let manifest: StoreManifest
    do {
      manifest = try JsonText.decoded(StoreManifest.self, from: Data(bytes), keys: .snakeCase)
    } catch { throw refuse("damaged: \(error)") }
    guard (1...1_000_000).contains(manifest.settings.imagesPerShard), manifest.sourceRadiographs >= 0,
      manifest.sourceRadiographs <= 1 << 40, manifest.radiographs >= 0, manifest.dropped >= 0
    else { throw refuse("damaged: counts that cannot be") }
    return manifest
  }
}

/// A list of radiographs, as one number.
package enum RadiographList {
  /// A fingerprint of the records in their order: of names, patients, splits, views and findings, not of pixels.
  package static func fingerprint(_ records: [RadiographRecord]) -> String { Fingerprint(of: records).text }

  /// That of a store's radiographs and settings; nil where the folder is no store.
  /// - Throws: `RadiographsError.store` where the store cannot be read.
  package static func ofStore(_ folder: String) throws -> String? {
    guard access(folder + "/" + StoreManifest.name, F_OK) == 0 else { return nil }
    let store = try StoreManifest.read(folder: folder)
    return store.fingerprint + (store.isComplete ? "" : ", not complete")
  }
}

/// 64 bits that tell one list of bytes from another (FNV-1a): a guard against mistakes, not against forgery.
struct Fingerprint {
  private var state: UInt64 = 0xCBF2_9CE4_8422_2325

  init() {}

  /// Of radiographs' records in their order.
  init(of records: [RadiographRecord]) {
    for record in records { add(StoreLine.record(record)) }
  }

  mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    state = (state ^ 0xFF) &* 0x100_0000_01B3
  }

  /// Sixteen hexadecimal digits.
  var text: String {
    let digits = String(state, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
