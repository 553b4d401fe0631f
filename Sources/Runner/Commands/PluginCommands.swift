import Console
import CoreTensor
import Evaluations
import PluginHost
import Training
import WorldModel

/// The commands that plugins bring: evaluations, and sources that write their radiographs.
enum PluginCommands {
  /// The commands of the registry that the words name, or the rule finds.
  /// - Parameter name: the first word of the wanted command, whose package is built where its sources are newer; nil
  ///   for all that can be loaded as they are.
  /// - Throws: `SettingsError` or `PluginError` where the registry cannot be read, or the wanted plugin not loaded;
  ///   `UsageError` where the wanted plugin brings no command, or one whose flags are taken.
  static func find(_ words: [String], name: String?) throws -> [Command] {
    try plugins([.evaluation, .data], registry: registry(words)) { entry in
      name.map { entry.name == $0 || entry.kind == .evaluation && entry.name.hasPrefix($0 + "-") }
    }.compactMap { plugin in
      switch plugin.definition {
      case .evaluation(let definition): Command.evaluation(definition)
      case .data(let definition): try DataPluginCommand(plugin, definition).command(isAsked: name != nil)
      default: nil
      }
    }
  }

  /// Plugins of some kinds.
  /// - Parameters:
  ///   - registry: path of the registry; nil for what the rule of `PluginsFile` gives.
  ///   - name: as of ``find(_:name:)``.
  static func plugins(_ kinds: Set<PluginKind>, registry: String?, name: String?) throws -> [LoadedPlugin] {
    try plugins(kinds, registry: registry) { entry in name.map { entry.name == $0 } }
  }

  /// - Parameter isWanted: whether a plugin is; nil for all that can be loaded as they are.
  private static func plugins(
    _ kinds: Set<PluginKind>, registry: String?, _ isWanted: (PluginManifest.Entry) -> Bool?
  ) throws -> [LoadedPlugin] {
    let manifest = try PluginManifest(path: PluginsFile.locate(given: registry))
    let host = PluginHost(manifest: manifest)
    let entries = manifest.entries.filter { kinds.contains($0.kind) && isWanted($0) ?? true }
    let names = Set(entries.map(\.name))
    guard entries.allSatisfy({ isWanted($0) == nil }) else { return try host.loadCurrent(names) }
    return host.inspect(only: names).compactMap { status -> LoadedPlugin? in
      if case .loaded(let plugin) = status { plugin } else { nil }
    }
  }

  private static func registry(_ words: [String]) -> String? {
    for (place, word) in words.enumerated() {
      if word == "--" { break }
      if word == "--plugins" { return words.dropFirst(place + 1).first }
      if word.hasPrefix("--plugins=") { return String(word.dropFirst("--plugins=".count)) }
    }
    return nil
  }
}

/// The command of a data plugin: its options as flags, and then its radiographs as files.
private struct DataPluginCommand {
  private let plugin: LoadedPlugin
  private let definition: DataSourceDefinition

  init(_ plugin: LoadedPlugin, _ definition: DataSourceDefinition) {
    (self.plugin, self.definition) = (plugin, definition)
  }

  /// - Parameter isAsked: whether the plugin was named; else one without a command is left out.
  /// - Throws: `UsageError` where a plugin that was named brings none, or one of its flags is taken.
  func command(isAsked: Bool) throws -> Command? {
    guard let own = definition.command else {
      guard isAsked else { return nil }
      throw UsageError(
        "there is no command \"\(plugin.name)\"; it is a source of radiographs, which chex-runner data write --data "
          + "\(plugin.name) --out DIR writes")
    }
    let general = [Self.seed, Command.exportFolder, .plugins]
    let options = definition.options.map { option($0, own) }
    var taken = Set(general.flatMap(\.spellings) + ["--help", "-h"])
    for option in options {
      guard option.name.hasPrefix("--"), option.name.count > 2, !option.name.contains("="),
        taken.insert(option.name).inserted
      else {
        throw UsageError(
          "plugin \(plugin.name): \(plugin.libraryPath): expected a flag of its own for each option, found "
            + "\(option.name), which is taken or no flag; give it another in the definition's command")
      }
    }
    return Command(
      name: plugin.name, summary: own.summary, options: options + general,
      examples: own.examples.map { CommandExample($0.line, $0.meaning) },
      run: { try run($0, own) })
  }

  private func run(_ arguments: ParsedArguments, _ own: DataCommand) throws -> Int32 {
    guard let out = arguments.value("--out") else {
      throw UsageError("\(plugin.name): --out DIR is required")
    }
    var given = values(own)
    for declaration in definition.options {
      let flag = Self.flag(declaration, own)
      guard let text = arguments.value(flag) else { continue }
      guard
        let value = SettingText.value(of: text, as: declaration.kind, isToml: true)
          .flatMap(declaration.accept)
      else {
        throw UsageError("\(flag): expected \(declaration.allowed), found \"\(text)\"")
      }
      given[declaration.name] = value
    }
    let seed = UInt64(try arguments.integer("--seed", in: 0...Int(Int32.max)) ?? 0)
    let options = Options(definition.options, given: given)
    let code = PluginCode("data source \"\(plugin.name)\"", "make")
    return try Command.write(try code.run { try definition.make(options, seed) }, to: out)
  }

  /// What holds where the command line says nothing.
  private func values(_ own: DataCommand) -> [String: OptionValue] {
    plugin.given.mapValues(\.value).merging(own.values) { $1 }
  }

  private static let seed = CommandOption("--seed", .value("N"), help: "Of whatever is drawn; default 0.")

  private static func flag(_ declaration: OptionDeclaration, _ own: DataCommand) -> String {
    own.flags[declaration.name] ?? "--" + declaration.name.replacing("_", with: "-")
  }

  private func option(_ declaration: OptionDeclaration, _ own: DataCommand) -> CommandOption {
    let value = values(own)[declaration.name] ?? declaration.defaultValue
    return CommandOption(
      Self.flag(declaration, own), .value(SettingFlag(declaration, of: plugin.name).placeholder),
      help: declaration.help.prefix(1).uppercased() + declaration.help.dropFirst()
        + " (\(declaration.allowed); default \(value.tomlText)).")
  }
}
