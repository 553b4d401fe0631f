import CoreTensor
import PluginHost
import Training
import Weights
import WorldModel

extension WeightsFamilies {
  /// The families of every enabled plugin of the registry, in its order.
  /// - Parameter pluginsFile: path of the registry; nil for what the rule of `PluginsFile` gives.
  /// - Throws: `PackageError` or `PluginError` where a plugin does not build or load, `FamilyError` where two families
  ///   have one name.
  init(pluginsFile: String?) throws {
    let manifest = try PluginManifest(path: PluginsFile.locate(given: pluginsFile))
    let names = manifest.entries.filter { $0.kind == .weights && $0.enabled }.map(\.name)
    var found: [any WeightsFamily] = []
    var owners: [String: String] = [:]
    for plugin in try PluginHost(manifest: manifest).loadCurrent(Set(names)) {
      guard case .weights(let definition) = plugin.definition else { continue }
      let families = try PluginCode("weights \"\(plugin.name)\"", "make").run {
        try definition.make(plugin.options)
      }
      for family in families {
        if let other = owners.updateValue(plugin.name, forKey: family.name) {
          throw FamilyError(
            description:
              "\(manifest.path): expected families of checkpoints with names of their own, found \"\(family.name)\" of "
              + "\(other) and of \(plugin.name); set enabled = false for one of them")
        }
        found.append(family)
      }
    }
    self.init(found)
  }
}

/// Families that cannot be told apart.
struct FamilyError: Error, CustomStringConvertible {
  let description: String
}
