import Foundation
import WorldModel

/// Loads the plugins of a manifest into this process and checks each before it may register.
///
/// A library is never unloaded: Swift keeps pointers into it for good.
public struct PluginHost: Sendable {
  public let manifest: PluginManifest
  /// Where libraries with bare names are looked for, the first hit wins.
  public let searchFolders: [String]

  /// - Parameter searchFolders: `standardFolders` where not given.
  public init(manifest: PluginManifest, searchFolders: [String]? = nil) {
    self.manifest = manifest
    self.searchFolders = searchFolders ?? Self.standardFolders(manifest)
  }

  /// Beside the executable, in `../lib` from there, beside the manifest.
  public static func standardFolders(_ manifest: PluginManifest) -> [String] {
    let installed = URL(fileURLWithPath: programFolder).appendingPathComponent("../lib").standardizedFileURL
    return [programFolder, installed.path, manifest.folder]
  }

  /// The folder of the running program.
  static var programFolder: String {
    let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(fileURLWithPath: executable ?? CommandLine.arguments[0]).deletingLastPathComponent().path
  }

  /// Loads plugins in the manifest's order.
  /// - Parameter names: the plugins to load, whether enabled or not; all of them where nil. A disabled plugin that
  ///   was not asked for by name and cannot be loaded is left out, as it must not stop a run; `inspect` tells why.
  /// - Throws: `PluginError`, for the first plugin that is refused.
  public func load(only names: Set<String>? = nil) throws -> [LoadedPlugin] {
    let known = manifest.entries.map(\.name)
    if let unknown = names?.sorted().first(where: { !known.contains($0) }) {
      throw PluginError.unknownPlugin(name: unknown, manifest: manifest.path, known: known)
    }
    return try manifest.entries.compactMap { entry in
      if let names { return names.contains(entry.name) ? try load(entry) : nil }
      return entry.enabled ? try load(entry) : try? load(entry)
    }
  }

  /// Tries plugins, for listings and reports; nothing is thrown.
  /// - Parameter names: the plugins to try; all of them where nil.
  public func inspect(only names: Set<String>? = nil) -> [PluginStatus] {
    manifest.entries.filter { names?.contains($0.name) ?? true }.map { entry in
      do throws(PluginError) { return .loaded(try load(entry)) } catch { return .failed(entry, error) }
    }
  }

  /// The file of a plugin's library, whether or not it can be loaded.
  /// - Throws: `PluginError.missingLibrary`.
  public func file(of entry: PluginManifest.Entry) throws(PluginError) -> String {
    try PluginLibrary.locate(entry, manifest: manifest, searchFolders: searchFolders)
  }

  /// The package that a plugin's library is built in, also where it is not built yet; nil for a library that lies in no
  /// package's build folder.
  public func sources(of entry: PluginManifest.Entry) -> PluginSources? {
    PluginLibrary.candidates(entry, manifest: manifest, searchFolders: searchFolders)
      .first { entry.library.contains("/") || FileManager.default.fileExists(atPath: $0) }
      .flatMap(PluginSources.init)
  }

  /// Loads one library that no manifest need name, with the same checks.
  /// - Parameter file: path of the library.
  /// - Throws: `PluginError`.
  public static func load(library file: String) throws(PluginError) -> LoadedPlugin {
    let file = URL(fileURLWithPath: file).standardizedFileURL.path
    let bare = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
    let unnamed = PluginLibrary(plugin: bare, file: file)
    guard FileManager.default.fileExists(atPath: file) else {
      throw .missingLibrary(plugin: bare, library: file, searched: [file])
    }
    try unnamed.checkFile()
    let information = try unnamed.open()
    try unnamed.checkCore(information)
    let library = PluginLibrary(plugin: PluginLibrary.name(information), file: file)
    let version = try library.checkName(information)
    let (definition, components) = try library.register(information, kind: nil)
    let entry = PluginManifest.Entry(name: library.plugin, kind: definition.kind, library: file)
    try OptionCheck(entry: entry, manifest: file, file: file).declarations(of: definition)
    return LoadedPlugin(
      name: library.plugin, kind: definition.kind, version: version, libraryPath: file, enabled: false,
      definition: definition, components: components, given: [:])
  }

  /// The fingerprint of the core that this process runs on.
  public static var coreFingerprint: String { String(cString: chex_core_fingerprint()) }

  /// What a report should say of files that other users own: the registry's, and libraries.
  public func ownerWarnings(libraries: [String]) -> [String] {
    ([manifest.path] + libraries).compactMap { path in
      FileTrust.foreignOwner(of: path).map {
        "\(path) belongs to \($0), whose code runs with your rights (docs/trust.md)"
      }
    }
  }

  /// What a report should say of the core; nil where all is well.
  public static var coreWarning: String? { warning(host: CHEX_CORE_FINGERPRINT, core: coreFingerprint) }

  static func warning(host: String, core: String) -> String? {
    if host != core {
      return
        "libCoreTensor.so: expected the core with fingerprint \(host.prefix(16)) that the host was built against, "
        + "found \(core.prefix(16)); build both again with 'make build'"
    }
    if core == "unset" {
      return
        "libCoreTensor.so: expected a core with a fingerprint, found one without, so that plugins of older "
        + "sources cannot be told; build with 'make build'"
    }
    return nil
  }

  private func load(_ entry: PluginManifest.Entry) throws(PluginError) -> LoadedPlugin {
    let file = try PluginLibrary.locate(entry, manifest: manifest, searchFolders: searchFolders)
    let library = PluginLibrary(plugin: entry.name, file: file)
    try library.checkFile()
    let information = try library.open()
    try library.checkCore(information)
    let version = try library.checkName(information)
    let (definition, components) = try library.register(information, kind: entry.kind)
    let check = OptionCheck(entry: entry, manifest: manifest.path, file: file)
    try check.declarations(of: definition)
    return LoadedPlugin(
      name: entry.name, kind: entry.kind, version: version, libraryPath: file, enabled: entry.enabled,
      definition: definition, components: components, given: try check.given(definition.options))
  }
}

/// What became of one plugin of the manifest.
public enum PluginStatus: Sendable {
  case loaded(LoadedPlugin)
  case failed(PluginManifest.Entry, PluginError)

  public var name: String {
    switch self {
    case .loaded(let plugin): plugin.name
    case .failed(let entry, _): entry.name
    }
  }
}
