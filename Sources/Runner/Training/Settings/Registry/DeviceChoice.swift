import Console
import CoreTensor
import PluginHost
import WorldModel

/// Where a command computes: `run.device` and `--device NAME[:PLACE]`.
package struct DeviceChoice {
  package static let key = SettingKey("run", "device")
  static let cpu = "cpu"

  /// As the user wrote it.
  package let text: String

  /// The backend that the text asks for.
  /// - Parameters:
  ///   - precision: what products shall multiply.
  ///   - plugins: those that are loaded.
  ///   - refused: why others could not be.
  /// - Throws: `DeviceError`, or what the plugin says.
  package func backend(
    _ precision: Precision, plugins: [LoadedPlugin], refused: [String: PluginError] = [:], registry: String
  ) throws -> any Backend {
    let (name, place) = BackendRequest.parts(of: text)
    if name == Self.cpu {
      guard place.isEmpty else {
        throw DeviceError("\(text): the processor has no places; write cpu (--threads says how much of it)")
      }
      return CPUBackend(precision.elementType)
    }
    if let error = refused[name] { throw error }
    guard let plugin = plugins.first(where: { $0.name == name }),
      case .backend(let definition) = plugin.definition
    else { throw Self.unknown(text, name, plugins, registry) }
    let request = BackendRequest(place: place, precision: precision.request)
    return try PluginCode("backend \"\(name)\"", "make").run {
      try definition.make(plugin.options, request)
    }
  }

  /// The same for a command that opens no run.
  package static func backend(_ arguments: ParsedArguments, _ precision: Precision) throws -> any Backend {
    let choice = DeviceChoice(text: arguments.value("--device") ?? cpu)
    let name = BackendRequest.parts(of: choice.text).plugin
    guard name != cpu else { return try choice.backend(precision, plugins: [], registry: "") }
    let manifest = try PluginManifest(path: PluginsFile.locate(given: arguments.value("--plugins")))
    guard manifest[name] != nil else { throw unknown(choice.text, name, [], manifest.path) }
    let plugins = try PluginHost(manifest: manifest).loadCurrent([name])
    return try choice.backend(precision, plugins: plugins, registry: manifest.path)
  }

  private static func unknown(
    _ text: String, _ name: String, _ plugins: [LoadedPlugin], _ registry: String
  ) -> DeviceError {
    let manifest = try? PluginManifest(path: registry)
    let known = [cpu] + (manifest?.entries.filter { $0.kind == .backend }.map(\.name) ?? [])
    let other = manifest?[name].map { ", which is of kind \($0.kind.rawValue)" } ?? ""
    return DeviceError(
      "\(text): expected cpu or a plugin of kind backend in \(registry), found \"\(name)\"\(other)"
        + Suggestions.clause(for: name, in: known) + "; known devices: " + known.joined(separator: ", "))
  }
}

/// A device that is not there.
struct DeviceError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = "--device " + description }
}
