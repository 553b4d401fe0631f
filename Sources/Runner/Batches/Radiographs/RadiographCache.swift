import Imaging
import Synchronization
import WorldModel

/// Keeps decoded radiographs in memory in front of another source.
///
/// What came first stays: an epoch visits every radiograph once in a new order, where throwing out the oldest would
/// keep fewer radiographs of use. Radiographs that cannot be used are remembered too, so that each is tried once. No
/// lock is held while a radiograph is decoded.
public final class RadiographCache: RadiographSource {
  private struct State {
    var radiographs: [Int: GrayImage] = [:]
    var bytes = 0
    var failures: [Int: UnusableRadiograph] = [:]
  }

  private let source: any RadiographSource
  private let mostBytes: Int
  private let state = Mutex(State())

  /// - Parameters:
  ///   - source: where radiographs come from.
  ///   - mostBytes: room for decoded pixels, 4 bytes each; 2 GiB by default. 0 keeps nothing but failures, and so
  ///     does a source whose radiographs are cheap.
  public init(_ source: any RadiographSource, mostBytes: Int = 2 << 30) {
    self.source = source
    self.mostBytes = source.radiographsAreCheap ? 0 : mostBytes
  }

  public var summary: String { source.summary }
  public var records: [RadiographRecord] { source.records }
  public var findingNames: [String] { source.findingNames }
  public var notes: [String] { source.notes }
  public var radiographsAreCheap: Bool { source.radiographsAreCheap }
  public func truth(at index: Int) throws -> RadiographTruth? { try source.truth(at: index) }
  public func header(at index: Int) throws -> ImageHeader? { try source.header(at: index) }

  /// Radiograph `index`, decoded now or before.
  /// - Throws: `UnusableRadiograph`, the same each time.
  public func radiograph(at index: Int) throws -> GrayImage {
    let known = state.withLock { ($0.radiographs[index], $0.failures[index]) }
    if let radiograph = known.0 { return radiograph }
    if let failure = known.1 { throw failure }
    do {
      let radiograph = try source.radiograph(at: index)
      keep(radiograph, at: index)
      return radiograph
    } catch let failure as UnusableRadiograph {
      state.withLock { $0.failures[index] = failure }
      throw failure
    }
  }

  private func keep(_ radiograph: GrayImage, at index: Int) {
    let size = radiograph.pixels.count * MemoryLayout<Float>.stride
    state.withLock { state in
      guard state.radiographs[index] == nil, state.bytes + size <= mostBytes else { return }
      state.radiographs[index] = radiograph
      state.bytes += size
    }
  }

  /// Radiographs that could not be used so far, each once, by identifier.
  public var skipped: [UnusableRadiograph] {
    state.withLock { Array($0.failures.values) }.sorted {
      $0.identifier.utf8.lexicographicallyPrecedes($1.identifier.utf8)
    }
  }

  /// Bytes of pixels kept now.
  public var keptBytes: Int { state.withLock { $0.bytes } }
}
