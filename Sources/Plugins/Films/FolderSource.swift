import Foundation
import Imaging
import WorldModel

/// The image files of a folder and of all folders in it, without labels.
public struct FolderSource: FilmSource {
  public let records: [FilmRecord]
  public let findingNames: [String] = []
  /// Says so where the folder has the layout of a collection whose labels are read under its name, and where PNG films of
  /// 16 bits use fewer.
  public let notes: [String]
  private let files: FilmFiles

  /// Searches `folder` for names with an ending that a codec of the decoder names (.png, .jpg, .jpeg …), in any case;
  /// a file without an ending of letters, as DICOM's often are, counts where a codec knows its first bytes. Hidden
  /// files and folders are skipped; symbolic links are followed, each folder being entered once. Films are ordered by
  /// the bytes of their relative paths, which are their identifiers. Where a format's headers tell of patient and view
  /// they are read at once, and their tags become attributes.
  /// - Throws: `FilmsError` where the folder is missing, unreadable, or holds no film.
  public init(folder: String, decoder: FilmDecoder = FilmDecoder()) throws {
    var search = FolderSearch(root: folder, decoder: decoder)
    try search.run()
    if search.found.isEmpty {
      throw FilmsError.noFilms(folder: folder, endings: decoder.fileExtensions.sorted())
    }
    let files = FilmFiles(folder: folder, decoder: decoder)
    let identifiers = search.found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    records = files.described(identifiers.map { FilmRecord(identifier: $0) })
    self.files = files
    let known = FilmCollection.resembled(films: identifiers, others: search.others, folder: folder)
    let looks = known.map { ["this looks like \($0.title): \($0.name):\(folder) reads its labels"] } ?? []
    notes = looks + files.depthNotes(identifiers)
  }

  public var summary: String { "folder \(files.folder), \(records.count) films, no labels" }

  public func film(at index: Int) throws -> GrayImage { try files.film(records[index].identifier) }

  public func header(at index: Int) throws -> ImageHeader? { try files.header(records[index].identifier) }
}

extension FilmRecord {
  /// Takes over what an image's header tells.
  mutating func describe(by tags: [String: String]) {
    patient = patient ?? tags[ImageHeader.Tag.patient].flatMap { $0.isEmpty ? nil : $0 }
    view = view ?? tags[ImageHeader.Tag.view].flatMap(FilmView.init(code:))
    attributes.merge(tags.filter { !$0.value.isEmpty }) { own, _ in own }
  }
}

/// A walk through a folder that ends even where symbolic links run in circles.
struct FolderSearch {
  private struct Identity: Hashable {
    let device: UInt64
    let number: UInt64
  }

  let root: String
  let decoder: FilmDecoder
  private let endings: Set<String>
  /// Films, relative to the root, in the order of the walk.
  var found: [String] = []
  /// Files beside the films that may hold their labels: CSV, text, and gzip of either.
  var others: [String] = []
  private var entered: Set<Identity> = []
  private var pending: [String] = [""]
  private var links: [String] = []

  private static let otherEndings: Set = ["csv", "txt", "gz"]

  /// - Parameter furtherEndings: endings of films besides those of the decoder, in lower case.
  init(root: String, decoder: FilmDecoder, furtherEndings: Set<String> = []) {
    (self.root, self.decoder) = (root, decoder)
    endings = decoder.fileExtensions.union(furtherEndings)
  }

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
    } else if Self.otherEndings.contains(Self.ending(of: entry)) {
      others.append(entry)
    } else if isFilm(entry) {
      found.append(entry)
    }
  }

  private func isFilm(_ entry: String) -> Bool {
    let ending = Self.ending(of: entry)
    if endings.contains(ending) { return true }
    // Files named by a DICOM identifier end in a number.
    guard !ending.contains(where: { $0.isLetter }) else { return false }
    let start = FileBytes.start(path: path(entry), count: 1024)
    return start.withUnsafeBytes { bytes in decoder.codecs.contains { $0.recognizes(bytes) } }
  }

  /// What follows the last dot of a path's name, in lower case; empty without one.
  static func ending(of path: String) -> String {
    let name = path.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: ".") else { return "" }
    return name[name.index(after: dot)...].lowercased()
  }
}
