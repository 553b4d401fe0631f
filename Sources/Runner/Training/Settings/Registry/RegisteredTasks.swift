import Console
import PluginHost
import WorldModel

/// The tasks of a registry, for commands that resolve no settings of a run.
package struct RegisteredTasks {
  private let host: PluginHost
  private var manifest: PluginManifest { host.manifest }
  private var entries: [PluginManifest.Entry] { manifest.entries.filter { $0.kind == .task } }

  package init(_ manifest: PluginManifest) { host = PluginHost(manifest: manifest) }

  /// Tasks with the options that the registry gives them, in its order.
  /// - Parameter names: those to load, enabled or not; nil for all that are enabled.
  /// - Throws: `UsageError` for a plugin that is no task, and what loading throws.
  package func chosen(_ names: [String]?) throws -> [(definition: TaskDefinition, options: Options)] {
    let wanted = Set(names ?? entries.filter(\.enabled).map(\.name))
    return try host.loadCurrent(wanted).map { plugin in
      guard case .task(let definition) = plugin.definition else {
        throw UsageError(
          "--tasks: expected tasks of \(manifest.path), \(entries.map(\.name).joined(separator: ", ")), found "
            + "\"\(plugin.name)\", which is a plugin of kind \(plugin.kind.rawValue)")
      }
      return (definition, plugin.options)
    }
  }

  /// Every task that can be loaded, and why others cannot, by name.
  /// - Throws: `PackageError` or `PluginError` where one that is enabled does not build or load.
  package func all() throws -> (definitions: [TaskDefinition], refused: [String: PluginError]) {
    var definitions = try chosen(nil).map(\.definition)
    var refused: [String: PluginError] = [:]
    for status in host.inspect(only: Set(entries.filter { !$0.enabled }.map(\.name))) {
      switch status {
      case .loaded(let plugin):
        if case .task(let definition) = plugin.definition { definitions.append(definition) }
      case .failed(let entry, let error): refused[entry.name] = error
      }
    }
    return (definitions, refused)
  }
}
