import Foundation

/// The registry of plugins, `plugins.toml`: which exist, where their libraries are, which are on, their options.
///
///     [[plugin]]
///     name = "local"
///     kind = "task"
///     library = "LocalTask"
///     enabled = true
///     [plugin.options]
///     probability = 0.5
public struct PluginManifest: Sendable, Equatable {
  /// One `[[plugin]]`.
  public struct Entry: Sendable, Equatable {
    /// ASCII letters, digits, `-` and `_`, beginning with a letter; unique in the manifest.
    public let name: String
    public let kind: PluginKind
    /// A bare name (`LocalTask` for `libLocalTask.so`), or a path, which holds a `/`.
    public let library: String
    /// True unless the manifest says otherwise.
    public let enabled: Bool
    /// Whether the radiographs of this data plugin are taken where nothing names others. False unless the manifest says
    /// so.
    public let isDefault: Bool
    /// As written; the plugin's own declarations check them once it is loaded.
    public let options: TomlTable
    /// Line of the table's header.
    public let line: Int

    public init(
      name: String, kind: PluginKind, library: String, enabled: Bool = true, isDefault: Bool = false,
      options: TomlTable = TomlTable(), line: Int = 1
    ) {
      self.name = name
      self.kind = kind
      self.library = library
      self.enabled = enabled
      self.isDefault = isDefault
      self.options = options
      self.line = line
    }
  }

  /// The file as it was named, for messages.
  public let path: String
  /// In the file's order, which is registry order.
  public let entries: [Entry]

  public init(path: String, entries: [Entry]) {
    self.path = path
    self.entries = entries
  }

  /// Reads `path`.
  /// - Throws: `PluginError.unreadableManifest`, `.invalidManifest`, or `.untrusted` where every user may write it.
  public init(path: String) throws {
    if let fault = FileTrust.fault(of: path) {
      throw PluginError.untrusted(plugin: "", file: path, found: fault)
    }
    try self.init(path: path) { try Toml.parse(path: path) }
  }

  /// Reads `text` as if it stood in the file `path`.
  /// - Throws: `PluginError.unreadableManifest` or `.invalidManifest`.
  public init(text: String, path: String) throws {
    try self.init(path: path) { try Toml.parse(text: text, name: path) }
  }

  private init(path: String, parse: () throws -> TomlTable) throws {
    let table: TomlTable
    do { table = try parse() } catch let error as TomlError { throw PluginError.unreadableManifest(error) }
    self.init(path: path, entries: try ManifestReader(file: path).entries(table))
  }

  /// The folder that relative libraries start from.
  public var folder: String {
    URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent().path
  }

  public subscript(name: String) -> Entry? { entries.first { $0.name == name } }

  /// The data plugin whose radiographs are taken where nothing names others: enabled and marked `default = true`; nil
  /// where there is none.
  public var defaultSource: Entry? { entries.first { $0.kind == .data && $0.isDefault && $0.enabled } }

  /// The evaluations that a run ends with where nothing names others: enabled and marked `default = true`.
  public var defaultEvaluations: [Entry] {
    entries.filter { $0.kind == .evaluation && $0.isDefault && $0.enabled }
  }
}

/// Turns the TOML of one manifest into entries, and whatever it cannot take into a fault with its place.
private struct ManifestReader {
  static let keys = ["name", "kind", "library", "enabled", "default", "options"]
  let file: String

  func entries(_ root: TomlTable) throws -> [PluginManifest.Entry] {
    for key in root.keys where key != "plugin" {
      throw fault(
        root.entries[key]?.line ?? 1, key, expected: "only [[plugin]] tables", found: "this key",
        remedy: "remove it, or write it within a [[plugin]]")
    }
    guard let plugins = root["plugin"] else { return [] }
    guard case .list(let items) = plugins.content else { throw notTables(plugins) }
    var entries: [PluginManifest.Entry] = []
    for item in items {
      guard case .table(let table) = item.content else { throw notTables(item) }
      let entry = try self.entry(table, number: entries.count + 1)
      if let first = entries.first(where: { $0.name == entry.name }) {
        throw fault(
          table["name"]?.line ?? table.line, "plugin.name", expected: "names that are unique",
          found: "\"\(entry.name)\", which line \(first.line) has too", remedy: "rename or remove one of them"
        )
      }
      if entry.isDefault, entry.enabled, entry.kind == .data,
        let first = entries.first(where: { $0.kind == .data && $0.isDefault && $0.enabled })
      {
        throw fault(
          table["default"]?.line ?? table.line, "plugin.\(entry.name).default",
          expected: "one enabled plugin of kind \"data\" that is the default",
          found: "another, \"\(first.name)\" of line \(first.line)", remedy: "remove it from one of them")
      }
      entries.append(entry)
    }
    return entries
  }

