import PluginHost
import WorldModel

/// Reads files of settings: tables of keys, nothing deeper.
public enum SettingsFile {
  /// Reads a file that `--config` names.
  /// - Parameters:
  ///   - dispensable: tables that are left aside where the catalogue has none of the name.
  ///   - readsFormerNames: whether settings that were renamed are read under their new names.
  ///   - unused: tables of which keys that the catalogue does not have are left aside.
  /// - Throws: `SettingsError` with file and line.
  public static func assignments(
    path: String, catalogue: SettingsCatalogue, dispensable: Set<String> = [], readsFormerNames: Bool = false,
    unused: Set<String> = []
  ) throws -> [SettingAssignment] {
    var root = try reading(path) { try Toml.parse(path: path) }
    if readsFormerNames { root = renamed(root, catalogue) }
    let known = Set(catalogue.tables.map(\.name))
    let kept = root.keys.filter { known.contains($0) || !dispensable.contains($0) }
    let table = TomlTable(
      kept.compactMap { key in
        root[key].map { (key, unused.contains(key) ? declared($0, of: key, catalogue) : $0) }
      }, line: root.line)
    return try assignments(table, catalogue) { .file(path, line: $0) }
  }

  /// A table without the keys that the catalogue does not have.
  private static func declared(_ value: TomlValue, of name: String, _ catalogue: SettingsCatalogue)
    -> TomlValue
  {
    guard case .table(let table) = value.content else { return value }
    let kept = ordered(table).filter { catalogue[SettingKey(name, $0.0)] != nil }
    return TomlValue(.table(TomlTable(kept.map { ($0.0, $0.1) }, line: table.line)), line: value.line)
  }

  /// The same settings under the names that they have now.
  private static func renamed(_ root: TomlTable, _ catalogue: SettingsCatalogue) -> TomlTable {
    var tables: [(name: String, entries: [(key: String, value: TomlValue)], line: Int)] = []
    func add(_ name: String, _ key: String, _ value: TomlValue, line: Int) {
      if let index = tables.firstIndex(where: { $0.name == name }) {
        tables[index].entries.append((key, value))
      } else {
        tables.append((name, [(key, value)], line))
      }
    }
    var others: [(key: String, value: TomlValue)] = []
    for (name, value) in ordered(root) {
      guard case .table(let table) = value.content else {
        others.append((name, value))
        continue
      }
      for (key, entry) in ordered(table) {
        let old = SettingKey(name, key)
        let current = catalogue[old] == nil ? Renames.current(old) ?? old : old
        add(current.table, current.name, entry, line: value.line)
      }
    }
    let named = tables.map { own in
      (own.name, TomlValue(.table(TomlTable(own.entries, line: own.line)), line: own.line))
    }
    return TomlTable(others + named, line: root.line)
  }

  /// What a file says of one key; nil where it says nothing.
  static func input(of key: SettingKey, path: String) throws -> SettingAssignment.Input? {
    let root = try reading(path) { try Toml.parse(path: path) }
    guard case .table(let table)? = root[key.table]?.content else { return nil }
    return table[key.name].map { input($0.content) }
  }

  /// Reads the text of a preset.
  static func assignments(preset: Preset, catalogue: SettingsCatalogue) throws -> [SettingAssignment] {
    let name = "preset \(preset.name)"
    let table = try reading(name) { try Toml.parse(text: preset.text, name: name) }
    return try assignments(table, catalogue) { .preset(preset.name, line: $0) }
  }

  /// Reads one TOML value; nil where the text is not exactly one value of a type that options know.
  static func value(ofToml text: String) -> OptionValue? {
    guard !text.contains(where: \.isNewline),
      let table = try? Toml.parse(text: "value = \(text)", name: "value"),
      table.keys == ["value"], let value = table.entries["value"],
      case .value(let found) = input(value.content)
    else { return nil }
    return found
  }

  private static func reading(_ name: String, _ read: () throws -> TomlTable) throws -> TomlTable {
    do { return try read() } catch {
      let message = "\(error)"
      throw SettingsError(
        place: message.contains(name) ? "" : name, subject: "", problem: message,
        remedy: "settings are TOML tables, as --print-config writes them")
    }
  }

  private static func assignments(
    _ root: TomlTable, _ catalogue: SettingsCatalogue, origin: (Int) -> SettingOrigin
  ) throws -> [SettingAssignment] {
    var found: [SettingAssignment] = []
    for (name, value) in ordered(root) {
      let origin = origin(value.line)
      guard case .table(let table) = value.content else {
        throw outside(name, value, origin, catalogue)
      }
      guard catalogue.tables.contains(where: { $0.name == name }) else {
        throw catalogue.unknownTable(name, at: origin.place)
      }
      found += ordered(table).map { key, value in
        SettingAssignment(SettingKey(name, key), input(value.content), from: lineOrigin(value))
      }
    }
    return found

    func lineOrigin(_ value: TomlValue) -> SettingOrigin { origin(value.line) }
  }

  private static func ordered(_ table: TomlTable) -> [(String, TomlValue)] {
    table.keys.compactMap { key in table.entries[key].map { (key, $0) } }
      .sorted { ($0.1.line, $0.0) < ($1.1.line, $1.0) }
  }

  private static func outside(
    _ name: String, _ value: TomlValue, _ origin: SettingOrigin, _ catalogue: SettingsCatalogue
  ) -> SettingsError {
    let owner = catalogue.tables.first { $0.declarations.contains { $0.name == name } }
    let isTable = catalogue.tables.contains { $0.name == name }
    let problem = isTable ? "it is a table, not a key" : "the key stands outside any table"
    let hint =
      isTable
      ? "write [\(name)] and its keys below"
      : owner.map { "put it below [\($0.name)]" }
        ?? "tables: \(catalogue.tables.map(\.name).joined(separator: ", "))"
    return SettingsError(place: origin.place, subject: name, problem: problem, remedy: hint)
  }

  private static func input(_ content: TomlValue.Content) -> SettingAssignment.Input {
    switch content {
    case .integer(let value): return .value(.integer(value))
    case .number(let value): return .value(.number(value))
    case .boolean(let value): return .value(.boolean(value))
    case .text(let value): return .value(.text(value))
    case .list(let items):
      var values: [OptionValue] = []
      for item in items {
        guard case .value(let value) = input(item.content) else { return .unusable("a list of other things") }
        values.append(value)
      }
      return .value(.list(values))
    case .table: return .unusable("a table")
    case .other(let kind): return .unusable(kind)
    }
  }
}
