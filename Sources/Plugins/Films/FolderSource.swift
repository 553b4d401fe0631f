import Foundation
import Imaging
import WorldModel

/// The PNG and JPEG files of a folder and of all folders in it, without labels.
public struct FolderSource: FilmSource {
  public let records: [FilmRecord]
  public let findingNames: [String] = []
  private let folder: String
  private let decoder: FilmDecoder

  /// Searches `folder` for names ending in .png, .jpg or .jpeg, in any case. Hidden files and folders are
  /// skipped; symbolic links are followed, each folder being entered once. Films are ordered by the bytes of
  /// their relative paths, which are their identifiers.
  /// - Throws: `FilmsError` where the folder is missing, unreadable, or holds no film.
  public init(folder: String, decoder: FilmDecoder = FilmDecoder()) throws {
    var search = FolderSearch(root: folder)
    try search.run()
    if search.found.isEmpty { throw FilmsError.noFilms(folder: folder) }
    records = search.found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      .map { FilmRecord(identifier: $0) }
    self.folder = folder
    self.decoder = decoder
  }

  public var summary: String { "folder \(folder), \(records.count) films, no labels" }

  public func film(at index: Int) throws -> GrayImage {
    let identifier = records[index].identifier
    return try decoder.decode(path: folder + "/" + identifier, identifier: identifier)
  }
}

/// A walk through a folder that ends even where symbolic links run in circles.
private struct FolderSearch {
  private struct Identity: Hashable {
    let device: UInt64
    let number: UInt64
  }

  let root: String
  var found: [String] = []
  private var entered: Set<Identity> = []
  private var pending: [String] = [""]
  private var links: [String] = []

  init(root: String) { self.root = root }

  /// Real folders come first, so that a link never takes the films of a folder under another name.
  mutating func run() throws {
    while true {
      if let folder = pending.popLast() {
        try enter(folder)
      } else if let link = links.min() {
        links.removeAll { $0 == link }
        pending.append(link)
      } else {
        return
      }
    }
  }

  private func path(_ relative: String) -> String { relative.isEmpty ? root : root + "/" + relative }

  private mutating func enter(_ folder: String) throws {
    var status = stat()
    guard stat(path(folder), &status) == 0 else {
      throw FilmsError.notFound(path: path(folder), problem: "no such folder (\(FileBytes.systemReason()))")
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw FilmsError.notFound(path: path(folder), problem: "a folder is expected, this is a file")
    }
    let identity = Identity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    guard entered.insert(identity).inserted else { return }
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path(folder))
    } catch {
      throw FilmsError.notFound(
        path: path(folder), problem: "the folder cannot be listed; check its permissions")
    }
    for name in names where !name.hasPrefix(".") {
      sort(folder.isEmpty ? name : folder + "/" + name)
    }
  }

  private mutating func sort(_ entry: String) {
    var status = stat()
    guard lstat(path(entry), &status) == 0 else { return }
    let isLink = status.st_mode & S_IFMT == S_IFLNK
    // A link that leads nowhere stays a link: with a film's name it is listed, and fails with its reason.
    if isLink { _ = stat(path(entry), &status) }
    if status.st_mode & S_IFMT == S_IFDIR {
      if isLink { links.append(entry) } else { pending.append(entry) }
    } else if Self.isFilm(entry) {
      found.append(entry)
    }
  }

  private static func isFilm(_ name: String) -> Bool {
    let lowered = name.suffix(5).lowercased()
    return lowered.hasSuffix(".png") || lowered.hasSuffix(".jpg") || lowered.hasSuffix(".jpeg")
  }
}
