import PluginHost
import WorldModel

/// A public collection of chest radiographs that is read in the layout in which its owners publish it, as
/// `nih:/data/nih`.
///
/// Radiographs that a table lists and the folder lacks are left out and counted in the source's notes; where all are
/// missing, opening fails. "No Finding" is the absence of findings and never one of them, except where a collection
/// says otherwise.
public struct RadiographCollection: Sendable {
  /// What stands before the colon.
  public let name: String
  /// The name in the literature.
  public let title: String
  /// One line on the files that are expected below the folder.
  public let layout: String
  /// Parts of the options that this collection obeys; others must be left alone.
  let obeys: Set<CollectionOptions.Part>
  let marks: [Mark]
  let read: @Sendable (CollectionFolder.Request) throws -> any RadiographSource

  /// A file by which a folder shows what it is.
  enum Mark: Sendable {
    /// A table or list with this text in its name, in lower case, and in its first line, where one is given.
    case table(String, header: String? = nil)
    /// A radiograph whose name begins so.
    case radiograph(String)
  }

  /// Opens the collection below `folder`.
  /// - Throws: `RadiographsError` that says what was expected and what was found.
  public func open(
    _ folder: String, _ options: CollectionOptions = CollectionOptions(),
    _ decoder: RadiographDecoder = RadiographDecoder()
  ) throws -> any RadiographSource {
    let folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    func refuse(_ problem: String) -> RadiographsError {
      .collection(name: name, folder: folder, problem: problem)
    }
    if let problem = options.problem { throw refuse(problem) }
    if let idle = options.changed.first(where: { !obeys.contains($0) }) {
      let known = obeys.map(\.rawValue).sorted().joined(separator: ", ")
      throw refuse(
        "option \(idle.rawValue) does not apply to \(title); "
          + (known.isEmpty ? "it has no options" : "its options are \(known)"))
    }
    do {
      return try read(
        CollectionFolder.Request(collection: self, folder: folder, options: options, decoder: decoder))
    } catch let problem as TableProblem { throw refuse(problem.text) }
  }

  /// Splits `NAME:FOLDER` where NAME is a known collection.
  /// - Returns: nil where `path` is not of this form.
  /// - Throws: `RadiographsError.notFound` where NAME is a word that no collection has.
  static func parse(_ path: String) throws -> (collection: RadiographCollection, folder: String)? {
    guard let colon = path.firstIndex(of: ":") else { return nil }
    let name = path[..<colon]
    let folder = String(path[path.index(after: colon)...])
    guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }) else {
      return nil
    }
    guard let collection = all.first(where: { $0.name == name }) else {
      let remedy = NearMiss.remedy(for: String(name), among: all.map(\.name), kind: "collection")
      throw RadiographsError.notFound(
        path: path,
        problem: "no such file or folder, and \"\(name)\" is no collection that is read; \(remedy)")
    }
    if folder.isEmpty {
      throw RadiographsError.notFound(
        path: path, problem: "a folder is expected after the colon: \(collection.name):FOLDER")
    }
    return (collection, folder)
  }

  /// The collection whose marks are among a folder's files.
  static func resembled(radiographs: [String], others: [String], folder: String) -> RadiographCollection? {
    all.first { collection in
      collection.marks.contains { mark in
        switch mark {
        case .radiograph(let prefix): radiographs.contains { CollectionFolder.base($0).hasPrefix(prefix) }
        case .table(let name, let header):
          others.contains { other in
            guard CollectionFolder.base(other).lowercased().contains(name) else { return false }
            guard let header else { return true }
            let start = FileBytes.start(path: folder + "/" + other, count: 512)
            let line = start.prefix { $0 != UInt8(ascii: "\n") }
            return String(decoding: line, as: UTF8.self).contains(header)
          }
        }
      }
    }
  }
}

extension CollectionFolder {
  /// What a reader is asked for.
  struct Request {
    let collection: RadiographCollection
    let folder: String
    let options: CollectionOptions
    let decoder: RadiographDecoder

    /// An error that a table is missing.
    func lacks(_ what: String, in folder: CollectionFolder) -> RadiographsError {
      .collection(
        name: collection.name, folder: self.folder,
        problem: "\(what) is not below the folder, \(folder.whatIsThere); expected: \(collection.layout)")
    }
  }
}
