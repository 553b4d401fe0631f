import Batches
import Console
import CoreTensor
import Imaging
import PluginHost
import Radiographs
import Runs
import WorldModel

/// Where a run's films come from.
extension RunSetup {
  /// Decodes PNG, JPEG, and what enabled codec plugins read.
  /// - Parameter asStored: false, the default: films come no larger than the smallest crop needs.
  package func decoder(asStored: Bool = false) throws -> FilmDecoder {
    var decoder = FilmDecoder(
      codecs: try FilmCodecs.make(plugins) { configuration.options(of: $0, declared: $1) })
    decoder.shorterSide =
      asStored ? nil : configuration.views.shorterSide(for: configuration.model.imageSize)
    return decoder
  }

  /// The run's films, kept in memory as far as there is room.
  /// - Parameter keepsFilms: false where each film is looked at once.
  package func filmSource(keepsFilms: Bool = true) throws -> FilmCache {
    FilmCache(try openSource(), mostBytes: keepsFilms ? configuration.data.cacheMebibytes << 20 : 0)
  }

  /// The run's films: of one source as it is, of several joined.
  /// - Parameter asStored: see ``decoder(asStored:)``.
  package func openSource(asStored: Bool = false) throws -> any FilmSource {
    try openSources(beside: [], asStored: asStored).films
  }

  /// The run's films, and other sources with the same settings, each with those that it obeys.
  /// - Parameter others: as `--data` takes them.
  package func openSources(
    beside others: [String], asStored: Bool = false
  ) throws -> (films: any FilmSource, others: [any FilmSource]) {
    let names = configuration.data.sources
    let opened = try open(names + others, asStored: asStored)
    let films = opened.prefix(names.count)
    let parts = zip(Self.shortNames(names), films).map { JoinedSource.Part(name: $0, source: $1) }
    return (parts.count > 1 ? JoinedSource(parts) : opened[0], Array(opened.dropFirst(names.count)))
  }

  /// Films of data plugins where they have the name, else of stores, collections, folders and tables, each with those
  /// settings of `[data]` that it obeys.
  /// - Throws: also where a setting applies to none of them.
  private func open(_ names: [String], asStored: Bool) throws -> [any FilmSource] {
    let data = configuration.data
    let table = TableOptions(
      pathColumn: data.pathColumn.nonEmpty, labelColumn: data.labelColumn.nonEmpty,
      patientColumn: data.patientColumn.nonEmpty, splitColumn: data.splitColumn.nonEmpty,
      labelColumns: data.labelColumns)
    let made = try names.map { try openPlugin($0) }
    let paths = zip(names, made).filter { $0.1 == nil }.map(\.0)
    var opened =
      paths.isEmpty
      ? []
      : try openFilmSources(
        paths: paths, options: FilmSourceOptions(table: table, collection: data.labels),
        decoder: try decoder(asStored: asStored))[...]
    return made.map { $0 ?? opened.removeFirst() }
  }

  /// Nil where no data plugin has the name.
  private func openPlugin(_ name: String) throws -> (any FilmSource)? {
    for plugin in plugins where plugin.name == name {
      guard case .data(let definition) = plugin.definition else { continue }
      let options = configuration.options(of: plugin.name, declared: definition.options)
      let code = PluginCode("data source \"\(plugin.name)\"", "make")
      let source = try code.run { try definition.make(options, UInt64(configuration.run.seed)) }
      return NamedSource(source: source, name: plugin.name)
    }
    return nil
  }

  /// What each of several sources is called: `nih` for `nih:/data/nih`, else the last part of its path; numbered where
  /// two would share it.
  static func shortNames(_ sources: [String]) -> [String] {
    var names: [String] = []
    for source in sources {
      let collection = source.split(separator: ":", maxSplits: 1).first.map(String.init) ?? source
      let short = collection.contains("/") ? Folder.name(of: source) : collection
      var (name, number) = (short, 2)
      while names.contains(name) {
        name = "\(short)-\(number)"
        number += 1
      }
      names.append(name)
    }
    return names
  }

  /// How often an epoch sees each film, by its collection.
  package func weights(_ records: [FilmRecord]) -> [Double] {
    let data = configuration.data
    guard !data.weights.isEmpty else { return Array(repeating: 1, count: records.count) }
    guard data.sources.count > 1 else { return Array(repeating: data.weights[0], count: records.count) }
    let weights = Dictionary(uniqueKeysWithValues: zip(Self.shortNames(data.sources), data.weights))
    return records.map { weights[$0.collection] ?? 1 }
  }
}

/// A data plugin's source, known by name where it crashes.
private struct NamedSource: FilmSource {
  let source: any FilmSource
  let film: PluginCode
  let findingNames: [String]
  let summary: String
  let records: [FilmRecord]
  let notes: [String]
  let filmsAreCheap: Bool

  init(source: any FilmSource, name: String) {
    self.source = source
    film = PluginCode("data source \"\(name)\"", "film")
    (findingNames, summary, records, notes) = (
      source.findingNames, source.summary, source.records, source.notes
    )
    filmsAreCheap = source.filmsAreCheap
  }

  func film(at index: Int) throws -> GrayImage { try film.run { try source.film(at: index) } }
  func truth(at index: Int) throws -> FilmTruth? { try film.run { try source.truth(at: index) } }
  func header(at index: Int) throws -> ImageHeader? { try film.run { try source.header(at: index) } }
}

extension ChosenFilms {
  /// The films that `data.filter` and `data.limit` leave; the source itself where they leave all.
  /// - Throws: `UsageError` where they leave none.
  package static func of(_ source: any FilmSource, _ data: RunConfiguration.Data) throws -> any FilmSource {
    guard let films = of(source, filter: data.filter, limit: data.limit) else {
      throw UsageError(
        "--data \(data.sources.joined(separator: ", ")): no film is left by data.filter; relax it")
    }
    return films
  }
}
