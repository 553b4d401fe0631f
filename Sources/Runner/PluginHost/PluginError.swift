/// Why a plugin, or the registry of plugins, was refused.
public enum PluginError: Error, Sendable, Equatable {
  /// `plugins.toml` could not be read.
  case unreadableManifest(TomlError)
  /// A key of `plugins.toml` is missing, unknown, or holds what it must not.
  case invalidManifest(ManifestFault)
  /// A plugin was asked for that `plugins.toml` does not name.
  case unknownPlugin(name: String, manifest: String, known: [String])
  /// A registry or a library that others than its owner may change. `plugin` is empty for the registry.
  case untrusted(plugin: String, file: String, found: String)
  /// No file in any of the places.
  case missingLibrary(plugin: String, library: String, searched: [String])
  /// A file that is no plugin: not a shared library of this machine, or one without the entry point.
  case notAPlugin(plugin: String, file: String, found: String)
  /// A library that was linked with a core of its own.
  case carriesCore(plugin: String, file: String)
  /// The loader did not find a symbol that the library needs.
  case unresolvedSymbol(plugin: String, file: String, symbol: String)
  /// The loader refused the library for another reason: a library that it needs is missing, say.
  case notLoadable(plugin: String, file: String, reason: String)
  /// Built for another version of the border between host and plugins.
  case wrongVersion(plugin: String, file: String, expected: UInt32, found: UInt32)
  /// Built against other sources of the core, or by another compiler.
  case foreignCore(plugin: String, file: String, expected: String, found: String)
  /// Uses a second core within this process.
  case foreignRegistry(plugin: String, file: String)
  /// The library calls itself otherwise than `plugins.toml` does.
  case wrongName(plugin: String, file: String, found: String)
  /// The plugin threw while it registered.
  case refusedItself(plugin: String, file: String, reason: String)
  /// The plugin registered something else than one definition of its kind under its name.
  case wrongRegistration(plugin: String, file: String, expected: String, found: String)
  /// The plugin declares an option that contradicts itself.
  case badDeclaration(plugin: String, file: String, option: String, expected: String, found: String)
}

/// What is wrong at one place of `plugins.toml`.
public struct ManifestFault: Sendable, Equatable {
  public let file: String
  public let line: Int
  /// The key with its table: `plugin.local.enabled`.
  public let key: String
  public let expected: String
  public let found: String
  public let remedy: String

  public init(file: String, line: Int, key: String, expected: String, found: String, remedy: String) {
    self.file = file
    self.line = line
    self.key = key
    self.expected = expected
    self.found = found
    self.remedy = remedy
  }
}

extension PluginError: CustomStringConvertible {
  /// One sentence: where, what was expected, what was found, and the remedy.
  public var description: String {
    let (place, expected, found, remedy) = parts
    return "\(place): expected \(expected), found \(found); \(remedy)"
  }

  private var parts: (place: String, expected: String, found: String, remedy: String) {
    let rebuild = "rebuild it with 'swift build' against this core" + package
    let relink = "link it with the dynamic product CoreTensor and rebuild it with 'swift build'"
    switch self {
    case .unreadableManifest(let error):
      let place = error.line.map { "\(error.file):\($0)" } ?? error.file
      return (place, "a readable plugin list in TOML", error.message, "correct the file or name another")
    case .invalidManifest(let fault):
      return ("\(fault.file):\(fault.line): \(fault.key)", fault.expected, fault.found, fault.remedy)
    case .unknownPlugin(let name, let manifest, let known):
      let remedy = NearMiss.remedy(for: name, among: known, kind: "plugin")
      return (manifest, "a plugin named \"\(name)\"", "none", remedy)
    case .untrusted(let plugin, let file, let found):
      let remedy = "look who changed it, then take the permission away: chmod o-w on the file and its folder"
      return (
        plugin.isEmpty ? file : at(plugin, file), "a file that only its owner can change", found, remedy
      )
    case .missingLibrary(let plugin, let library, let searched):
      let remedy = "build it with 'swift build', or correct library in plugins.toml"
      let found = "none of " + searched.joined(separator: ", ")
      return ("plugin \(plugin)", "its library \"\(library)\"", found, remedy)
    case .notAPlugin(let plugin, let file, let found):
      let remedy = "correct library in plugins.toml, or build the plugin again"
      return (at(plugin, file), "a plugin library", found, remedy)
    case .carriesCore(let plugin, let file):
      return (
        at(plugin, file), "a library that shares the core", "one that defines a core of its own", relink
      )
    case .unresolvedSymbol(let plugin, let file, let symbol):
      return (at(plugin, file), "every symbol that it needs", "no \(symbol)", rebuild)
    case .notLoadable(let plugin, let file, let reason):
      return (
        at(plugin, file), "a library that loads", "\"\(reason)\"", "install what it needs, or \(rebuild)"
      )
    case .wrongVersion(let plugin, let file, let expected, let found):
      return (at(plugin, file), "plugin interface version \(expected)", "\(found)", rebuild)
    case .foreignCore(let plugin, let file, let expected, let found):
      return (at(plugin, file), "core fingerprint \(expected.prefix(16))", "\(found.prefix(16))", rebuild)
    case .foreignRegistry(let plugin, let file):
      return (at(plugin, file), "the registry of this process's core", "that of a second core", relink)
    case .wrongName(let plugin, let file, let found):
      let remedy = "correct name or library in plugins.toml"
      return (at(plugin, file), "a plugin that calls itself \"\(plugin)\"", "\"\(found)\"", remedy)
    case .refusedItself(let plugin, let file, let reason):
      let remedy = "remove the cause, or set enabled = false in plugins.toml"
      return (at(plugin, file), "it to register", "that it threw \"\(reason)\"", remedy)
    case .wrongRegistration(let plugin, let file, let expected, let found):
      let remedy = "correct kind in plugins.toml, or the plugin, and rebuild it with 'swift build'"
      return (at(plugin, file), "it to register \(expected)", found, remedy)
    case .badDeclaration(let plugin, let file, let option, let expected, let found):
      let remedy = "correct the plugin and rebuild it with 'swift build'"
      return ("\(at(plugin, file)): option \"\(option)\"", expected, found, remedy)
    }
  }

  /// Where the library's sources are, for the remedy of building it again.
  private var package: String {
    switch self {
    case .unresolvedSymbol(_, let file, _), .notLoadable(_, let file, _), .wrongVersion(_, let file, _, _),
      .foreignCore(_, let file, _, _):
      PluginSources(library: file).map { ": chex-runner plugins check \($0.package)" } ?? ""
    default: ""
    }
  }

  private func at(_ plugin: String, _ file: String) -> String { "plugin \(plugin): \(file)" }
}
