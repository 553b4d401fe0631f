import Foundation
import PluginHost
import Testing
import WorldModel

/// Where `swift build` put the libraries, told by where this process has its core from.
enum BuildFolder {
  /// - Throws: where a library is missing; tests must fail then, never skip.
  static func library(_ name: String) throws -> String {
    let path = try folder() + "/lib\(name).so"
    guard FileManager.default.fileExists(atPath: path) else {
      throw MissingLibrary(
        description: "no \(path): run 'swift build' with this configuration before the tests")
    }
    return path
  }

  static func folder() throws -> String {
    URL(fileURLWithPath: try loadedFile("libCoreTensor.so")).deletingLastPathComponent().path
  }

  /// The file that this process has a library from.
  static func loadedFile(_ prefix: String) throws -> String {
    // Foundation stops after the first page of a file that states no size.
    var maps = Data()
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/maps"))
    while let more = try file.read(upToCount: 4096), !more.isEmpty { maps += more }
    let paths: [String] = String(decoding: maps, as: UTF8.self).split(separator: "\n").compactMap { line in
      line.firstIndex(of: "/").map { String(line[$0...]) }
    }
    guard let path = paths.first(where: { $0.contains("/" + prefix) }) else {
      throw MissingLibrary(description: "this process has no \(prefix), with which its tests must be linked")
    }
    return path
  }

  /// The root of the repository.
  static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  struct MissingLibrary: Error, CustomStringConvertible { let description: String }
}

/// A host for the plugins that `text` describes, in the build folder.
func host(_ text: String, path: String = "plugins.toml") throws -> PluginHost {
  PluginHost(
    manifest: try PluginManifest(text: text, path: path), searchFolders: [try BuildFolder.folder()])
}

/// A `[[plugin]]` of five lines.
func plugin(_ name: String, _ library: String, kind: String = "task", enabled: Bool = true) -> String {
  "[[plugin]]\nname = \"\(name)\"\nkind = \"\(kind)\"\nlibrary = \"\(library)\"\nenabled = \(enabled)\n"
}

/// A folder of its own, removed afterwards.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("chex-" + UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}
