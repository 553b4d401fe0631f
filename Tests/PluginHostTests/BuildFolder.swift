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
    var information = Dl_info()
    guard let symbol = dlsym(nil, CHEX_CORE_MARK), dladdr(symbol, &information) != 0,
      let path = information.dli_fname
    else {
      throw MissingLibrary(
        description: "this process has no core: it must be linked with libCoreTensor.so")
    }
    let file = URL(fileURLWithPath: String(cString: path)).resolvingSymlinksInPath()
    return file.deletingLastPathComponent().path
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
