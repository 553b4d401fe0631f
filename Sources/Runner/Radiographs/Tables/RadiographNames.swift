/// Finds radiographs by the names that a file has for them.
package struct RadiographNames: Sendable {
  private let bare: [String]
  private let exact: [String: [Int]]
  private let byBase: [String: [Int]]

  /// - Parameters:
  ///   - identifiers: of the radiographs.
  ///   - bare: the same without the name of their collection before them, where several are joined.
  package init(_ identifiers: [String], bare: [String]) {
    self.bare = bare
    exact = Dictionary(identifiers.enumerated().map { ($1, [$0]) }, uniquingKeysWith: +)
    byBase = Dictionary(grouping: identifiers.indices) { Self.base(bare[$0]) }
  }

  /// Places of the radiographs with a name; more than one where it does not tell them apart. A radiograph whose
  /// identifier is the name comes first; else the paths must agree from their ends, as far as the shorter goes, whatever
  /// their endings: `images/0001.png` is `0001.dcm`.
  package func indices(of name: String) -> [Int] {
    if let found = exact[name] { return found }
    let own = Self.parts(name)
    let found = (byBase[Self.base(name)] ?? []).filter { candidate in
      zip(own, Self.parts(bare[candidate])).allSatisfy { $0 == $1 }
    }
    let sameEnding = found.filter { FolderSearch.ending(of: bare[$0]) == FolderSearch.ending(of: name) }
    return sameEnding.count == 1 ? sameEnding : found
  }

  private static func base(_ name: String) -> String { CollectionFolder.base(CollectionFolder.stem(name)) }

  private static func parts(_ path: String) -> [Substring] {
    CollectionFolder.stem(path).split(separator: "/").filter { $0 != "." }.reversed()
  }
}
