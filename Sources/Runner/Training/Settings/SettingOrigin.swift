import Console
import WorldModel

/// The layers of settings; each overrides those before it.
public enum SettingsLayer: Int, Sendable, Comparable, CaseIterable {
  case declaration, pluginsFile, preset, configuration, flags

  public static func < (first: SettingsLayer, second: SettingsLayer) -> Bool {
    first.rawValue < second.rawValue
  }
}

/// Where a value came from.
public enum SettingOrigin: Sendable, Equatable, CustomStringConvertible {
  /// The declaration's default.
  case `default`
  /// A preset that is built in.
  case preset(String, line: Int)
  /// A preset, of whose values a plugin has those of its own options.
  case pluginPreset(String, plugin: String)
  /// A file of settings, `plugins.toml` among them.
  case file(String, line: Int)
  /// A flag, by name.
  case flag(String)
  /// What a task that was chosen needs.
  case task(String)
  /// The run that this one begins with, by its folder.
  case run(String)
  /// What so many processes make of it.
  case processes(Int)
  /// Back to its default, because a setting of a later layer decides the same thing.
  indirect case replaced(by: SettingOrigin, former: String)

  public var description: String {
    switch self {
    case .default: "default"
    case .preset(let name, _), .pluginPreset(let name, _): "preset \(name)"
    case .file(let name, let line): "\(name):\(line)"
    case .flag(let name): name
    case .task(let name): "task \(name)"
    case .run(let path): "run \(path)"
    case .processes(let count): "\(count) processes"
    case .replaced(let origin, let former): "\(origin), in place of \(former)"
    }
  }

  /// As an error names it, with the line where there is one.
  package var place: String {
    switch self {
    case .preset(let name, let line): "preset \(name):\(line)"
    case .pluginPreset(let name, let plugin): "plugin \(plugin), preset \(name)"
    default: description
    }
  }
}

/// A value that somebody wrote for a setting, not yet checked.
public struct SettingAssignment: Sendable, Equatable {
  /// What was written.
  public enum Input: Sendable, Equatable {
    /// A value of a TOML type that options know.
    case value(OptionValue)
    /// Text of a flag, to be read by the setting's kind. Quotes and brackets are read as TOML where `isToml`.
    case text(String, isToml: Bool)
    /// Something that no option takes, in words: `"a date"`.
    case unusable(String)
  }

  public let key: SettingKey
  public let input: Input
  public let origin: SettingOrigin

  public init(_ key: SettingKey, _ input: Input, from origin: SettingOrigin) {
    self.key = key
    self.input = input
    self.origin = origin
  }

  /// Checks the value against its declaration.
  /// - Throws: `SettingsError` that says what is allowed and what was found.
  package func checked(by catalogue: SettingsCatalogue) throws -> OptionValue {
    let declaration = try catalogue.declaration(of: key, at: origin.place)
    let found: String
    switch input {
    case .value(let value):
      if let accepted = declaration.accept(value) { return accepted }
      found = value.tomlText
    case .text(let text, let isToml):
      let value = SettingText.value(of: text, as: declaration.kind, isToml: isToml)
      if let accepted = value.flatMap(declaration.accept) { return accepted }
      found = "\"\(text)\""
    case .unusable(let words):
      found = words
    }
    throw SettingsError(
      place: origin.place, subject: "[\(key.table)] \(key.name)", problem: "\(found) is not allowed",
      remedy: "allowed: \(declaration.allowed)" + Self.hint(found, declaration.kind))
  }

  private static func hint(_ found: String, _ kind: OptionKind) -> String {
    guard case .choice(_, let choices) = kind else { return "" }
    return Suggestions.clause(for: found.filter { $0 != "\"" }, in: choices)
  }
}
