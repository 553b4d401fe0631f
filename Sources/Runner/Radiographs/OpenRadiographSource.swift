import Foundation
import WorldModel

/// How radiographs are found and their labels read, whatever the source.
public struct RadiographSourceOptions: Sendable, Equatable {
  /// Columns and filters of a table.
  public var table: TableOptions
  /// How the labels of a collection, or of a table's label columns, are read.
  public var collection: CollectionOptions

  public init(table: TableOptions = TableOptions(), collection: CollectionOptions = CollectionOptions()) {
    self.table = table
    self.collection = collection
  }
}

/// Opens what `path` points at: a packed store; a public collection, as `NAME:FOLDER` with a name of
/// `RadiographCollection.all`; a CSV table; a folder with an `index.csv` that names files, read as a table; or any
/// other folder, searched for radiographs.
/// - Parameters:
///   - path: a file or folder, or a collection's name, a colon and its folder.
///   - options: columns and filters of a table; a collection and a folder without a table take none.
///   - collection: how the labels of a collection, or of a table's label columns, are read.
/// - Throws: `RadiographsError` that says what was found instead, and what to do.
public func openRadiographSource(
  path: String, options: TableOptions = TableOptions(), collection: CollectionOptions = CollectionOptions(),
  decoder: RadiographDecoder = RadiographDecoder()
) throws -> any RadiographSource {
  try RadiographPlace(path: path, options: options).open(options, collection, decoder)
}

/// Opens several sources with one set of options, each with those that it obeys.
/// - Throws: `RadiographsError`, also where an option applies to none of them.
public func openRadiographSources(
  paths: [String], options: RadiographSourceOptions, decoder: RadiographDecoder = RadiographDecoder()
) throws -> [any RadiographSource] {
  let places = try paths.map { try RadiographPlace(path: $0, options: options.table) }
  if places.count == 1 { return [try places[0].open(options.table, options.collection, decoder)] }
  for part in options.collection.changed where !places.contains(where: { $0.obeys(part, options.table) }) {
    throw RadiographsError.notFound(
      path: paths.joined(separator: ", "),
      problem: "option \(part.rawValue) is given, but none of them has such labels")
  }
  if options.table != TableOptions(), !places.contains(where: \.isTable) {
    throw RadiographsError.notFound(
      path: paths.joined(separator: ", "),
      problem: "columns or filters are given, but none of them is a table")
  }
  return try places.map { place in
    try place.open(
      place.isTable ? options.table : TableOptions(),
      options.collection.keeping { place.obeys($0, options.table) }, decoder)
  }
}

/// What a path turned out to be.
private enum RadiographPlace {
  case store(folder: String)
  case collection(RadiographCollection, folder: String)
  case table(path: String, note: String?)
  /// - hasIndex: whether it has a table that names no files.
  case folder(path: String, hasIndex: Bool)

  init(path: String, options: TableOptions) throws {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let reason = FileBytes.systemReason()
      guard let (known, folder) = try RadiographCollection.parse(path) else {
        throw RadiographsError.notFound(
          path: path,
          problem: "cannot be opened (\(reason)); a folder of radiographs, a CSV table or "
            + "COLLECTION:FOLDER is expected")
      }
      self = .collection(known, folder: folder)
      return
    }
    if status.st_mode & S_IFMT != S_IFDIR {
      let name = path.lowercased()
      if [".png", ".jpg", ".jpeg", ".dcm"].contains(where: name.hasSuffix) {
        throw RadiographsError.notFound(
          path: path,
          problem: "this is a single radiograph; a folder of radiographs or a CSV table is expected")
      }
      self = .table(path: path, note: nil)
      return
    }
    let folder = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    if StoreSource.isStore(folder) {
      self = .store(folder: folder)
      return
    }
    let index = folder + "/index.csv"
    let hasIndex = access(index, F_OK) == 0
    if hasIndex, try options.pathColumn != nil || TableSource.hasPathColumn(table: index) {
      self = .table(path: index, note: "index.csv found in the folder \(folder)")
    } else {
      self = .folder(path: folder, hasIndex: hasIndex)
    }
  }

  var isTable: Bool { if case .table = self { true } else { false } }

  func obeys(_ part: CollectionOptions.Part, _ table: TableOptions) -> Bool {
    switch self {
    case .collection(let known, _): known.obeys.contains(part)
    case .table: !table.labelColumns.isEmpty && [.uncertain, .uncertainFindings].contains(part)
    case .folder, .store: false
    }
  }

  func open(
    _ options: TableOptions, _ collection: CollectionOptions, _ decoder: RadiographDecoder
  ) throws -> any RadiographSource {
    switch self {
    case .store(let folder):
      var columns = options
      columns.filters = []
      guard columns == TableOptions(), collection == CollectionOptions() else {
        throw RadiographsError.notFound(
          path: folder,
          problem:
            "columns are given, or options of labels, but this is a packed store, whose labels, patients and splits "
            + "were chosen when it was prepared; leave them out")
      }
      return try StoreSource(folder: folder, filters: options.filters)
    case .collection(let known, let folder):
      guard options == TableOptions() else {
        throw RadiographsError.collection(
          name: known.name, folder: folder,
          problem: "columns or filters of a table are given, but \(known.title) is read by its owners' tables"
        )
      }
      return try known.open(folder, collection, decoder)
    case .table(let path, let note):
      return try TableSource(
        table: path, options: options, collection: collection, decoder: decoder, note: note)
    case .folder(let path, let hasIndex):
      guard options == TableOptions() else {
        throw RadiographsError.notFound(
          path: path,
          problem: "columns or filters are given, but the folder has no index.csv "
            + (hasIndex ? "with a column of paths" : "that they could apply to")
            + "; point at the CSV table itself")
      }
      if let idle = collection.changed.first {
        throw RadiographsError.notFound(
          path: path,
          problem:
            "option \(idle.rawValue) is given, but a folder has no labels; name the collection before it, as in "
            + "nih:\(path)")
      }
      return try FolderSource(folder: path, decoder: decoder)
    }
  }
}
