import CoreTensor
import WorldModel

/// A setting with its value and where that came from.
public struct ResolvedSetting: Sendable, Equatable {
  public let key: SettingKey
  public let value: OptionValue
  public let origin: SettingOrigin
  public let layer: SettingsLayer
}

/// Every setting of a run, resolved in layers: default, `plugins.toml`, preset, configuration file, flags.
public struct Settings: Sendable {
  public let catalogue: SettingsCatalogue
  private var resolved: [SettingKey: ResolvedSetting]

  /// Where a setting of a later layer decides what older ones decided, they go back to their defaults:
  /// `--model tiny` over a preset of custom width, `--epochs 5` over a file that counts steps.
  private static let replacements: [SettingKey: [SettingKey]] = [
    SettingKey("model", "size"): ["width", "depth", "heads"].map { SettingKey("model", $0) },
    SettingKey("training", "epochs"): [SettingKey("training", "steps")],
  ]

  /// - Parameters:
  ///   - catalogue: what exists.
  ///   - pluginsFile: what `plugins.toml` sets: options of plugins, and `run.tasks` by what it enables.
  ///   - request: what the command line asks for.
  /// - Throws: `SettingsError` for the first key or value that is refused, in the order of layers and lines.
  public init(
    catalogue: SettingsCatalogue, pluginsFile: [SettingAssignment] = [], request: SettingsRequest = .init()
  ) throws {
    self.catalogue = catalogue
    resolved = [:]
    for key in catalogue.keys {
      guard let declaration = catalogue[key] else { continue }
      resolved[key] = ResolvedSetting(
        key: key, value: declaration.defaultValue, origin: .default, layer: .declaration)
    }
    try apply(pluginsFile, .pluginsFile)
    if let name = request.preset {
      try apply(catalogue.plugins.flatMap { $0.assignments(preset: name) }, .preset)
      try apply(SettingsFile.assignments(preset: Preset.named(name), catalogue: catalogue), .preset)
    }
    if let path = request.configuration {
      try apply(
        SettingsFile.assignments(
          path: path, catalogue: catalogue, dispensable: request.dispensableTables,
          readsFormerNames: request.readsFormerNames, unused: Self.unused(catalogue, request)),
        .configuration)
    }
    try apply(request.assignments, .flags)
    replaceDecided()
  }

  /// The setting of that name.
  /// - Precondition: it is declared.
  public subscript(_ key: SettingKey) -> ResolvedSetting {
    guard let found = resolved[key] else { fail("Settings: \(key) is not declared") }
    return found
  }

  public subscript(_ table: String, _ name: String) -> ResolvedSetting { self[SettingKey(table, name)] }

  /// The resolved options of one table, as a plugin takes them.
  public func options(of table: String) -> Options {
    let declarations = catalogue.tables.first { $0.name == table }?.declarations ?? []
    let given = declarations.map { ($0.name, self[table, $0.name].value) }
    return Options(declarations, given: Dictionary(uniqueKeysWithValues: given))
  }

  /// Tables of tasks that a run which is opened again does not train on: what an older version of theirs could be told
  /// decides nothing.
  private static func unused(_ catalogue: SettingsCatalogue, _ request: SettingsRequest) throws -> Set<String>
  {
    guard request.readsFormerNames, let path = request.configuration,
      case .value(.list(let items))? = try SettingsFile.input(of: SettingKey("run", "tasks"), path: path)
    else { return [] }
    let tasks = items.compactMap { if case .text(let name) = $0 { name } else { nil } }
    let others = catalogue.plugins.filter { $0.isTask && !tasks.contains($0.name) }.map(\.name)
    return tasks.isEmpty ? [] : Set(others).intersection(request.dispensableTables)
  }

  private mutating func apply(_ assignments: [SettingAssignment], _ layer: SettingsLayer) throws {
    for assignment in assignments {
      let value = try assignment.checked(by: catalogue)
      resolved[assignment.key] = ResolvedSetting(
        key: assignment.key, value: value, origin: assignment.origin, layer: layer)
    }
  }

  private mutating func replaceDecided() {
    for (key, decided) in Self.replacements {
      let decider = self[key]
      for other in decided where self[other].layer < decider.layer {
        let former = self[other]
        guard let standard = catalogue[other]?.defaultValue, former.value != standard else { continue }
        resolved[other] = ResolvedSetting(
          key: other, value: standard,
          origin: .replaced(by: decider.origin, former: "\(former.value.tomlText) of \(former.origin)"),
          layer: decider.layer)
      }
    }
  }
}

extension PluginSettings {
  /// What the plugin itself sets under a preset.
  fileprivate func assignments(preset: String) -> [SettingAssignment] {
    (presets[preset] ?? [:]).sorted { $0.key < $1.key }.map { option, value in
      SettingAssignment(
        SettingKey(name, option), .value(value), from: .pluginPreset(preset, plugin: name))
    }
  }
}
