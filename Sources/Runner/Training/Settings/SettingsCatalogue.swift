import Console
import CoreTensor
import WorldModel

/// The name of a setting: its TOML table and its key there.
public struct SettingKey: Hashable, Sendable, CustomStringConvertible {
  public let table: String
  public let name: String

  public init(_ table: String, _ name: String) {
    self.table = table
    self.name = name
  }

  /// As `--set` takes it: `"training.epochs"`.
  public var description: String { "\(table).\(name)" }
}

/// A TOML table of settings.
public struct SettingsTable: Sendable, Equatable {
  public let name: String
  /// One line of what it is about.
  public let summary: String
  public let declarations: [OptionDeclaration]

  public init(_ name: String, _ summary: String, _ declarations: [OptionDeclaration]) {
    self.name = name
    self.summary = summary
    self.declarations = declarations
  }
}

/// A loaded plugin and the options that it declares; its table has the plugin's name.
public struct PluginSettings: Sendable, Equatable {
  public let name: String
  /// Whether `run.tasks` may name it.
  public let isTask: Bool
  public let declarations: [OptionDeclaration]
  /// Values that the plugin gives its options under presets, by the preset's name.
  public let presets: [String: [String: OptionValue]]

  public init(
    name: String, isTask: Bool, declarations: [OptionDeclaration],
    presets: [String: [String: OptionValue]] = [:]
  ) {
    self.name = name
    self.isTask = isTask
    self.declarations = declarations
    self.presets = presets
  }
}

/// Every setting that exists, each declared once: the runner's own tables, then one table for each plugin.
public struct SettingsCatalogue: Sendable {
  public let tables: [SettingsTable]
  public let plugins: [PluginSettings]
  /// Why plugins that are registered are not among them, by name.
  package let refused: [String: String]
  /// Path of the registry of plugins; empty where there is none.
  package let registry: String
  private let declarations: [SettingKey: OptionDeclaration]

  /// - Parameters:
  ///   - refused: why plugins that are registered could not be loaded, by name.
  ///   - registry: path of the registry of plugins.
  /// - Throws: `SettingsError` where a plugin takes a table that exists already, or declares an option twice.
  public init(
    plugins: [PluginSettings] = [], refused: [String: String] = [:], registry: String = ""
  ) throws {
    var tables = SettingsCatalogue.runnerTables
    var declarations: [SettingKey: OptionDeclaration] = [:]
    for plugin in plugins {
      guard !tables.contains(where: { $0.name == plugin.name }) else {
        throw SettingsError(
          place: "plugin \(plugin.name)", subject: "[\(plugin.name)]",
          problem: "the table exists already, so its options would have two owners",
          remedy: "rename the plugin; taken: \(tables.map(\.name).joined(separator: ", "))")
      }
      for preset in plugin.presets.keys.sorted() where !Preset.all.contains(where: { $0.name == preset }) {
        let names = Preset.all.map(\.name)
        throw SettingsError(
          place: "plugin \(plugin.name)", subject: "preset \"\(preset)\"", problem: "there is no such preset",
          remedy: "correct the plugin; presets: \(names.joined(separator: ", "))"
            + Suggestions.clause(for: preset, in: names))
      }
      tables.append(
        SettingsTable(plugin.name, "Options of the plugin \(plugin.name).", plugin.declarations))
    }
    for table in tables {
      for declaration in table.declarations {
        let former = declarations.updateValue(declaration, forKey: SettingKey(table.name, declaration.name))
        guard former == nil else {
          throw SettingsError(
            place: "plugin \(table.name)", subject: "[\(table.name)] \(declaration.name)",
            problem: "the option is declared twice", remedy: "remove one declaration from the plugin")
        }
      }
    }
    (self.refused, self.registry) = (refused, registry)
    self.tables = tables
    self.plugins = plugins
    self.declarations = declarations
  }

  /// The runner's own settings, without plugins.
  public static let ofRunner: SettingsCatalogue = {
    do { return try SettingsCatalogue() } catch { fail("SettingsCatalogue: \(error)") }
  }()

  public subscript(key: SettingKey) -> OptionDeclaration? { declarations[key] }

  /// Every key in the order of declaration.
  public var keys: [SettingKey] {
    tables.flatMap { table in table.declarations.map { SettingKey(table.name, $0.name) } }
  }

  /// Finds a declaration, or says what is there instead.
  /// - Parameter place: where the key was written: `"run.toml:12"`.
  /// - Throws: `SettingsError` with the nearest existing table or key.
  package func declaration(of key: SettingKey, at place: String) throws -> OptionDeclaration {
    if let found = declarations[key] { return found }
    if let current = Renames.current(key), declarations[current] != nil {
      throw SettingsError(
        place: place, subject: "[\(key.table)] \(key.name)", problem: "the setting has another name now",
        remedy: "write [\(current.table)] \(current.name)")
    }
    guard let table = tables.first(where: { $0.name == key.table }) else {
      throw unknownTable(key.table, at: place)
    }
    let names = table.declarations.map(\.name)
    let elsewhere = tables.first { $0.declarations.contains { $0.name == key.name } }
    let nearest = Suggestions.nearest(to: key.name, in: names)
    let hint =
      if let elsewhere {
        "did you mean \(key.name) of [\(elsewhere.name)]?"
      } else if let nearest {
        "did you mean \(nearest) (\(declarations[SettingKey(key.table, nearest)]?.allowed ?? ""))?"
      } else {
        "--print-config lists all."
      }
    throw SettingsError(
      place: place, subject: "[\(key.table)] \(key.name)", problem: "there is no such key",
      remedy: hint + " Keys of [\(key.table)]: " + (names.isEmpty ? "none" : names.joined(separator: ", ")))
  }

  /// The refusal of a table that does not exist.
  func unknownTable(_ name: String, at place: String) -> SettingsError {
    if let reason = refused[name] {
      return SettingsError(
        place: place, subject: "[\(name)]",
        problem: "the plugin \(name) is registered and could not be loaded",
        remedy: reason)
    }
    let names = tables.map(\.name)
    if let current = Renames.tables[name], names.contains(current) {
      return SettingsError(
        place: place, subject: "[\(name)]", problem: "the table has another name now",
        remedy: "write [\(current)]")
    }
    let hint = Suggestions.nearest(to: name, in: names).map { "did you mean [\($0)]? " } ?? ""
    return SettingsError(
      place: place, subject: "[\(name)]",
      problem: "there is no such table, and no plugin of that name is loaded",
      remedy: hint + "Tables: \(names.joined(separator: ", "))")
  }
}
