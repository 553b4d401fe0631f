import PluginHost
import Runs
import WorldModel

/// The settings of a run as its `config.toml` has them, under the names that they have now, without loading a plugin.
package struct RunSettings {
  /// `table.key` and the value in TOML, in the file's order; with where it came from, where the file's comment says so.
  package private(set) var values: [(key: String, value: String, origin: String?)] = []
  package let tasks: [String]
  /// As `data.source` has them.
  package let sources: [String]
  private let byKey: [String: String]

  /// - Throws: `StorageError` where the file is damaged.
  package init(of folder: RunFolder) throws {
    let path = folder.path(of: .configuration)
    let text = try folder.text(of: .configuration)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let root: TomlTable
    do { root = try Toml.parse(text: text, name: path) } catch {
      throw StorageError.damaged(file: path, expected: "the settings of a run", found: "\(error)")
    }
    for table in root.keys {
      guard case .table(let inner)? = root[table]?.content else { continue }
      for key in inner.keys {
        let name = Renames.current(SettingKey(table, key)) ?? SettingKey(table, key)
        let origin = inner[key].flatMap { Self.origin(lines[max(0, min($0.line, lines.count) - 1)]) }
        values.append(("\(name.table).\(name.name)", inner[key]?.optionValue?.tomlText ?? "", origin))
      }
    }
    byKey = Dictionary(values.map { ($0.key, $0.value) }) { first, _ in first }
    func texts(_ table: String, _ key: String) -> [String] {
      guard case .table(let inner)? = root[table]?.content, case .list(let items)? = inner[key]?.content
      else {
        return []
      }
      return items.compactMap { if case .text(let text) = $0.content { text } else { nil } }
    }
    tasks = texts("run", "tasks")
    sources = texts("data", "source")
    plugins = Set(tasks + sources)
  }

  /// What the comment of a line says; a value of text may hold a number sign too, so the last one counts.
  private static func origin(_ line: Substring) -> String? {
    line.range(of: "  # from ", options: .backwards).map { String(line[$0.upperBound...]) }
  }

  /// Names of tasks and of sources of radiographs, plugins among them.
  private let plugins: Set<String>

  /// A value in TOML; the default of a setting of the runner that the version which began the run did not have.
  package subscript(key: String) -> String? {
    let name = Self.name(of: key)
    return byKey[key] ?? SettingsCatalogue.ofRunner[name]?.defaultValue.tomlText
  }

  /// Whether a setting says what is predicted and of which radiographs, whatever tasks do with it: another value makes
  /// it another loss. Those of tasks show in the terms and the patches.
  package func decidesTheLoss(_ key: String) -> Bool {
    let name = Self.name(of: key)
    switch name.table {
    case "model", "views", "objective": return true
    case "data": return name.name != "cache_mib"
    case "run": return ["naive", "compatibility"].contains(name.name)
    default: return plugins.contains(name.table) && !tasks.contains(name.table)
    }
  }

  /// A file may have empty keys.
  private static func name(of key: String) -> SettingKey {
    let parts = key.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    return SettingKey(parts[0], parts[1])
  }

  /// Whether the table of a key means something to the run: one of its own, or of a plugin that it uses.
  private func uses(_ key: String) -> Bool {
    let table = Self.name(of: key).table
    return plugins.contains(table) || SettingsCatalogue.runnerTables.contains { $0.name == table }
  }

  /// Keys that not all runs set alike, in the first one's order; where each is kept is no difference.
  package static func differences(_ runs: [RunSettings]) -> [String] {
    var keys: [String] = []
    for run in runs { for key in run.values.map(\.key) where !keys.contains(key) { keys.append(key) } }
    return keys.filter { key in
      key != "run.out" && runs.contains { $0.uses(key) } && Set(runs.map { $0[key] }).count > 1
    }
  }
}
