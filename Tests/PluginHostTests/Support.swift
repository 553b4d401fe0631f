import Foundation
import PluginHost
import TestSupport
import Testing
import WorldModel

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

/// An error's sentence has these parts, and says what was expected and what to do.
func expect(_ error: PluginError, _ parts: String...) {
  for part in parts { #expect("\(error)".contains(part), "\(error)") }
  #expect("\(error)".contains("expected ") && "\(error)".contains("; "), "\(error)")
}
