import Console
import CoreTensor
import WorldModel

/// A flag that sets one setting; its help is the setting's.
public struct SettingFlag: Sendable, Equatable {
  public let name: String
  public let aliases: [String]
  public let placeholder: String
  public let key: SettingKey
  /// Whether the flag may stand several times, each adding one item to a list.
  public let isRepeated: Bool
  private let declaration: OptionDeclaration

  package init(
    _ name: String, aliases: [String] = [], _ placeholder: String, _ table: String, _ key: String,
    isRepeated: Bool = false
  ) {
    self.name = name
    self.aliases = aliases
    self.placeholder = placeholder
    self.key = SettingKey(table, key)
    self.isRepeated = isRepeated
    guard let declaration = SettingsCatalogue.ofRunner[self.key] else {
      fail("SettingFlag \(name): \(self.key) is not declared")
    }
    self.declaration = declaration
  }

  /// The flag of a plugin's option: `--batch-size` for `batch_size`.
  package init(_ declaration: OptionDeclaration, of plugin: String) {
    name = "--" + declaration.name.replacing("_", with: "-")
    aliases = []
    key = SettingKey(plugin, declaration.name)
    isRepeated = false
    self.declaration = declaration
    placeholder =
      switch declaration.kind {
      case .integer: "N"
      case .number: "X"
      case .boolean: "true|false"
      case .choice: "WHICH"
      case .text: "TEXT"
      case .interval: "LOW,HIGH"
      case .texts: "A,B"
      case .numbers: "X,Y"
      }
  }

  /// Every flag that stands for a setting.
  public static let all = [
    SettingFlag("--tasks", "A,B", "run", "tasks"),
    SettingFlag("--from", "RUN", "model", "from"),
    SettingFlag("--data", "SOURCE", "data", "source", isRepeated: true),
    SettingFlag("--sampling-weights", "X,Y", "data", "sampling_weights"),
    SettingFlag("--fraction", "X", "data", "fraction"),
    SettingFlag("--out", aliases: ["-o"], "DIR", "run", "out"),
    SettingFlag("--seed", "N", "run", "seed"),
    SettingFlag("--epochs", "N", "training", "epochs"),
    SettingFlag("--steps", "N", "training", "steps"),
    SettingFlag("--batch", "N", "training", "batch_size"),
    SettingFlag("--learning-rate", "X", "training", "learning_rate"),
    SettingFlag("--naive", "", "run", "naive"),
    SettingFlag("--compatibility", "WHICH", "run", "compatibility"),
    SettingFlag("--model", "SIZE", "model", "size"),
    SettingFlag("--image-size", "N", "model", "image_size"),
    SettingFlag("--threads", "N", "run", "threads"),
    SettingFlag("--precision", "WHICH", "run", "precision"),
    SettingFlag("--device", "NAME[:PLACE]", "run", "device"),
    SettingFlag("--checkpoint-activations", "", "training", "checkpoint_activations"),
    SettingFlag("--loader-threads", "N", "run", "loader_threads"),
    SettingFlag("--holdout", "X", "data", "holdout_fraction"),
    SettingFlag("--path-column", "NAME", "data", "path_column"),
    SettingFlag("--label-column", "NAME", "data", "label_column"),
    SettingFlag("--patient-column", "NAME", "data", "patient_column"),
    SettingFlag("--split-column", "NAME", "data", "split_column"),
    SettingFlag("--split-file", "FILE", "data", "split_file", isRepeated: true),
    SettingFlag("--split-fold", "N", "data", "split_fold"),
    SettingFlag("--split-checksum", "SHA256", "data", "split_checksum"),
    SettingFlag("--landmarks", "FILE", "data", "landmarks"),
    SettingFlag("--filter", "COLUMN=VALUE", "data", "filter", isRepeated: true),
    SettingFlag("--pretrain-splits", "A,B", "data", "pretrain_splits"),
    SettingFlag("--label", "A,B", "evaluation", "labels"),
    SettingFlag("--evaluation-filter", "COLUMN=VALUE", "evaluation", "filter", isRepeated: true),
  ]

  /// The flags of commands that only read radiographs: files and single settings, and those of the table `data`.
  package static let dataOptions =
    sources + all.filter { $0.key.table == "data" }.map(\.option)

  /// The flags of commands that evaluate a run: which radiographs, which findings, and how to compute.
  package static let evaluationFlags = all.filter {
    ["data", "evaluation"].contains($0.key.table) && !["sampling_weights", "fraction"].contains($0.key.name)
      || ["threads", "precision", "device"].contains($0.key.name)
  }

  /// The flag of commands that evaluate by a plugin.
  package static let folds = SettingFlag("--folds", "N", "evaluation", "folds")

  private static let sources = presets + singles

  private static let presets = [
    CommandOption(
      "--preset", .value("NAME"), group: "Where settings come from",
      help: "Values to start from, \(Preset.standardName) unless given; defaults below are those of paper. "
        + Preset.all.map { "\($0.name) = \($0.summary)" }.joined(separator: "; ") + "."),
    CommandOption(
      "--config", aliases: ["-c"], .value("FILE"), group: "Where settings come from",
      help: "TOML file of settings that override the preset."),
  ]

  /// Single settings, and the registry.
  package static let singles = [
    CommandOption(
      "--set", .repeated("TABLE.KEY=VALUE"), group: "Where settings come from",
      help: "Any setting, options of plugins too: --set PLUGIN.OPTION=VALUE. --print-config lists them all."),
    .registry(group: "Where settings come from"),
  ]

  /// The flags of every command that resolves settings: presets, files, single settings, and how to show them.
  public static let options =
    sources + [
      CommandOption(
        "--print-config", group: "Instead of training",
        help: "Print every setting and where it came from, as TOML that --config reads."),
      CommandOption(
        "--dry-run", group: "Instead of training",
        help: "Make one step without training: supervisions, shapes, parameters, memory, time."),
      CommandOption(
        "--json", group: "Instead of training", help: "With --print-config or --dry-run: as JSON."),
    ] + all.map(\.option)

  /// The flag as its command declares it.
  public var option: CommandOption { option(group: "Settings that have a flag") }

  /// The flag under another heading of the help.
  package func option(group: String) -> CommandOption {
    let arity: CommandOption.Arity
    if case .boolean(default: false) = declaration.kind {
      arity = .toggle
    } else {
      arity = isRepeated ? .repeated(placeholder) : .value(placeholder)
    }
    let limits = "(\(key): \(declaration.allowed); default \(declaration.defaultValue.tomlText))"
    return CommandOption(
      name, aliases: aliases, arity, group: group, help: "\(declaration.help) \(limits)")
  }

  /// What the flag sets, where it was typed.
  package func assignment(_ arguments: ParsedArguments) -> SettingAssignment? {
    guard arguments.has(name) else { return nil }
    let input: SettingAssignment.Input
    switch option.arity {
    case .toggle: input = .value(.boolean(true))
    case .repeated: input = .value(.list(arguments.values(name).map(OptionValue.text)))
    case .value: input = .text(arguments.value(name) ?? "", isToml: false)
    }
    return SettingAssignment(key, input, from: .flag(name))
  }
}
