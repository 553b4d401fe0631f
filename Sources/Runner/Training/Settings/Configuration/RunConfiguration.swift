import WorldModel

/// Everything that decides a run, typed and checked: made from resolved settings, saved with the run.
///
/// Each part lies in a file of its own with the table of settings that fills it; what a field holds to begin with is
/// the default, and "paper" means the published recipe.
public struct RunConfiguration: Codable, Sendable, Equatable {
  public var run: Run
  public var model: Model
  /// How views are cut from a radiograph; defaults are the paper's.
  public var views: ViewSettings
  public var data: Data
  public var training: Training
  public var objective: Objective
  public var diagnostics: Diagnostics
  public var evaluation: Evaluation
  /// Resolved options of every loaded plugin: plugin's name → option's name → value.
  public var plugins: [String: [String: OptionValue]]

  /// The options of one plugin, with its declared defaults for those that were not saved.
  public func options(of plugin: String, declared declarations: [OptionDeclaration]) -> Options {
    Options(declarations, given: plugins[plugin] ?? [:])
  }

  /// Makes the typed configuration from resolved settings.
  /// - Throws: `SettingsError` where values that are each allowed do not fit together.
  public init(_ settings: Settings) throws {
    run = try Run.table.values(settings)
    model = try Model.table.values(settings)
    views = try ViewSettings.table.values(settings)
    data = try Data.table.values(settings)
    training = try Training.table.values(settings)
    objective = try Objective.table.values(settings)
    diagnostics = try Diagnostics.table.values(settings)
    evaluation = try Evaluation.table.values(settings)
    plugins = [:]
    for plugin in settings.catalogue.plugins {
      let values = plugin.declarations.map { ($0.name, settings[plugin.name, $0.name].value) }
      plugins[plugin.name] = Dictionary(uniqueKeysWithValues: values)
    }
    try ConfigurationChecks(settings: settings).check(self)
  }
}

extension SettingsCatalogue {
  /// The runner's own settings. Defaults are the paper's unless the help says otherwise.
  package static let runnerTables = [
    RunConfiguration.Run.table.declared, RunConfiguration.Model.table.declared, ViewSettings.table.declared,
    RunConfiguration.Data.table.declared, RunConfiguration.Training.table.declared,
    RunConfiguration.Objective.table.declared, RunConfiguration.Diagnostics.table.declared,
    RunConfiguration.Evaluation.table.declared,
  ]
}

extension Settings {
  /// What decides settings that are not given one by one.
  var compatibility: Compatibility {
    Compatibility(rawValue: options(of: "run").text("compatibility")) ?? .paper
  }
}