  private func entry(_ table: TomlTable, number: Int) throws -> PluginManifest.Entry {
    let name = try self.name(table, number: number)
    for key in table.keys where !Self.keys.contains(key) {
      throw fault(
        table.entries[key]?.line ?? table.line, "plugin.\(name).\(key)", expected: "a known key",
        found: "\"\(key)\"", remedy: NearMiss.remedy(for: key, among: Self.keys, kind: "key"))
    }
    let kind = try kind(table, name)
    return PluginManifest.Entry(
      name: name, kind: kind, library: try library(table, name),
      enabled: try truth(table, name, "enabled") ?? true, isDefault: try isDefault(table, name, kind),
      options: try options(table, name), line: table.line)
  }

  private func name(_ table: TomlTable, number: Int) throws -> String {
    let expected = "a name of ASCII letters, digits, - and _ that begins with a letter"
    let remedy = "write one, such as name = \"rotation\""
    guard let value = table["name"] else {
      throw fault(
        table.line, "plugin.name of table \(number)", expected: expected, found: "none", remedy: remedy)
    }
    guard case .text(let name) = value.content, isName(name) else {
      throw fault(value.line, "plugin.name", expected: expected, found: value.found, remedy: remedy)
    }
    return name
  }

  private func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 64 else { return false }
    let isLetter = { (byte: UInt8) in (0x41...0x5a).contains(byte & ~0x20) }
    return isLetter(first)
      && text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x2d || $0 == 0x5f }
  }

  private func kind(_ table: TomlTable, _ name: String) throws -> PluginKind {
    let known = PluginKind.allCases.map(\.rawValue)
    let choices = "one of " + known.map { "\"\($0)\"" }.joined(separator: ", ")
    guard let value = table["kind"] else {
      throw fault(
        table.line, "plugin.\(name).kind", expected: choices, found: "none", remedy: "write kind = \"task\"")
    }
    guard case .text(let text) = value.content, let kind = PluginKind(rawValue: text) else {
      var remedy = "write one of these"
      if case .text(let text) = value.content {
        remedy = NearMiss.remedy(for: text, among: known, kind: "kind")
      }
      throw fault(value.line, "plugin.\(name).kind", expected: choices, found: value.found, remedy: remedy)
    }
    return kind
  }

  private func library(_ table: TomlTable, _ name: String) throws -> String {
    let expected = "a library's name, such as \"RotationTask\", or a path with a /"
    guard let value = table["library"] else {
      throw fault(
        table.line, "plugin.\(name).library", expected: expected, found: "none",
        remedy: "write library = \"…\"")
    }
    guard case .text(let text) = value.content, !text.isEmpty, !text.utf8.contains(0) else {
      throw fault(
        value.line, "plugin.\(name).library", expected: expected, found: value.found,
        remedy: "name the plugin's product")
    }
    return text
  }

  /// A key that is true or false; nil where the table has none of the name.
  private func truth(_ table: TomlTable, _ name: String, _ key: String) throws -> Bool? {
    guard let value = table[key] else { return nil }
    guard case .boolean(let truth) = value.content else {
      throw fault(
        value.line, "plugin.\(name).\(key)", expected: "true or false", found: value.found,
        remedy: "write it without quotes")
    }
    return truth
  }

  private func isDefault(_ table: TomlTable, _ name: String, _ kind: PluginKind) throws -> Bool {
    guard try truth(table, name, "default") == true else { return false }
    guard kind == .data || kind == .evaluation else {
      throw fault(
        table["default"]?.line ?? table.line, "plugin.\(name).default",
        expected: "a plugin of kind \"data\", where radiographs come from, or of kind \"evaluation\", with "
          + "which runs end",
        found: "a plugin of kind \"\(kind.rawValue)\"",
        remedy: "remove the key; enabled = true turns a plugin on")
    }
    return true
  }

  private func options(_ table: TomlTable, _ name: String) throws -> TomlTable {
    guard let value = table["options"] else { return TomlTable() }
    guard case .table(let options) = value.content else {
      throw fault(
        value.line, "plugin.\(name).options", expected: "a table", found: value.found,
        remedy: "write options under [plugin.options]")
    }
    return options
  }

  private func notTables(_ value: TomlValue) -> PluginError {
    fault(
      value.line, "plugin", expected: "[[plugin]] tables", found: value.found,
      remedy: "write [[plugin]] with two brackets before each plugin")
  }

  private func fault(
    _ line: Int, _ key: String, expected: String, found: String, remedy: String
  ) -> PluginError {
    .invalidManifest(
      ManifestFault(file: file, line: line, key: key, expected: expected, found: found, remedy: remedy))
  }
}
