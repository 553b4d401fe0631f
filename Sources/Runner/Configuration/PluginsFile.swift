import Foundation

/// Finds the registry of plugins, `plugins.toml`.
public enum PluginsFile {
  public static let name = "plugins.toml"

  /// The file that `--plugins` names; else the one in the working directory; else the one that belongs to the
  /// program: of the package that it was built in, or of `share/chexworld` where it was installed.
  /// - Parameters:
  ///   - given: what `--plugins` says, if anything.
  ///   - directory: the working directory.
  ///   - executable: path of the running program; links are followed.
  /// - Returns: a path that exists and is no folder.
  /// - Throws: `SettingsError` with every place that was looked at.
  public static func locate(
    given: String?, directory: String = FileManager.default.currentDirectoryPath,
    executable: String = Self.runningExecutable
  ) throws -> String {
    let candidates = given.map { [$0] } ?? standardPlaces(directory: directory, executable: executable)
    if let found = candidates.first(where: isFile) { return found }
    throw SettingsError(
      place: given == nil ? name : "--plugins", subject: "", problem: "there is no such file",
      remedy: "looked at \(candidates.joined(separator: ", ")); name one with --plugins FILE")
  }

  /// Path of the running program.
  public static var runningExecutable: String {
    URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
  }

  private static func standardPlaces(directory: String, executable: String) -> [String] {
    var places = [URL(fileURLWithPath: directory).appendingPathComponent(name).path]
    var folder = URL(fileURLWithPath: executable).resolvingSymlinksInPath().deletingLastPathComponent()
    places.append(folder.deletingLastPathComponent().appendingPathComponent("share/chexworld/\(name)").path)
    // A build lies in .build/TRIPLE/CONFIGURATION of its package.
    for _ in 0..<4 {
      if isFile(folder.appendingPathComponent("Package.swift").path) {
        places.append(folder.appendingPathComponent(name).path)
        break
      }
      folder.deleteLastPathComponent()
    }
    return places
  }

  private static func isFile(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && !isDirectory.boolValue
  }
}
