import Console
import Evaluations
import Foundation
import PluginHost
import Training
import WorldModel

/// What the commands of evaluations are made from.
enum EvaluationCommands {
  /// The evaluations of a registry.
  /// - Parameters:
  ///   - registry: path of the registry; nil for what the rule of `PluginsFile` gives.
  ///   - name: the one that is wanted, whose package is built where its sources are newer; nil for all that can be
  ///     loaded as they are.
  /// - Throws: `SettingsError` or `PluginError` where the registry cannot be read, or the wanted plugin not loaded.
  static func definitions(registry: String?, name: String?) throws -> [EvaluationDefinition] {
    try PluginCommands.plugins([.evaluation], registry: registry, name: name).compactMap { plugin in
      if case .evaluation(let definition) = plugin.definition { definition } else { nil }
    }
  }
}

extension Command {
  private static let common = [
    CommandOption(
      "--out", aliases: ["-o"], .value("DIR"),
      help:
        "Where metrics, pictures, log and work in progress are left; default a folder below RUN/evaluations. The same "
        + "command goes on there, or prints what it found."),
    CommandOption("--json", help: "One line of JSON."),
    SettingFlag.folds.option,
  ]

  /// The command of an evaluation: its options are flags.
  static func evaluation(_ definition: EvaluationDefinition) -> Command {
    let general = common + EvaluatedRun.options + [presetFor(definition)].compactMap { $0 }
    let taken = Set(general.flatMap(\.spellings))
    // An option whose flag means something else already is set by --set.
    let flags = definition.options.map { SettingFlag($0, of: definition.name) }
      .filter { !taken.contains($0.name) }
    return Command(
      name: definition.commandName, summary: definition.summary,
      options: flags.map { $0.option(group: "Options of \(definition.name)") } + general,
      arguments: [CommandArgument("RUN", help: "The run's folder.")], sharesWork: definition.isOfFeatures,
      examples: definition.command.examples.map { CommandExample("chex-runner \($0.line)", $0.meaning) },
      run: { try evaluate(definition, flags, $0) })
  }

  /// Evaluates a run by any plugin.
  static let evaluate = Command(
    name: "evaluate",
    summary: "Evaluate a run by a plugin; each evaluation is a command of its own too",
    options: [CommandOption("--with", .value("NAME"), help: "The plugin, of kind evaluation. Required.")]
      + common + EvaluatedRun.options,
    arguments: [CommandArgument("RUN", help: "The run's folder.")], sharesWork: true,
    examples: [
      CommandExample("chex-runner evaluate runs/first --with neighbours", "metrics of a plugin of your own")
    ],
    run: { arguments in
      guard let name = arguments.value("--with") else {
        throw UsageError("evaluate: --with NAME is required")
      }
      let found = try EvaluationCommands.definitions(registry: arguments.value("--plugins"), name: name)
      guard let definition = found.first else {
        // Says which evaluations there are.
        return try show(EvaluationRunner(EvaluatedRun(arguments, evaluation: name), name), arguments)
      }
      return try evaluate(definition, [], arguments)
    })

  private static func presetFor(_ definition: EvaluationDefinition) -> CommandOption? {
    let names = EvaluationPresets.names(definition)
    guard !names.isEmpty else { return nil }
    return CommandOption(
      "--preset-for", .value("NAME"),
      help:
        "Settings recommended for a collection: \(names.joined(separator: ", ")); or \(EvaluationPresets.none), "
        + "not even those for the encoder's shape. Default: by what --data begins with, \"\(names[0]):\" say."
    )
  }

  private static func evaluate(
    _ definition: EvaluationDefinition, _ flags: [SettingFlag], _ arguments: ParsedArguments
  ) throws -> Int32 {
    let all = SettingAssignment(
      SettingKey("evaluation", "images"), .value(.integer(0)), from: .flag(definition.commandName))
    let run = try EvaluatedRun(
      arguments, evaluation: definition.name, flags: flags + [.folds],
      settings: definition.command.usesAllImages ? [all] : [])
    let communicator = run.setup.communication
    guard communicator == nil || definition.isOfFeatures else {
      throw UsageError(
        "\(definition.commandName): it evaluates a model, which processes do not share; start one process")
    }
    let runner = try EvaluationRunner(
      run, definition.name, presets: EvaluationPresets.chosen(definition, run, arguments),
      sharedBy: communicator)
    if let communicator, !communicator.isFirst {
      try runner.lendFeatures()
      return 0
    }
    for preset in runner.presets {
      let list = preset.values.map { "\($0.name) = \($0.value.tomlText)" }.joined(separator: ", ")
      ProgressReporter.standardError("preset for \(preset.name) (\(preset.reason)): \(list)\n")
    }
    return try show(runner, arguments)
  }

  /// - Returns: the exit status; 130 where the user asked to stop.
  private static func show(_ runner: EvaluationRunner, _ arguments: ParsedArguments) throws -> Int32 {
    guard let report = try runner(out: arguments.value("--out")) else { return 130 }
    if arguments.has("--json") {
      try Output.printJson(report)
    } else {
      Output.print(report.text(for: Terminal.current()))
    }
    return 0
  }
}

/// Which presets of an evaluation are taken.
enum EvaluationPresets {
  /// The name that no preset has: the options' defaults and nothing else.
  static let none = "none"

  static func names(_ definition: EvaluationDefinition) -> [String] {
    definition.presets.compactMap { if case .collection = $0.occasion { $0.name } else { nil } }
  }

  /// - Throws: `UsageError` where `--preset-for` names none.
  static func chosen(
    _ definition: EvaluationDefinition, _ run: EvaluatedRun, _ arguments: ParsedArguments
  ) throws -> [EvaluationPreset] {
    let names = names(definition)
    guard !definition.presets.isEmpty else { return [] }
    let isAsked = arguments.declares("--preset-for")
    let shape = run.setup.shape.encoder
    return chosen(
      definition, sources: run.setup.configuration.data.sources, depth: shape.depth, width: shape.width,
      named: !isAsked ? nil : try arguments.choice("--preset-for", of: names + [none]))
  }

  /// - Parameters:
  ///   - sources: as `--data` names them.
  ///   - named: what `--preset-for` says.
  static func chosen(
    _ definition: EvaluationDefinition, sources: [String], depth: Int, width: Int, named: String?
  ) -> [EvaluationPreset] {
    if named == none { return [] }
    let collections = Set(
      sources.map { source in
        source.contains(":") ? source.split(separator: ":", maxSplits: 1).first.map(String.init) : nil
      })
    let collection = named ?? (collections.count == 1 ? collections.first ?? nil : nil)
    return definition.presets.filter { preset in
      switch preset.occasion {
      case .collection: preset.name == collection
      case .encoder(let suits): suits(depth, width)
      }
    }
  }
}
