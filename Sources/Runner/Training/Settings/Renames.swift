import WorldModel

/// Names that changed. Whoever types an old one is told the new one; the settings of a run that an older version wrote
/// are read under their new names.
package enum Renames {
  /// Flags of any command.
  package static let flags = [
    "--probe-labels": "--label", "--probe-filter": "--evaluation-filter", "--figure": "--metric",
    "--weights": "--sampling-weights", "--films": "--images", "--sheet-films": "--sheet-images",
  ]

  package static let plugins = ["probes": "probe"]

  /// Tables of settings, those of plugins among them.
  package static let tables = plugins.merging(["health": "diagnostics"]) { name, _ in name }

  private static let settings: [SettingKey: SettingKey] = {
    var renamed: [SettingKey: SettingKey] = [
      SettingKey("finetune", "fractions"): SettingKey("finetune", "fraction"),
      SettingKey("data", "weights"): SettingKey("data", "sampling_weights"),
      SettingKey("health", "films"): SettingKey("diagnostics", "images"),
      SettingKey("probe", "films"): SettingKey("evaluation", "images"),
    ]
    for name in ["labels", "filter", "train_splits", "validation_splits", "test_splits"] {
      renamed[SettingKey("probe", name)] = SettingKey("evaluation", name)
    }
    for table in ["evaluation", "phantom", "sensitivity"] {
      renamed[SettingKey(table, "films")] = SettingKey(table, "images")
    }
    return renamed
  }()

  /// What a setting is called now; nil where it was not renamed.
  package static func current(_ key: SettingKey) -> SettingKey? {
    settings[key] ?? tables[key.table].map { SettingKey($0, key.name) }
  }
}
