import Batches
import Console
import CoreTensor
import Imaging
import PluginHost
import Radiographs
import Runs
import WorldModel

/// Where a run's radiographs come from.
extension RunSetup {
  /// Decodes PNG, JPEG, and what enabled codec plugins read.
  /// - Parameter asStored: false, the default: radiographs come no larger than the smallest crop needs.
  package func decoder(asStored: Bool = false) throws -> RadiographDecoder {
    var decoder = RadiographDecoder(
      codecs: try RadiographCodecs.make(plugins) { configuration.options(of: $0, declared: $1) })
    decoder.shorterSide =
      asStored ? nil : configuration.views.shorterSide(for: configuration.model.imageSize)
    return decoder
  }

  /// The run's radiographs, kept in memory as far as there is room.
  /// - Parameter keepsRadiographs: false where each radiograph is looked at once.
  package func radiographSource(keepsRadiographs: Bool = true) throws -> RadiographCache {
    RadiographCache(
      try openSource(), mostBytes: keepsRadiographs ? configuration.data.cacheMebibytes << 20 : 0)
  }

  /// The run's radiographs: of one source as it is, of several joined.
  /// - Parameter asStored: see ``decoder(asStored:)``.
  package func openSource(asStored: Bool = false) throws -> any RadiographSource {
    try openSources(beside: [], asStored: asStored).radiographs
  }

  /// The run's radiographs, and other sources with the same settings, each with those that it obeys.
  /// - Parameter others: as `--data` takes them.
  package func openSources(
    beside others: [String], asStored: Bool = false
  ) throws -> (radiographs: any RadiographSource, others: [any RadiographSource]) {
    let names = configuration.data.sources
    let opened = try open(names + others, asStored: asStored)
    let parts = zip(Self.shortNames(names), opened).map { JoinedSource.Part(name: $0, source: $1) }
    let radiographs = parts.count > 1 ? JoinedSource(parts) : opened[0]
    return (try split(landmarked(radiographs)), Array(opened.dropFirst(names.count)))
  }

  /// Radiographs of data plugins where they have the name, else of stores, collections, folders and tables, each with
  /// those settings of `[data]` that it obeys.
  /// - Throws: also where a setting applies to none of them.
  private func open(_ names: [String], asStored: Bool) throws -> [any RadiographSource] {
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
      : try openRadiographSources(
        paths: paths, options: RadiographSourceOptions(table: table, collection: data.labels),
        decoder: try decoder(asStored: asStored))[...]
    return made.map { $0 ?? opened.removeFirst() }
  }

  /// Nil where no data plugin has the name.
  private func openPlugin(_ name: String) throws -> (any RadiographSource)? {
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

  /// How often an epoch sees each radiograph, by its collection.
  package func weights(_ records: [RadiographRecord]) -> [Double] {
    let data = configuration.data
    guard !data.samplingWeights.isEmpty else { return Array(repeating: 1, count: records.count) }
    guard data.sources.count > 1 else {
      return Array(repeating: data.samplingWeights[0], count: records.count)
    }
    let weights = Dictionary(uniqueKeysWithValues: zip(Self.shortNames(data.sources), data.samplingWeights))
    return records.map { weights[$0.collection] ?? 1 }
  }
}

/// A data plugin's source, known by name where it crashes.
private struct NamedSource: RadiographSource {
  let source: any RadiographSource
  let radiograph: PluginCode
  let findingNames: [String]
  let summary: String
  let records: [RadiographRecord]
  let notes: [String]
  let radiographsAreCheap: Bool

  init(source: any RadiographSource, name: String) {
    self.source = source
    radiograph = PluginCode("data source \"\(name)\"", "radiograph")
    (findingNames, summary, records, notes) = (
      source.findingNames, source.summary, source.records, source.notes
    )
    radiographsAreCheap = source.radiographsAreCheap
  }

  func radiograph(at index: Int) throws -> GrayImage {
    try radiograph.run { try source.radiograph(at: index) }
  }
  func truth(at index: Int) throws -> RadiographTruth? { try radiograph.run { try source.truth(at: index) } }
  func header(at index: Int) throws -> ImageHeader? { try radiograph.run { try source.header(at: index) } }
}

extension ChosenRadiographs {
  /// The radiographs that `data.filter` and `data.limit` leave; the source itself where they leave all.
  /// - Throws: `UsageError` where they leave none.
  package static func of(_ source: any RadiographSource, _ data: RunConfiguration.Data) throws
    -> any RadiographSource
  {
    guard let radiographs = of(source, filter: data.filter, limit: data.limit) else {
      throw UsageError(
        "--data \(data.sources.joined(separator: ", ")): no radiograph is left by data.filter; relax it")
    }
    return radiographs
  }
}
