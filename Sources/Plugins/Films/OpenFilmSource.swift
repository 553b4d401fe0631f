import Foundation
import WorldModel

/// Opens what `path` points at: a CSV table; a packed store; a folder with an `index.csv` that names files, read as a
/// table; or any other folder, searched for films of every known format.
/// - Parameters:
///   - path: a file or folder.
///   - options: columns and filters of a table; a folder without a table takes none.
/// - Throws: `FilmsError` that says what was found instead, and what to do.
public func openFilmSource(
  path: String, options: TableOptions = TableOptions(), decoder: FilmDecoder = FilmDecoder()
) throws -> any FilmSource {
  var status = stat()
  guard stat(path, &status) == 0 else {
    throw FilmsError.notFound(
      path: path,
      problem: "cannot be opened (\(FileBytes.systemReason())); a folder of films or a CSV table is expected")
  }
  if status.st_mode & S_IFMT != S_IFDIR {
    let name = path.lowercased()
    if [".png", ".jpg", ".jpeg", ".dcm"].contains(where: name.hasSuffix) {
      throw FilmsError.notFound(
        path: path, problem: "this is a single film; a folder of films or a CSV table is expected")
    }
    return try TableSource(table: path, options: options, decoder: decoder)
  }
  let folder = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  if StoreSource.isStore(folder) {
    var columns = options
    columns.filters = []
    guard columns == TableOptions() else {
      throw FilmsError.notFound(
        path: folder,
        problem: "columns are given, but this is a packed store, whose labels, patients and splits were "
          + "chosen when it was prepared; leave the columns out (filters are fine)")
    }
    return try StoreSource(folder: folder, filters: options.filters)
  }
  let index = folder + "/index.csv"
  let hasIndex = access(index, F_OK) == 0
  if hasIndex {
    let namesFiles = try TableSource.hasPathColumn(table: index)
    if options.pathColumn != nil || namesFiles {
      return try TableSource(
        table: index, options: options, decoder: decoder, note: "index.csv found in the folder \(folder)")
    }
  }
  guard options == TableOptions() else {
    throw FilmsError.notFound(
      path: folder,
      problem: "columns or filters are given, but the folder has no index.csv "
        + (hasIndex ? "with a column of paths" : "that they could apply to")
        + "; point at the CSV table itself")
  }
  return try FolderSource(folder: folder, decoder: decoder)
}
