import CoreTensor
import Foundation
import WorldModel

/// One plugin's library on its way into the process. The checks must run in the order in which they stand here:
/// each makes the next one safe.
struct PluginLibrary {
  let plugin: String
  let file: String

  /// Where a plugin's library may be. A bare name is looked for in folders; a path is taken from the manifest's.
  static func candidates(
    _ entry: PluginManifest.Entry, manifest: PluginManifest, searchFolders: [String]
  ) -> [String] {
    guard entry.library.contains("/") else { return searchFolders.map { "\($0)/lib\(entry.library).so" } }
    let folder = URL(fileURLWithPath: manifest.folder, isDirectory: true)
    return [URL(fileURLWithPath: entry.library, relativeTo: folder).standardizedFileURL.path]
  }

  /// The file of a plugin's library: the first of `candidates` that is there.
  static func locate(
    _ entry: PluginManifest.Entry, manifest: PluginManifest, searchFolders: [String]
  ) throws(PluginError) -> String {
    let candidates = candidates(entry, manifest: manifest, searchFolders: searchFolders)
    guard let file = candidates.first(where: FileManager.default.fileExists(atPath:)) else {
      throw .missingLibrary(plugin: entry.name, library: entry.library, searched: candidates)
    }
    return file
  }

  /// Reads the file, so that nothing of a library ever runs that is no plugin, was built against another core, or can
  /// be changed by everyone.
  func checkFile() throws(PluginError) {
    if let fault = FileTrust.fault(of: file) { throw .untrusted(plugin: plugin, file: file, found: fault) }
    let tables: ElfLibrary
    do { tables = try ElfLibrary(path: file) } catch {
      throw .notAPlugin(plugin: plugin, file: file, found: "\(error)")
    }
    guard tables.defined.contains(CHEX_PLUGIN_ENTRY) else {
      throw .notAPlugin(
        plugin: plugin, file: file, found: "a library without the entry point \(CHEX_PLUGIN_ENTRY)")
    }
    guard !tables.defined.contains(CHEX_CORE_MARK) else { throw .carriesCore(plugin: plugin, file: file) }
    let core = PluginHost.coreFingerprint
    guard tables.fingerprints.contains(core) || core == "unset" else {
      let found = tables.fingerprints.count == 1 ? tables.fingerprints.first : nil
      throw .foreignCore(plugin: plugin, file: file, expected: core, found: found ?? "none of a core")
    }
  }

  /// Brings the library into the process, for good.
  func open() throws(PluginError) -> UnsafePointer<chex_plugin_information> {
    guard let handle = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
      throw refusal(ofLoader: dlerror().map { String(cString: $0) } ?? "no reason given")
    }
    guard let symbol = dlsym(handle, CHEX_PLUGIN_ENTRY) else {
      throw .notAPlugin(
        plugin: plugin, file: file, found: "a library without the entry point \(CHEX_PLUGIN_ENTRY)")
    }
    let entry = unsafeBitCast(symbol, to: (@convention(c) () -> UnsafePointer<chex_plugin_information>?).self)
    guard let information = entry() else {
      throw .notAPlugin(plugin: plugin, file: file, found: "an entry point that gives no information")
    }
    return information
  }

  /// The loader's text begins with the file that it means, which may be another library.
  func refusal(ofLoader text: String) -> PluginError {
    guard let range = text.range(of: "undefined symbol: ") else {
      let reason = text.hasPrefix(file + ": ") ? String(text.dropFirst(file.count + 2)) : text
      return .notLoadable(plugin: plugin, file: file, reason: reason)
    }
    let symbol = text[range.upperBound...].prefix { !" ,\t\n()".contains($0) }
    return .unresolvedSymbol(plugin: plugin, file: file, symbol: String(symbol))
  }

  /// Whether the plugin was built for this process; only then may more of it be read.
  func checkCore(_ information: UnsafePointer<chex_plugin_information>) throws(PluginError) {
    // Only the first field has a meaning until the version is known.
    let version = UnsafeRawPointer(information).load(as: UInt32.self)
    guard version == UInt32(CHEX_PLUGIN_ABI_VERSION) else {
      throw .wrongVersion(
        plugin: plugin, file: file, expected: UInt32(CHEX_PLUGIN_ABI_VERSION), found: version)
    }
    let information = information.pointee
    let core = PluginHost.coreFingerprint
    let fingerprint = information.coreFingerprint.map { String(cString: $0) } ?? "none"
    guard fingerprint == core else {
      throw .foreignCore(plugin: plugin, file: file, expected: core, found: fingerprint)
    }
    guard information.registryType == PluginRegistry.typeAddress else {
      throw .foreignRegistry(plugin: plugin, file: file)
    }
  }

  /// - Returns: the plugin's version.
  func checkName(_ information: UnsafePointer<chex_plugin_information>) throws(PluginError) -> String {
    let name = Self.name(information)
    guard name == plugin else { throw .wrongName(plugin: plugin, file: file, found: name) }
    return information.pointee.version.map { String(cString: $0) } ?? ""
  }

  static func name(_ information: UnsafePointer<chex_plugin_information>) -> String {
    information.pointee.name.map { String(cString: $0) } ?? ""
  }

  /// Lets the plugin register, and takes exactly what its kind and name promise.
  /// - Parameter kind: nil for any.
  func register(
    _ information: UnsafePointer<chex_plugin_information>, kind: PluginKind?
  ) throws(PluginError) -> (definition: PluginDefinition, components: [ComponentDefinition]) {
    let registry = PluginRegistry()
    guard let register = information.pointee.registerInto else {
      throw .notAPlugin(plugin: plugin, file: file, found: "a plugin that cannot register")
    }
    let context = information.pointee.context
    let code = PluginCode("plugin \"\(plugin)\"", "registration")
    if let reason = code.run({ register(context, Unmanaged.passUnretained(registry).toOpaque()) }) {
      defer { free(reason) }
      throw .refusedItself(plugin: plugin, file: file, reason: String(cString: reason))
    }
    let found =
      registry.tasks.map(PluginDefinition.task) + registry.dataSources.map(PluginDefinition.data)
      + registry.evaluations.map(PluginDefinition.evaluation) + registry.codecs.map(PluginDefinition.codec)
      + registry.backends.map(PluginDefinition.backend)
      + registry.communicators.map(PluginDefinition.communicator)
      + registry.weights.map(PluginDefinition.weights)
    // A plugin of components alone is the one that has its name.
    let own = registry.components.first { $0.name == plugin }.map(PluginDefinition.component)
    let definitions = found.isEmpty ? [own].compactMap { $0 } : found
    guard let definition = definitions.first, definitions.count == 1, kind == nil || definition.kind == kind,
      definition.name == plugin
    else {
      let found = (definitions + registry.components.map(PluginDefinition.component)).map {
        "\($0.kind.rawValue) \"\($0.name)\""
      }.joined(separator: " and ")
      throw .wrongRegistration(
        plugin: plugin, file: file, expected: "one \(kind?.rawValue ?? "plugin") \"\(plugin)\"",
        found: found.isEmpty ? "nothing" : found)
    }
    let others = registry.components.filter { component in
      if case .component = definition { component.name != plugin } else { true }
    }
    return (definition, others)
  }
}
