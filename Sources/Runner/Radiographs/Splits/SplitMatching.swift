/// Which entry of a list is of which radiograph.
package struct SplitMatching: Sendable, Equatable {
  /// The split of each radiograph; nil where the list does not name it.
  package private(set) var splits: [String?]
  /// Names of the list that no radiograph has.
  package private(set) var unmatched: [String] = []

  /// Matches by name, as `RadiographNames` does.
  /// - Parameters:
  ///   - identifiers: of the radiographs.
  ///   - bare: the same without the name of their collection before them, where several are joined.
  ///   - path: of the list, for errors.
  /// - Throws: `RadiographsError.table` where a name is that of two radiographs, two names with different splits are of
  ///   one, or no name is of any.
  package init(_ list: SplitList, _ identifiers: [String], bare: [String], path: String) throws {
    func refuse(_ problem: String) -> RadiographsError { .table(path: path, line: nil, problem: problem) }
    splits = Array(repeating: nil, count: identifiers.count)
    var names: [String?] = Array(repeating: nil, count: identifiers.count)
    let radiographs = RadiographNames(identifiers, bare: bare)
    for entry in list.entries {
      let found = radiographs.indices(of: entry.name)
      guard let first = found.first else {
        unmatched.append(entry.name)
        continue
      }
      guard found.count == 1 else {
        throw refuse(
          "\"\(entry.name.shortened)\" is the name of \(found.count) radiographs, \"\(identifiers[first].shortened)\" and "
            + "\"\(identifiers[found[1]].shortened)\"; name them with their folders")
      }
      if let earlier = splits[first], earlier != entry.split {
        throw refuse(
          "\"\(names[first]!.shortened)\" is in \"\(earlier)\" and \"\(entry.name.shortened)\" in \"\(entry.split)\", and both "
            + "are the radiograph \"\(identifiers[first].shortened)\"")
      }
      (splits[first], names[first]) = (entry.split, entry.name)
    }
    if unmatched.count == list.entries.count {
      throw refuse(
        "none of its \(list.entries.count) names is that of a radiograph: it has \"\(list.entries[0].name.shortened)\", "
          + "the source \"\(identifiers.first?.shortened ?? "nothing")\"; take the list of this source, or names as "
          + "chex-runner data splits writes them")
    }
  }
}
