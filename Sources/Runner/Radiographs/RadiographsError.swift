/// Why a collection of radiographs cannot be opened, or a file not written. A single bad radiograph is
/// `UnusableRadiograph` instead.
public enum RadiographsError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The path that was given is neither a folder nor a table.
  case notFound(path: String, problem: String)
  /// The folder holds no file of a known format.
  case noRadiographs(folder: String, endings: [String])
  /// The table, at a line where known, cannot be used.
  case table(path: String, line: Int?, problem: String)
  /// The folder does not hold the collection that its name promises, or an option does not fit.
  case collection(name: String, folder: String, problem: String)
  /// A file of a packed store is not what it should be.
  case store(path: String, problem: String)
  /// A file could not be written.
  case cannotWrite(path: String, reason: String)

  public var description: String {
    switch self {
    case .notFound(let path, let problem), .store(let path, let problem): "\(path): \(problem)"
    case .noRadiographs(let folder, let endings):
      "\(folder): no radiograph found; a folder is searched, with all folders in it, for files ending in "
        + endings.map { "." + $0 }.joined(separator: ", ") + " (hidden ones are skipped)"
    case .table(let path, let line, let problem):
      line.map { "\(path), line \($0): \(problem)" } ?? "\(path): \(problem)"
    case .collection(let name, let folder, let problem): "\(name):\(folder): \(problem)"
    case .cannotWrite(let path, let reason): "\(path): cannot be written: \(reason)"
    }
  }
}
