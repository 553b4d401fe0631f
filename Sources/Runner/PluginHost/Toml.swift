import CToml
import WorldModel

/// A value of a TOML file, with the place where it was written.
public struct TomlValue: Sendable, Equatable {
  public enum Content: Sendable, Equatable {
    case integer(Int)
    /// May be infinite or not a number, where the file says so.
    case number(Double)
    case boolean(Bool)
    case text(String)
    case list([TomlValue])
    case table(TomlTable)
    /// A date or time, as it was written.
    case other(String)
  }

  public let content: Content
  /// Line of the file, from 1; that of the header for a table with one.
  public let line: Int

  public init(_ content: Content, line: Int) {
    self.content = content
    self.line = line
  }

  /// The value as an option; nil for tables, dates and times, and for lists that hold any of these.
  public var optionValue: OptionValue? {
    switch content {
    case .integer(let value): return .integer(value)
    case .number(let value): return .number(value)
    case .boolean(let value): return .boolean(value)
    case .text(let value): return .text(value)
    case .list(let items):
      let values = items.compactMap(\.optionValue)
      return values.count == items.count ? .list(values) : nil
    case .table, .other: return nil
    }
  }

  /// Type and value for error messages: `text "ten"`, `a table`.
  public var found: String {
    switch content {
    case .integer(let value): "integer \(value)"
    case .number(let value): "number \(value)"
    case .boolean(let value): "\(value)"
    case .text(let value): "text " + OptionValue.text(value).tomlText
    case .list: optionValue.map { "list \($0.tomlText)" } ?? "a list of tables or dates"
    case .table: "a table"
    case .other(let value): "date or time \(value)"
    }
  }
}

/// A table of a TOML file.
public struct TomlTable: Sendable, Equatable {
  /// Each key with its value.
  public let entries: [String: TomlValue]
  /// The keys in the order in which the file has them.
  public let keys: [String]
  /// Line of the table's header, or of its first key where it has none; 1 for the file's own table.
  public let line: Int

  /// - Precondition: no key appears twice.
  public init(_ entries: [(key: String, value: TomlValue)] = [], line: Int = 1) {
    self.entries = Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.value) })
    keys = entries.map(\.key)
    self.line = line
  }

  public subscript(key: String) -> TomlValue? { entries[key] }
}

/// Why a TOML file could not be read.
public struct TomlError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file as it was named.
  public let file: String
  /// The line, from 1; nil where the error is about the whole file.
  public let line: Int?
  public let message: String

  public init(file: String, line: Int?, message: String) {
    self.file = file
    self.line = line
    self.message = message
  }

  /// `plugins.toml:12: missing key-value separator`
  public var description: String {
    line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)"
  }
}

/// Reads TOML 1.0 by toml11, refusing what it would let pass: bytes that are no UTF-8, numbers too large for 64
/// bits, nesting beyond 32 levels, and files over 64 KiB.
public enum Toml {
  /// - Throws: `TomlError` where `path` cannot be read or is no TOML.
  public static func parse(path: String) throws -> TomlTable {
    if path.utf8.contains(0) {
      throw TomlError(file: path, line: nil, message: "expected a path, found one with a zero byte")
    }
    return try table(of: chex_toml_parse_file(path), name: path)
  }

  /// - Parameter name: stands for the file in errors.
  /// - Throws: `TomlError` where `text` is no TOML.
  public static func parse(text: String, name: String) throws -> TomlTable {
    try parse(bytes: Array(text.utf8), name: name)
  }

  static func parse(bytes: [UInt8], name: String) throws -> TomlTable {
    let document = bytes.withUnsafeBytes {
      chex_toml_parse_text($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, name)
    }
    return try table(of: document, name: name)
  }

  private static func table(of document: OpaquePointer?, name: String) throws -> TomlTable {
    guard let document else { throw TomlError(file: name, line: nil, message: "no memory to read it") }
    defer { chex_toml_free(document) }
    guard let root = chex_toml_root(document) else {
      let line = chex_toml_error_line(document)
      throw TomlError(
        file: name, line: line == 0 ? nil : line, message: String(cString: chex_toml_error(document)))
    }
    return table(root.pointee)
  }

  private static func table(_ node: chex_toml_node) -> TomlTable {
    let entries = children(node).map { (key: text($0.key, $0.keyLength), value: value($0)) }
    return TomlTable(entries, line: node.line)
  }

  private static func value(_ node: chex_toml_node) -> TomlValue {
    let content: TomlValue.Content =
      switch node.kind {
      case chex_toml_integer: .integer(Int(node.integer))
      case chex_toml_number: .number(node.number)
      case chex_toml_boolean: .boolean(node.boolean != 0)
      case chex_toml_text: .text(text(node.text, node.textLength))
      case chex_toml_list: .list(children(node).map(value))
      case chex_toml_table: .table(table(node))
      default: .other(text(node.text, node.textLength))
      }
    return TomlValue(content, line: node.line)
  }

  private static func children(_ node: chex_toml_node) -> [chex_toml_node] {
    UnsafeBufferPointer(start: node.children, count: node.childCount).compactMap { $0?.pointee }
  }

  private static func text(_ start: UnsafePointer<CChar>?, _ length: Int) -> String {
    String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
  }
}
