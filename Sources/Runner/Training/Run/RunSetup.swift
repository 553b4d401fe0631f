import CoreTensor
import Foundation
import Imaging
import PluginHost
import Radiographs
import Runs
import WorldModel

/// Everything that a run is made from: settings, plugins, tasks and radiographs.
package struct RunSetup {
  package let settings: Settings
  package let configuration: RunConfiguration
  package let manifest: PluginManifest
  /// Every plugin that could be loaded, in the registry's order.
  package let plugins: [LoadedPlugin]
  /// Why others could not be loaded, by name.
  let refusedPlugins: [String: PluginError]
  /// Computes, where the settings say.
  package let backend: any Backend
  /// To the other processes that train this run; nil where there are none.
  package let communication: CommunicationQueue?
  /// Encoder, predictor, optimiser and schedule, as the settings name them.
  package let components: ComponentChoice
  /// How encoder and predictor are made.
  package let networks: Networks

  /// Loads the registry's plugins and resolves the settings of a run.
  /// - Parameters:
  ///   - pluginsFile: path of the registry; nil for what the rule of `PluginsFile` gives.
  ///   - wanted: names of plugins that the command needs beside those that settings name.
  ///   - begins: whether this begins a run, whose steps are divided among the processes that were started.
  /// - Throws: `PackageError` or `PluginError` where a plugin that is enabled or wanted does not build or load.
  package init(
    _ request: SettingsRequest, pluginsFile: String?, wanted: Set<String> = [], begins: Bool = true
  ) throws {
    manifest = try PluginManifest(path: PluginsFile.locate(given: pluginsFile))
    let launch = try ProcessGroup.launch()
    let found = try Plugins(
      manifest, wanted: wanted.union(request.mentionedNames()),
      tried: CommunicatorChoice.candidates(manifest, launch))
    (plugins, refusedPlugins) = (found.loaded, found.refused)
    let catalogue = try SettingsCatalogue(
      plugins: plugins.flatMap { plugin in
        [PluginSettings(plugin)]
          + plugin.components.map {
            PluginSettings(name: $0.name, isTask: false, declarations: $0.options)
          }
      }, refused: refusedPlugins.mapValues { "\($0)" }, registry: manifest.path)
    let name = Folder.name(of: manifest.path)
    let given = plugins.flatMap { plugin in
      plugin.given.sorted { $0.value.line < $1.value.line }.map { key, option in
        SettingAssignment(
          SettingKey(plugin.name, key), .value(option.value), from: .file(name, line: option.line))
      }
    }
    var settings = try Settings(catalogue: catalogue, pluginsFile: given, request: request)
    // A run keeps the tasks and radiographs that it began with, whatever the registry says when it is resumed.
    let chosen = Self.choices(of: manifest, name).filter { settings[$0.key].value == .list([]) }
    let divided = begins ? try MicroBatches.divided(settings, among: launch) : []
    var request = request
    request.assignments += divided
    if !chosen.isEmpty || !divided.isEmpty {
      settings = try Settings(catalogue: catalogue, pluginsFile: given + chosen, request: request)
    }
    if begins, case .text(let other) = settings[SettingKey("model", "from")].value, !other.isEmpty {
      request.assignments += try Beginning.settings(
        from: other, withPredictor: settings["model", "from_predictor"].value == .boolean(true),
        given: request.keys())
      settings = try Settings(catalogue: catalogue, pluginsFile: given + chosen, request: request)
    }
    let needed = Self.needs(of: settings, plugins)
    if !needed.isEmpty {
      settings = try Settings(catalogue: catalogue, pluginsFile: given + chosen + needed, request: request)
    }
    self.settings = settings
    configuration = try RunConfiguration(settings)
    let threads = configuration.run.threads
    Compute.threads = threads > 0 ? threads : ProcessGroup.threads(launch)
    if let instructions = configuration.run.instructions { try ComputeOptions.hold(to: instructions) }
    components = ComponentChoice(configuration, plugins: plugins, registry: manifest.path)
    networks = try components.networks()
    backend = try DeviceChoice(text: configuration.run.device).backend(
      configuration.run.precision, plugins: plugins, refused: refusedPlugins, registry: manifest.path)
    communication =
      try ProcessGroup.current
      ?? CommunicatorChoice(
        name: configuration.run.communicator, plugins: plugins, refused: refusedPlugins, registry: manifest
      ).join(launch, backend.device)
    ProcessGroup.join(communication)
  }

  /// What the registry chooses where no setting does: the tasks that it enables, the radiographs of its default
  /// source, and the evaluations that a run ends with.
  /// - Parameter name: of the registry's file.
  private static func choices(of manifest: PluginManifest, _ name: String) -> [SettingAssignment] {
    let tasks = manifest.entries.filter { $0.enabled && $0.kind == .task }
    let sources = manifest.defaultSource.map { [$0] } ?? []
    return [
      (SettingKey("run", "tasks"), tasks), (SettingKey("data", "source"), sources),
      (SettingKey("run", "evaluations"), manifest.defaultEvaluations),
    ].compactMap { key, entries in
      entries.first.map { first in
        SettingAssignment(
          key, .value(.list(entries.map { .text($0.name) })), from: .file(name, line: first.line))
      }
    }
  }

  /// What the chosen tasks need of the model, where no setting says otherwise.
  private static func needs(of settings: Settings, _ plugins: [LoadedPlugin]) -> [SettingAssignment] {
    guard case .list(let names) = settings[SettingKey("run", "tasks")].value else { return [] }
    return plugins.compactMap { plugin in
      guard names.contains(.text(plugin.name)), case .task(let definition) = plugin.definition,
        let mode = definition.targetEncoder
      else { return nil }
      return SettingAssignment(
        SettingKey("model", "target_encoder"), .value(.text(mode.rawValue)), from: .task(plugin.name))
    }
  }

  /// A model of tasks as the run's seed initialises it, on the run's device.
  package func model(_ tasks: TaskSet, recomputesActivations: Bool = false) -> WorldModel {
    Compute.$backend.withValue(backend) {
      tasks.model(
        shape, networks: networks, seed: UInt64(configuration.run.seed),
        recomputesActivations: recomputesActivations)
    }
  }

  package var shape: WorldModelConfiguration {
    WorldModelConfiguration(configuration.model, configuration.run.compatibility)
  }

  package var environment: TaskEnvironment { shape.environment(configuration.run.compatibility) }

  /// The run's tasks, in the order in which they act.
  /// - Throws: `RunSetupError.noTask`, and what a task throws when it is made.
  package func taskSet() throws -> TaskSet {
    let chosen = plugins.compactMap { plugin -> (definition: TaskDefinition, options: Options)? in
      guard case .task(let definition) = plugin.definition, configuration.run.tasks.contains(plugin.name)
      else {
        return nil
      }
      return (definition, configuration.options(of: plugin.name, declared: definition.options))
    }
    guard !chosen.isEmpty else { throw RunSetupError.noTask(manifest: manifest.path) }
    return try TaskSet(chosen, environment: environment)
  }
}

extension PluginSettings {
  /// The options of a plugin, which its own table sets.
  init(_ plugin: LoadedPlugin) {
    var presets: [String: [String: OptionValue]] = [:]
    if case .data(let source) = plugin.definition { presets = source.presets }
    self.init(
      name: plugin.name, isTask: plugin.kind == .task, declarations: plugin.definition.options,
      presets: presets)
  }
}

package enum RunSetupError: Error, CustomStringConvertible {
  case noTask(manifest: String)
  package var description: String {
    switch self {
    case .noTask(let manifest):
      "run: no task is enabled; name some with --tasks, or set enabled = true in \(manifest)"
    }
  }
}

extension String {
  /// Nil where there is no text.
  package var nonEmpty: String? { isEmpty ? nil : self }
}
