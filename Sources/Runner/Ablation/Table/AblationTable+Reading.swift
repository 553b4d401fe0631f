import Foundation
import PluginHost
import Runs
import WorldModel

extension AblationTable {
  /// The table of a name, or of a file.
  /// - Parameters:
  ///   - name: of a file in `folder` without its ending, else a path of a TOML file.
  ///   - folder: of the tables that ship with the registry of plugins.
  /// - Throws: `TomlError` with file and line, `AblationError` where there is neither.
  package static func named(_ name: String, in folder: String) throws -> AblationTable {
    let isPath = name.contains("/") || name.hasSuffix(".toml")
    let file = isPath ? name : "\(folder)/\(name).toml"
    guard isPath || access(file, F_OK) == 0 else {
      let known = ((try? Folder.names(folder)) ?? []).filter { $0.hasSuffix(".toml") }.map { $0.dropLast(5) }
      throw AblationError(
        "--table \(name): expected a table of \(folder) (\(known.sorted().joined(separator: ", "))) or a TOML file, such as "
          + "my.toml, found neither")
    }
    return try AblationTable(Toml.parse(path: file), file: file)
  }

  /// - Parameter file: as errors name it.
  /// - Throws: `TomlError`.
  init(_ table: TomlTable, file: String) throws {
    let reader = TableReader(file: file)
    try reader.refuse(table, but: ["title", "source", "row", "evaluation"])
    self.init(
      title: try reader.text(table, "title") ?? "Ablation", source: try reader.text(table, "source") ?? "",
      rows: try reader.tables(table, "row").map(reader.row),
      evaluations: try reader.tables(table, "evaluation").map(reader.evaluation))
    guard !rows.isEmpty else {
      throw TomlError(file: file, line: nil, message: "expected a [[row]] or more, found none")
    }
    try reader.checkNames(rows, table)
  }
}

/// Takes a table's TOML apart.
private struct TableReader {
  let file: String

  func error(_ value: TomlValue?, _ message: String) -> TomlError {
    TomlError(file: file, line: value?.line, message: message)
  }

  func refuse(_ table: TomlTable, but known: [String]) throws {
    for key in table.keys where !known.contains(key) {
      throw error(table[key], "expected one of \(known.joined(separator: ", ")), found \"\(key)\"")
    }
  }

  func text(_ table: TomlTable, _ key: String) throws -> String? {
    guard let value = table[key] else { return nil }
    guard case .text(let text) = value.content, !text.isEmpty else {
      throw error(value, "\(key): expected text, found \(value.found)")
    }
    return text
  }

  func texts(_ table: TomlTable, _ key: String) throws -> [String]? {
    guard let value = table[key] else { return nil }
    guard case .list(let items) = value.content, !items.isEmpty else {
      throw error(value, "\(key): expected a list of texts, found \(value.found)")
    }
    return try items.map { item in
      guard case .text(let text) = item.content, !text.isEmpty else {
        throw error(item, "\(key): expected a list of texts, found \(item.found) in it")
      }
      return text
    }
  }

  func tables(_ table: TomlTable, _ key: String) throws -> [TomlTable] {
    guard let value = table[key] else { return [] }
    guard case .list(let items) = value.content else {
      throw error(value, "\(key): expected [[\(key)]], found \(value.found)")
    }
    return try items.map { item in
      guard case .table(let inner) = item.content else {
        throw error(item, "\(key): expected [[\(key)]], found \(item.found)")
      }
      return inner
    }
  }

  func row(_ table: TomlTable) throws -> AblationTable.Row {
    try refuse(table, but: ["name", "tasks", "naive", "settings", "reported"])
    guard let name = try text(table, "name") else {
      throw TomlError(file: file, line: table.line, message: "row: expected a name, found none")
    }
    var isNaive = false
    if let value = table["naive"] {
      guard case .boolean(let given) = value.content else {
        throw error(value, "naive: expected true or false, found \(value.found)")
      }
      isNaive = given
    }
    return AblationTable.Row(
      name, tasks: try texts(table, "tasks"), isNaive: isNaive, settings: try settings(table),
      reported: try reported(table))
  }

  /// `settings = { domain.latent = false }`, or a table `[row.settings.domain]`.
  private func settings(_ table: TomlTable) throws -> [AblationTable.Setting] {
    guard let value = table["settings"] else { return [] }
    guard case .table(let groups) = value.content else {
      throw error(value, "settings: expected { table.key = value }, found \(value.found)")
    }
    return try groups.keys.flatMap { group in
      guard let inner = groups[group], case .table(let keys) = inner.content else {
        throw error(
          groups[group],
          "settings: expected a table of settings under \"\(group)\", such as { \(group).key = 1 }")
      }
      return try keys.keys.map { key in
        guard let option = keys[key]?.optionValue else {
          throw error(keys[key], "settings: \(group).\(key): expected a value, found a table or a date")
        }
        if group == "run", ["seed", "out", "tasks", "naive"].contains(key) {
          throw error(keys[key], "settings: run.\(key) is the ablation's own; leave it out")
        }
        return AblationTable.Setting("\(group).\(key)", option.tomlText)
      }
    }
  }

  private func reported(_ table: TomlTable) throws -> [AblationTable.Reported] {
    guard let value = table["reported"] else { return [] }
    guard case .table(let metrics) = value.content else {
      throw error(value, "reported: expected \"METRIC\" = [MEAN, DEVIATION], found \(value.found)")
    }
    return try metrics.keys.map { metric in
      let own = metrics[metric]
      let items: [TomlValue] =
        switch own?.content {
        case .list(let items)?: items
        case _?: [own!]
        case nil: []
        }
      let numbers = items.compactMap { item -> Double? in
        switch item.content {
        case .integer(let value): Double(value)
        case .number(let value) where value.isFinite: value
        default: nil
        }
      }
      guard numbers.count == items.count, (1...2).contains(numbers.count) else {
        throw error(
          own, "reported: \"\(metric)\": expected MEAN or [MEAN, DEVIATION], found \(own?.found ?? "nothing")"
        )
      }
      return AblationTable.Reported(metric, numbers[0], deviation: numbers.count > 1 ? numbers[1] : nil)
    }
  }

  func evaluation(_ table: TomlTable) throws -> AblationTable.Evaluation {
    try refuse(table, but: ["command", "metrics"])
    guard let command = try text(table, "command") else {
      throw TomlError(
        file: file, line: table.line,
        message: "evaluation: expected command = \"…\", the command line of an evaluation, found none")
    }
    return AblationTable.Evaluation(command, metrics: try texts(table, "metrics") ?? [])
  }

  func checkNames(_ rows: [AblationTable.Row], _ table: TomlTable) throws {
    var seen: [String: String] = [:]
    for row in rows {
      if let other = seen.updateValue(row.name, forKey: FolderName.of(row.name)) {
        throw error(
          table["row"],
          "row: expected names that differ in letters and digits, found \"\(other)\" and \"\(row.name)\"")
      }
    }
  }
}

/// What a name is called as a folder.
package enum FolderName {
  /// Letters, digits and dots of a text in lower case, anything between them as one dash; Δ as `delta`.
  package static func of(_ text: String) -> String {
    var name = ""
    for character in text.replacing("Δ", with: "delta").replacing("−", with: "minus ").lowercased() {
      if character.isASCII && (character.isLetter || character.isNumber || character == ".") {
        name.append(character)
      } else if !name.isEmpty && !name.hasSuffix("-") {
        name.append("-")
      }
    }
    while name.hasSuffix("-") || name.hasSuffix(".") { name.removeLast() }
    return String(name.prefix(80))
  }
}
