import CCodecs
import Imaging
import Runs
import Synchronization
import WorldModel

/// Films that `chex-runner data prepare` packed: read from mapped memory, a small part of the time that decoding takes.
public struct StoreSource: FilmSource {
  public let summary: String
  public let records: [FilmRecord]
  public let findingNames: [String]
  public let notes: [String]
  /// The system keeps what was read; a cache of floats would be a copy four times as large.
  public var filmsAreCheap: Bool { true }
  /// Where each film lies, in the order of the records.
  public let films: [StoredFilm]
  private let shards: ShardMaps
  private let checked: CheckedFilms

  /// Whether a folder is a store, finished or not.
  static func isStore(_ folder: String) -> Bool { FileBytes.exists(folder + "/" + StoreManifest.name) }

  /// Whether a folder has a store's shards and nothing that says so.
  static func lacksManifest(_ folder: String) -> Bool {
    !isStore(folder) && FileBytes.exists(folder + "/" + StoreFiles.index(0))
  }

  /// Opens a store; pixels are mapped when a film is first asked for.
  /// - Parameter filters: `column=value` by the films' attributes, `patient`, `split` or `view`; a film must match all.
  /// - Throws: `FilmsError.store` where the store is unfinished, of another version, incomplete or damaged, or no film
  ///   matches.
  public init(folder: String, filters: [String] = []) throws {
    let manifest = try StoreManifest.read(folder: folder)
    let path = folder + "/" + StoreManifest.name
    guard manifest.isComplete else {
      throw FilmsError.store(
        path: path, problem: "the store is not finished; run the data prepare that began it again, it goes on"
      )
    }
    var index = try StoreIndex.read(
      folder: folder, shards: manifest.shardCount, filmsPerShard: manifest.settings.filmsPerShard)
    guard index.films.count == manifest.films, index.dropped.count == manifest.dropped else {
      throw FilmsError.store(
        path: path,
        problem: "\(manifest.films) films and \(manifest.dropped) dropped ones expected, the shards' indices "
          + "have \(index.films.count) and \(index.dropped.count)")
    }
    var sizes = [Int](repeating: 0, count: manifest.shardCount)
    for film in index.films { sizes[film.shard] = film.offset + film.byteCount }
    try Self.select(filters, from: &index, path: path)
    (records, films) = (index.records, index.films)
    findingNames = manifest.findingNames
    notes =
      manifest.notes
      + (manifest.dropped > 0
        ? ["\(manifest.dropped) films were dropped when the store was made; see \(StoreFiles.dropped)"] : [])
    shards = ShardMaps(folder: folder, sizes: sizes)
    checked = CheckedFilms(count: films.count)
    let only = filters.isEmpty ? "" : ", only " + filters.joined(separator: " and ")
    summary = "store \(folder), \(films.count) films\(only), made from \(manifest.source)"
  }

  private static func select(_ filters: [String], from index: inout StoreIndex, path: String) throws {
    guard !filters.isEmpty else { return }
    let wanted = try filters.map { filter in
      guard let equals = filter.firstIndex(of: "=") else {
        throw FilmsError.store(path: path, problem: "filter \"\(filter)\" is not of the form column=value")
      }
      return (name: String(filter[..<equals]), value: String(filter[filter.index(after: equals)...]))
    }
    let known = Set(index.records.lazy.flatMap(\.attributes.keys)).union(["patient", "split", "view"])
    if let stranger = wanted.first(where: { !known.contains($0.name) }) {
      throw FilmsError.store(
        path: path,
        problem: "no film has \"\(stranger.name)\" to filter by; known are "
          + known.sorted().joined(separator: ", "))
    }
    let matching = index.records.indices.filter { film in
      wanted.allSatisfy { index.records[film].value(of: $0.name) == $0.value }
    }
    if matching.isEmpty {
      throw FilmsError.store(
        path: path,
        problem: "none of its \(index.records.count) films matches " + filters.joined(separator: " and "))
    }
    index.records = matching.map { index.records[$0] }
    index.films = matching.map { index.films[$0] }
  }

  /// What the header of the film's file said; nil where the source makes its films.
  public func header(at index: Int) throws -> ImageHeader? {
    let film = films[index]
    guard film.sourceDepth > 0 else { return nil }
    return ImageHeader(
      width: film.sourceWidth, height: film.sourceHeight, bitDepth: film.sourceDepth,
      channels: max(film.sourceChannels, 1))
  }

  /// The film, its checksum compared the first time it is read.
  /// - Throws: `UnusableFilm` with the shard, where that is gone or damaged.
  public func film(at index: Int) throws -> GrayImage {
    let film = films[index]
    func unusable(_ reason: String) -> UnusableFilm {
      UnusableFilm(
        identifier: records[index].identifier, reason: "\(StoreFiles.pixels(film.shard)): \(reason)")
    }
    let bytes: UnsafeRawBufferPointer
    do { bytes = try shards.bytes(of: film.shard) } catch { throw unusable(error.text) }
    let range = film.offset..<film.offset + film.byteCount
    guard range.upperBound <= bytes.count else { throw unusable("ends before the film does") }
    let levels = UnsafeRawBufferPointer(rebasing: bytes[range])
    if !checked.contains(index) {
      guard Checksum.value(of: levels) == film.crc32 else {
        throw unusable("damaged: the pixels' checksum is not that of the index")
      }
      checked.insert(index)
    }
    let count = film.width * film.height
    let pixels = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      let base = levels.baseAddress!
      if film.bits == 8 {
        chex_pixels_from_8(base.assumingMemoryBound(to: UInt8.self), buffer.baseAddress!, count)
      } else {
        chex_pixels_from_16(base.assumingMemoryBound(to: UInt16.self), buffer.baseAddress!, count)
      }
      initialized = count
    }
    return GrayImage(width: film.width, height: film.height, pixels: pixels)
  }
}

extension FilmRecord {
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

/// Which films were found sound, one bit each.
private final class CheckedFilms: Sendable {
  private let words: Mutex<[UInt64]>
  init(count: Int) { words = Mutex(Array(repeating: 0, count: (count + 63) / 64)) }
  func contains(_ index: Int) -> Bool { words.withLock { $0[index / 64] >> UInt64(index % 64) & 1 == 1 } }
  func insert(_ index: Int) { words.withLock { $0[index / 64] |= 1 << UInt64(index % 64) } }
}
