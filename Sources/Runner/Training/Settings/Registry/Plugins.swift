import Console
import PluginHost

/// The plugins of a registry as a command has them, each of what its sources now say.
struct Plugins {
  let manifest: PluginManifest
  /// Those that could be loaded, in the registry's order.
  let loaded: [LoadedPlugin]
  /// Why others could not be, by name. None of them is enabled or wanted.
  let refused: [String: PluginError]

  /// Builds what is enabled or wanted and older than its sources, and loads all.
  /// - Parameters:
  ///   - wanted: names that the command line or a file of settings asks for; others than plugins' are fine.
  ///   - tried: names of plugins of which one that loads may be enough.
  /// - Throws: `PackageError` where a package that is needed does not build, `PluginError` where a plugin that is
  ///   needed cannot be loaded.
  init(_ manifest: PluginManifest, wanted: Set<String>, tried: Set<String> = []) throws {
    let host = PluginHost(manifest: manifest)
    func isNeeded(_ entry: PluginManifest.Entry) -> Bool {
      entry.enabled && !entry.kind.isLoadedWhereWanted || wanted.contains(entry.name)
    }
    for entry in manifest.entries where isNeeded(entry) {
      if let sources = host.sources(of: entry) { try PluginPackage.update(entry.name, sources) }
    }
    var loaded: [LoadedPlugin] = []
    var refused: [String: PluginError] = [:]
    let loadable = manifest.entries.filter {
      !$0.kind.isLoadedWhereWanted || wanted.union(tried).contains($0.name)
    }
    for status in host.inspect(only: Set(loadable.map(\.name))) {
      switch status {
      case .loaded(let plugin): loaded.append(plugin)
      case .failed(let entry, let error):
        if isNeeded(entry) { throw error }
        refused[entry.name] = error
      }
    }
    for warning in host.ownerWarnings(libraries: loaded.map(\.libraryPath)) {
      StandardStream.error.show("chex-runner: warning: \(warning)\n")
    }
    (self.manifest, self.loaded, self.refused) = (manifest, loaded, refused)
  }
}

extension PluginKind {
  /// Whether plugins of the kind are loaded only where they compute or communicate, since their libraries may be large.
  var isLoadedWhereWanted: Bool { self == .backend || self == .communicator }
}

extension PluginHost {
  /// Loads plugins that a command needs by name, built anew where their sources are newer.
  /// - Throws: `PackageError` or `PluginError`.
  package func loadCurrent(_ names: Set<String>) throws -> [LoadedPlugin] {
    for entry in manifest.entries where names.contains(entry.name) {
      if let sources = sources(of: entry) { try PluginPackage.update(entry.name, sources) }
    }
    return try load(only: names)
  }
}
