/// All that lies below a collection's folder, walked once: radiographs by name, and the tables and lists beside them.
struct CollectionFolder {
  /// Without a slash at its end.
  let path: String
  let decoder: RadiographDecoder
  /// Paths relative to the folder, sorted by their bytes.
  let radiographs: [String]
  /// Pictures that are no radiographs, such as masks; relative and sorted too.
  let masks: [String]
  private let others: [String]
  private let depth: Int
  private let byKey: [String: [Int32]]

  /// Endings of radiographs whatever the decoder reads, so that a radiograph of a format that is not read says so when
  /// it is wanted, and does not count as missing.
  static let usualEndings: Set = ["png", "jpg", "jpeg", "dcm", "dicom"]

  /// Walks through `path`.
  /// - Parameters:
  ///   - depth: how many parts of a path, counted from its end, name a radiograph: 1 where file names are unique.
  ///   - furtherEndings: endings of radiographs besides the usual.
  ///   - isMask: which pictures are no radiographs; told relative paths.
  /// - Throws: `RadiographsError.notFound` for a folder that cannot be read.
  init(
    path: String, decoder: RadiographDecoder, depth: Int = 1, furtherEndings: Set<String> = [],
    isMask: (String) -> Bool = { _ in false }
  ) throws {
    let endings = Self.usualEndings.union(furtherEndings)
    var search = FolderSearch(root: path, decoder: decoder, furtherEndings: endings)
    try search.run()
    let found = search.found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    (self.path, self.decoder, self.depth) = (path, decoder, depth)
    radiographs = found.filter { !isMask($0) }
    masks = found.filter(isMask)
    others = search.others.sorted {
      ($0.utf8.count { $0 == UInt8(ascii: "/") }, $0) < ($1.utf8.count { $0 == UInt8(ascii: "/") }, $1)
    }
    var byKey: [String: [Int32]] = [:]
    byKey.reserveCapacity(radiographs.count)
    for (index, radiograph) in radiographs.enumerated() {
      byKey[Self.key(of: radiograph, depth), default: []].append(Int32(index))
    }
    self.byKey = byKey
  }

  /// The radiograph that a table lists under `name`, with or without folders and ending: the file whose path agrees
  /// with it in most parts, and of equals the first.
  /// - Returns: where it stands in ``radiographs``, and whether another agrees as well.
  func radiograph(_ name: String) -> (index: Int, isAmbiguous: Bool)? {
    guard let found = byKey[Self.key(of: name, depth)] else { return nil }
    if found.count == 1 { return (Int(found[0]), false) }
    let scores = found.map { Self.agreement(radiographs[Int($0)], name) }
    let best = scores.max()!
    return (Int(found[scores.firstIndex(of: best)!]), scores.count { $0 == best } > 1)
  }

  /// The path of the first table with one of `names`, packed or not; the shallowest where there are several. Names are
  /// tried in their order.
  func table(_ names: String...) -> String? {
    for name in names {
      if let found = others.first(where: { Self.base($0) == name || Self.base($0) == name + ".gz" }) {
        return path + "/" + found
      }
    }
    return nil
  }

  /// Paths of the lists (.txt) for whose name, in lower case, `wanted` holds; shallow ones first.
  func lists(_ wanted: (String) -> Bool) -> [String] {
    others.filter { FolderSearch.ending(of: $0) == "txt" && wanted(Self.base($0).lowercased()) }.map {
      path + "/" + $0
    }
  }

  /// Names of the tables and lists that there are, for an error: `found a.csv, b.txt`.
  var whatIsThere: String {
    let names = others.prefix(8).joined(separator: ", ") + (others.count > 8 ? " …" : "")
    return others.isEmpty ? "found no table at all, and \(radiographs.count) radiographs" : "found \(names)"
  }

  /// The last part of a path.
  static func base(_ path: String) -> String {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    return slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
  }

  /// A file name without a radiograph's ending; other dots stay, as in a DICOM identifier.
  static func stem(_ name: String) -> String {
    let ending = FolderSearch.ending(of: name)
    guard usualEndings.contains(ending) || ending == "img" || ending == "txt" else { return name }
    return String(name.dropLast(ending.count + 1))
  }

  private static func key(of path: String, _ depth: Int) -> String {
    let stem = stem(path)
    if depth == 1 { return base(stem) }
    return stem.split(separator: "/").suffix(depth).joined(separator: "/")
  }

  /// How far two paths agree, from their ends; the same ending counts least.
  private static func agreement(_ file: String, _ name: String) -> Int {
    let parts = stem(file).split(separator: "/").reversed()
    let others = stem(name).split(separator: "/").reversed()
    let same = zip(parts, others).prefix { $0 == $1 }.count
    return 2 * same + (FolderSearch.ending(of: file) == FolderSearch.ending(of: name) ? 1 : 0)
  }
}
