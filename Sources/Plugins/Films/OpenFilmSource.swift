import Foundation
import WorldModel

/// Opens what `path` points at: a public collection, as `NAME:FOLDER` with a name of `FilmCollection.all`; a CSV table; a
/// folder with an `index.csv` that names files, read as a table; or any other folder, searched for films.
/// - Parameters:
///   - path: a file or folder, or a collection's name, a colon and its folder.
///   - options: columns and filters of a table; a collection and a folder without a table take none.
///   - collection: how the labels of a collection, or of a table's label columns, are read.
/// - Throws: `FilmsError` that says what was found instead, and what to do.
public func openFilmSource(
  path: String, options: TableOptions = TableOptions(), collection: CollectionOptions = CollectionOptions(),
  decoder: FilmDecoder = FilmDecoder()
) throws -> any FilmSource {
  var status = stat()
  guard stat(path, &status) == 0 else {
    let reason = FileBytes.systemReason()
    if let (known, folder) = try FilmCollection.parse(path) {
      guard options == TableOptions() else {
        throw FilmsError.collection(
          name: known.name, folder: folder,
          problem: "columns or filters of a table are given, but \(known.title) is read by its owners' tables"
        )
      }
      return try known.open(folder, collection, decoder)
    }
    throw FilmsError.notFound(
      path: path,
      problem: "cannot be opened (\(reason)); a folder of films, a CSV table or "
        + "COLLECTION:FOLDER is expected")
  }
  if status.st_mode & S_IFMT != S_IFDIR {
    let name = path.lowercased()
    if [".png", ".jpg", ".jpeg", ".dcm"].contains(where: name.hasSuffix) {
      throw FilmsError.notFound(
        path: path, problem: "this is a single film; a folder of films or a CSV table is expected")
    }
    return try TableSource(table: path, options: options, collection: collection, decoder: decoder)
  }
  let folder = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  let index = folder + "/index.csv"
  let hasIndex = access(index, F_OK) == 0
  if hasIndex {
    let namesFiles = try TableSource.hasPathColumn(table: index)
    if options.pathColumn != nil || namesFiles {
      return try TableSource(
        table: index, options: options, collection: collection, decoder: decoder,
        note: "index.csv found in the folder \(folder)")
    }
  }
  guard options == TableOptions() else {
    throw FilmsError.notFound(
      path: folder,
      problem: "columns or filters are given, but the folder has no index.csv "
        + (hasIndex ? "with a column of paths" : "that they could apply to")
        + "; point at the CSV table itself")
  }
  if let idle = collection.changed.first {
    throw FilmsError.notFound(
      path: folder,
      problem:
        "option \(idle.rawValue) is given, but a folder has no labels; name the collection before it, as in "
        + "nih:\(folder)")
  }
  return try FolderSource(folder: folder, decoder: decoder)
}
