import Console
import Foundation

/// Finds the registry of plugins, `plugins.toml`, by one rule for every command: the file that `--plugins` names; else
/// the one in the working folder; else the program's own.
///
/// A run's folder says which registry it began with. That is compared with what the rule gives, and never followed: a
/// folder from elsewhere must not decide whose code is loaded.
public enum PluginsFile {
  public static let name = "plugins.toml"

  /// The rule as help tells it.
  public static let rule =
    "default plugins.toml of the working folder where there is one, else the program's own, which chex-runner "
    + "doctor names."

  /// A registry that was found, and why it is the one.
  public struct Location: Sendable, Equatable {
    /// As it was named, or absolute.
    public let path: String
    /// The part of the rule that chose it, for `doctor`.
    public let reason: String
    /// Registries of later parts of the rule that are there too and are not used.
    public let others: [String]
  }

  /// The file that the rule gives.
  /// - Parameters:
  ///   - given: what `--plugins` says, if anything.
  ///   - directory: the working folder.
  ///   - executable: path of the running program; links are followed.
  /// - Returns: a path that exists and is no folder.
  /// - Throws: `SettingsError` with every place that was looked at.
  public static func locate(
    given: String?, directory: String = FileManager.default.currentDirectoryPath,
    executable: String = Self.runningExecutable
  ) throws -> String {
    try find(given: given, directory: directory, executable: executable).path
  }

  /// As ``locate(given:directory:executable:)``, with the reason.
  public static func find(
    given: String?, directory: String = FileManager.default.currentDirectoryPath,
    executable: String = Self.runningExecutable
  ) throws -> Location {
    let standard = standardPlaces(directory: directory, executable: executable)
    let places = (given.map { [(path: $0, reason: "--plugins names it")] } ?? []) + standard
    // What --plugins names is meant, there or not.
    let candidates = given == nil ? places[...] : places.prefix(1)
    guard let found = candidates.first(where: { isFile($0.path) }) else {
      throw SettingsError(
        place: given == nil ? name : "--plugins", subject: "", problem: "there is no such file",
        remedy: "looked at \(candidates.map(\.path).joined(separator: ", ")); name one with --plugins FILE")
    }
    let others = standard.map(\.path).filter { isFile($0) && !isSame($0, found.path) }
    return Location(path: found.path, reason: found.reason, others: others)
  }

  /// Path of the running program.
  public static var runningExecutable: String {
    URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
  }

  /// Whether two paths lead to one file.
  package static func isSame(_ first: String, _ second: String) -> Bool {
    func resolved(_ path: String) -> String {
      URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
    }
    return resolved(first) == resolved(second)
  }

  private static func standardPlaces(directory: String, executable: String) -> [(
    path: String, reason: String
  )] {
    var places = [
      (
        path: URL(fileURLWithPath: directory).appendingPathComponent(name).path,
        reason: "the working folder's"
      )
    ]
    var folder = URL(fileURLWithPath: executable).resolvingSymlinksInPath().deletingLastPathComponent()
    let tree = folder.deletingLastPathComponent()
    places.append(
      (tree.appendingPathComponent("share/chexworld/\(name)").path, "the installed tree's own"))
    // A build lies in .build/TRIPLE/CONFIGURATION of its package, that of the tests one deeper.
    for _ in 0..<5 {
      if isFile(folder.appendingPathComponent("Package.swift").path) {
        places.append(
          (folder.appendingPathComponent(name).path, "that of the checkout that the program was built in"))
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

extension CommandOption {
  /// The option of every command that loads plugins.
  package static let plugins = registry()

  /// - Parameters:
  ///   - words: what the registry is to the command.
  ///   - group: heading in the help.
  package static func registry(_ words: String = "The registry of plugins", group: String = "Options")
    -> CommandOption
  {
    CommandOption("--plugins", .value("FILE"), group: group, help: "\(words); \(PluginsFile.rule)")
  }
}
