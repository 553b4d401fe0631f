import Foundation
import Runs

/// Reads the files of a folder that anybody may have made or damaged; what cannot be read is remembered, so that a
/// report can say so in place of it.
struct FolderReader {
  /// A part that could not be read.
  struct Problem: Codable, Equatable {
    /// The file, below the run's folder.
    let part: String
    let reason: String
  }

  /// The run's folder.
  let root: String
  private(set) var problems: [Problem] = []

  init(root: String) { self.root = root }

  mutating func note(_ part: String, _ reason: String) {
    problems.append(Problem(part: part, reason: reason.replacing(root + "/", with: "")))
  }

  func exists(_ part: String) -> Bool {
    var information = stat()
    return lstat(root + "/" + part, &information) == 0
  }

  /// What `read` makes of a file; nil where that fails, which becomes a problem.
  mutating func part<Value>(_ part: String, _ read: () throws -> Value) -> Value? {
    do {
      try requireFile(part)
      return try read()
    } catch {
      note(part, "\(error)")
      return nil
    }
  }

  /// The same of a file that need not be there.
  mutating func optional<Value>(_ part: String, _ read: () throws -> Value) -> Value? {
    exists(part) ? self.part(part, read) : nil
  }

  /// A text, of which the last `limit` bytes suffice.
  mutating func text(_ part: String, limit: Int = 1 << 20) -> String? {
    optional(part) { [root] in try Self.end(of: root + "/" + part, limit: limit) }
  }

  /// Names in a folder, sorted; none where there is no such folder.
  mutating func names(_ folder: String) -> [String] {
    var information = stat()
    guard lstat(root + "/" + folder, &information) == 0 else { return [] }
    do {
      guard information.st_mode & S_IFMT == S_IFDIR else {
        throw StorageError.damaged(file: folder, expected: "a folder", found: "something else")
      }
      return try Folder.names(root + "/" + folder)
    } catch {
      note(folder, "\(error)")
      return []
    }
  }

  /// A link might lead to a file that the reader never meant to hand on, and a pipe would keep the program waiting.
  private func requireFile(_ part: String) throws {
    let path = root + "/" + part
    var information = stat()
    guard lstat(path, &information) == 0 else { throw StorageError.system("open", path) }
    guard information.st_mode & S_IFMT == S_IFREG else {
      let isLink = information.st_mode & S_IFMT == S_IFLNK
      throw StorageError.damaged(
        file: path, expected: "a regular file",
        found: isLink ? "a link, which a report does not follow" : "something else")
    }
  }

  private static func end(of path: String, limit: Int) throws -> String {
    let file = try FileDescriptor("open", path, flags: O_RDONLY)
    let size = try file.regularFileSize()
    var data = Data(count: min(size, limit))
    if !data.isEmpty {
      try data.withUnsafeMutableBytes { try file.read(into: $0, at: max(0, size - limit)) }
    }
    guard size <= limit else { return "…" + String(decoding: data, as: UTF8.self) }
    guard let text = String(data: data, encoding: .utf8) else {
      throw StorageError.damaged(file: path, expected: "text in UTF-8", found: "other bytes")
    }
    return text
  }
}
