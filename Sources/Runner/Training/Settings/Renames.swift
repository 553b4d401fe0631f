import WorldModel

/// Names that changed. Whoever types an old one is told the new one; the settings of a run that an older version wrote
/// are read under their new names.
package enum Renames {
  /// Flags of any command.
  package static let flags = [
    "--probe-labels": "--label", "--probe-filter": "--evaluation-filter", "--figure": "--metric",
  ]

  package static let plugins = ["probes": "probe"]

  private static let settings: [SettingKey: SettingKey] = {
    var renamed: [SettingKey: SettingKey] = [
      SettingKey("finetune", "fractions"): SettingKey("finetune", "fraction")
    ]
    for name in ["labels", "filter", "train_splits", "validation_splits", "test_splits", "films"] {
      renamed[SettingKey("probe", name)] = SettingKey("evaluation", name)
    }
    return renamed
  }()

  /// What a setting is called now; nil where it was not renamed.
  package static func current(_ key: SettingKey) -> SettingKey? {
    settings[key] ?? plugins[key.table].map { SettingKey($0, key.name) }
  }
}
