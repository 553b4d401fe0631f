import Imaging
import Synchronization
import WorldModel

/// Keeps decoded films in memory in front of another source.
///
/// What came first stays: an epoch visits every film once in a new order, where throwing out the oldest would
/// keep fewer films of use. Films that cannot be used are remembered too, so that each is tried once. No lock
/// is held while a film is decoded.
public final class FilmCache: FilmSource {
  private struct State {
    var films: [Int: GrayImage] = [:]
    var bytes = 0
    var failures: [Int: UnusableFilm] = [:]
  }

  private let source: any FilmSource
  private let mostBytes: Int
  private let state = Mutex(State())

  /// - Parameters:
  ///   - source: where films come from.
  ///   - mostBytes: room for decoded pixels, 4 bytes each; 2 GiB by default. 0 keeps nothing but failures, and so
  ///     does a source whose films are cheap.
  public init(_ source: any FilmSource, mostBytes: Int = 2 << 30) {
    self.source = source
    self.mostBytes = source.filmsAreCheap ? 0 : mostBytes
  }

  public var summary: String { source.summary }
  public var records: [FilmRecord] { source.records }
  public var findingNames: [String] { source.findingNames }
  public var notes: [String] { source.notes }
  public var filmsAreCheap: Bool { source.filmsAreCheap }
  public func truth(at index: Int) throws -> FilmTruth? { try source.truth(at: index) }
  public func header(at index: Int) throws -> ImageHeader? { try source.header(at: index) }

  /// Film `index`, decoded now or before.
  /// - Throws: `UnusableFilm`, the same each time.
  public func film(at index: Int) throws -> GrayImage {
    let known = state.withLock { ($0.films[index], $0.failures[index]) }
    if let film = known.0 { return film }
    if let failure = known.1 { throw failure }
    do {
      let film = try source.film(at: index)
      keep(film, at: index)
      return film
    } catch let failure as UnusableFilm {
      state.withLock { $0.failures[index] = failure }
      throw failure
    }
  }

  private func keep(_ film: GrayImage, at index: Int) {
    let size = film.pixels.count * MemoryLayout<Float>.stride
    state.withLock { state in
      guard state.films[index] == nil, state.bytes + size <= mostBytes else { return }
      state.films[index] = film
      state.bytes += size
    }
  }

  /// Films that could not be used so far, each once, by identifier.
  public var skipped: [UnusableFilm] {
    state.withLock { Array($0.failures.values) }.sorted {
      $0.identifier.utf8.lexicographicallyPrecedes($1.identifier.utf8)
    }
  }

  /// Bytes of pixels kept now.
  public var keptBytes: Int { state.withLock { $0.bytes } }
}
