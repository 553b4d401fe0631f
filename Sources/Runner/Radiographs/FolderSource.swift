import Foundation
import Imaging
import WorldModel

/// The image files of a folder and of all folders in it, without labels.
public struct FolderSource: RadiographSource {
  public let records: [RadiographRecord]
  public let findingNames: [String] = []
  /// Says so where the folder has the layout of a collection whose labels are read under its name, and where PNG
  /// radiographs of 16 bits use fewer.
  public let notes: [String]
  private let files: RadiographFiles

  /// Searches `folder` for names with an ending that a codec of the decoder names (.png, .jpg, .jpeg …), in any case; a
  /// file of any other name counts where a codec knows its first bytes, and is counted in a note where none does.
  /// Hidden files and folders are skipped; symbolic links are followed, each folder being entered once. Radiographs are
  /// ordered by the bytes of their relative paths, which are their identifiers. Where a format's headers tell of
  /// patient and view they are read at once, and their tags become attributes.
  /// - Throws: `RadiographsError` where the folder is missing, unreadable, or holds no radiograph.
  public init(folder: String, decoder: RadiographDecoder = RadiographDecoder()) throws {
    var search = FolderSearch(root: folder, decoder: decoder)
    try search.run()
    if search.found.isEmpty {
      throw RadiographsError.noRadiographs(folder: folder, endings: decoder.fileExtensions.sorted())
    }
    let files = RadiographFiles(folder: folder, decoder: decoder)
    let identifiers = search.found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    var records = files.described(identifiers.map { RadiographRecord(identifier: $0) })
    let anonymous = records.removePlaceholders()
    self.records = records
    self.files = files
    let known = RadiographCollection.resembled(
      radiographs: identifiers, others: search.others, folder: folder)
    let looks = known.map { ["this looks like \($0.title): \($0.name):\(folder) reads its labels"] } ?? []
    notes = looks + search.passedOver.notes + [anonymous].compactMap { $0 } + files.depthNotes(identifiers)
  }

  public var summary: String { "folder \(files.folder), \(records.count) radiographs, no labels" }

  public func radiograph(at index: Int) throws -> GrayImage {
    try files.radiograph(records[index].identifier)
  }

  public func header(at index: Int) throws -> ImageHeader? { try files.header(records[index].identifier) }
}

extension RadiographRecord {
  /// Takes over what an image's header tells.
  mutating func describe(by tags: [String: String]) {
    patient = patient ?? tags[ImageHeader.Tag.patient].flatMap { $0.isEmpty ? nil : $0 }
    view = view ?? tags[ImageHeader.Tag.view].flatMap(RadiographView.init(code:))
    attributes.merge(tags.filter { !$0.value.isEmpty }) { own, _ in own }
  }
}

/// How many files of a folder are no radiographs, by their endings.
struct PassedOverFiles {
  private var counts: [String: Int] = [:]
  /// Packed stores, with all that they hold.
  var stores = 0

  mutating func add(ending: String) { counts[ending, default: 0] += 1 }

  /// Remarks for the user.
  var notes: [String] {
    let packed =
      stores > 0 ? "\(stores) packed stores in the folder were passed over; name a store itself" : nil
    return [files, packed].compactMap { $0 }
  }

  /// How many files, with the commonest endings.
  private var files: String? {
    guard !counts.isEmpty else { return nil }
    let total = counts.values.reduce(0, +)
    let commonest = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let shown = commonest.prefix(4).map { ending, count in
      "\(count) \(ending.isEmpty ? "without an ending" : "." + ending.prefix(20))"
    }
    let rest = total - commonest.prefix(4).reduce(0) { $0 + $1.value }
    return
      "\(total) other \(total == 1 ? "file was" : "files were") passed over, since no codec knows their first bytes: "
      + (shown + (rest > 0 ? ["\(rest) others"] : [])).joined(separator: ", ")
  }
}

/// A walk through a folder that ends even where symbolic links run in circles.
struct FolderSearch {
  private struct Identity: Hashable {
    let device: UInt64
    let number: UInt64
  }

  let root: String
  let decoder: RadiographDecoder
  private let endings: Set<String>
  /// Radiographs, relative to the root, in the order of the walk.
  var found: [String] = []
  /// Files beside the radiographs that may hold their labels: CSV, text, and gzip of either.
  var others: [String] = []
  /// Files that are no radiographs.
  var passedOver = PassedOverFiles()
  private var entered: Set<Identity> = []
  private var pending: [String] = [""]
  private var links: [String] = []

  /// Devices of the kernel's own file systems.
  private static let kernels = Set(
    ["/proc", "/sys"].compactMap { path -> UInt64? in
      var status = stat()
      return stat(path, &status) == 0 ? UInt64(status.st_dev) : nil
    })

  private static let otherEndings: Set = ["csv", "txt", "gz"]

  /// - Parameter furtherEndings: endings of radiographs besides those of the decoder, in lower case.
  init(root: String, decoder: RadiographDecoder, furtherEndings: Set<String> = []) {
    (self.root, self.decoder) = (root, decoder)
    endings = decoder.fileExtensions.union(furtherEndings)
  }

  /// Real folders come first, so that a link never takes the radiographs of a folder under another name.
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
      throw RadiographsError.notFound(
        path: path(folder), problem: "no such folder (\(FileBytes.systemReason()))")
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw RadiographsError.notFound(path: path(folder), problem: "a folder is expected, this is a file")
    }
    let identity = Identity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    guard entered.insert(identity).inserted else { return }
    // The kernel's tables are no files, and lead everywhere.
    if Self.kernels.contains(identity.device) {
      guard folder.isEmpty else { return }
      throw RadiographsError.notFound(
        path: root, problem: "a folder of files is expected, this is the kernel's")
    }
    // The pictures of a store are no radiographs.
    if StoreSource.isStore(path(folder)) {
      passedOver.stores += 1
      return
    }
    if StoreSource.lacksManifest(path(folder)) {
      throw RadiographsError.store(
        path: path(folder),
        problem:
          "these are the shards of a packed store, but \(StoreManifest.name), which says what they are, is missing; "
          + "bring it back, or prepare the store again")
    }
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path(folder))
    } catch {
      throw RadiographsError.notFound(
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
    // A link that leads nowhere stays a link: with a radiograph's name it is listed, and fails with its reason.
    if isLink { _ = stat(path(entry), &status) }
    if status.st_mode & S_IFMT == S_IFDIR {
      if isLink { links.append(entry) } else { pending.append(entry) }
    } else if Self.otherEndings.contains(Self.ending(of: entry)) {
      others.append(entry)
    } else if isRadiograph(entry) {
      found.append(entry)
    } else if status.st_mode & S_IFMT == S_IFREG {
      passedOver.add(ending: Self.ending(of: entry))
    }
  }

  /// The ending of a radiograph is believed, so that a damaged one is listed and fails with its reason; of any other
  /// file the first bytes are read.
  private func isRadiograph(_ entry: String) -> Bool {
    if endings.contains(Self.ending(of: entry)) { return true }
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
