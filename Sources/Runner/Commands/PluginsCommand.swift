import Console
import Evaluations
import Foundation
import PluginHost
import Runs
import Training
import WorldModel

extension Command {
  /// Lists the registry, or checks one plugin.
  static let plugins = Command(
    name: "plugins",
    summary: "List plugins with their options, or check one against every promise of its kind",
    options: [
      .plugins,
      CommandOption(
        "--sample", .value("FILE"),
        help: "check: a file of a codec's format, to be decoded whole and damaged."),
      CommandOption("--json", help: "One line of JSON."),
    ],
    arguments: [
      CommandArgument(
        "check", help: "The word check, to check PLUGIN; without it plugins are listed.", isRequired: false),
      CommandArgument(
        "PLUGIN",
        help:
          "The folder of a package, which is built; else a name of the registry, whose package is built where its "
          + "sources are newer; else a library's file.",
        isRequired: false),
    ],
    sharesWork: true,
    examples: [
      CommandExample("chex-runner plugins", "what is registered, and every option with its range"),
      CommandExample(
        "chex-runner plugins check rotation/", "build a task's package and hold it to its promises"),
    ],
    run: { arguments in
      if let word = arguments.argument("check") {
        guard word == "check" else {
          throw UsageError("plugins: expected check, or nothing, found \"\(word)\"")
        }
        guard let subject = arguments.argument("PLUGIN") else {
          throw UsageError(
            "plugins check needs a library's file, a package's folder or a name of the registry")
        }
        let manifest = try PluginManifest(path: PluginsFile.locate(given: arguments.value("--plugins")))
        let report = try PluginCheck.run(
          subject, manifest: manifest, sample: arguments.value("--sample"))
        if arguments.has("--json") { try Output.printJson(report) } else { PluginCheck.show(report) }
        return report.checks.allSatisfy(\.isKept) ? 0 : 1
      }
      let manifest = try PluginManifest(path: PluginsFile.locate(given: arguments.value("--plugins")))
      let rows = PluginRow.rows(of: manifest)
      if arguments.has("--json") {
        try Output.printJson(rows)
      } else {
        show(rows, manifest: manifest.path)
      }
      return rows.contains { $0.enabled && $0.problem != nil } ? 1 : 0
    })

  private static func show(_ rows: [PluginRow], manifest: String) {
    let terminal = Terminal.current()
    var table = TextTable(columns: [
      .init("name"), .init("kind"), .init("version"), .init("enabled"), .init("library"),
      .init("what it does"),
    ])
    for row in rows {
      table.add([
        row.name, row.kind, row.version, row.enabled ? (row.isDefault ? "yes, default" : "yes") : "no",
        Folder.name(of: row.library), row.problem ?? row.summary + (row.stale.map { "; " + $0 } ?? ""),
      ])
    }
    Output.print("\(manifest)\n\n" + table.text(for: terminal))
    for row in rows where !row.options.isEmpty {
      var options = TextTable(columns: [
        .init("option"), .init("value"), .init("default"), .init("allowed"), .init("what it is"),
      ])
      for option in row.options {
        options.add([
          "\(row.name).\(option.name)", option.value, option.defaultValue, option.allowed, option.help,
        ])
      }
      Output.print("\n" + options.text(for: terminal))
    }
  }
}

/// A plugin as the listing shows it.
struct PluginRow: Codable {
  struct Option: Codable {
    let name: String
    let value: String
    let defaultValue: String
    let allowed: String
    let help: String
  }
  let name: String
  let kind: String
  let version: String
  let enabled: Bool
  /// Whether it gives the radiographs of a run that names none.
  let isDefault: Bool
  let library: String
  let summary: String
  let options: [Option]
  /// Why it cannot be loaded.
  let problem: String?
  /// Where its sources are newer than its library.
  let stale: String?

  /// Every plugin of a registry; nothing is built.
  static func rows(of manifest: PluginManifest) -> [PluginRow] {
    let host = PluginHost(manifest: manifest)
    return zip(manifest.entries, host.inspect()).map { entry, status in
      let staleness = host.sources(of: entry)?.staleness
      return PluginRow(
        status, isDefault: entry.isDefault,
        stale: staleness.map { $0 + ", and built by the next command that needs it" })
    }
  }

  private init(_ status: PluginStatus, isDefault: Bool, stale: String?) {
    (self.isDefault, self.stale) = (isDefault, stale)
    switch status {
    case .loaded(let plugin):
      (name, kind, version) = (plugin.name, plugin.kind.rawValue, plugin.version)
      (enabled, library, summary, problem) = (
        plugin.enabled, plugin.libraryPath, plugin.definition.summary, nil
      )
      options = plugin.definition.options.map {
        Option(
          name: $0.name, value: (plugin.given[$0.name]?.value ?? $0.defaultValue).tomlText,
          defaultValue: $0.defaultValue.tomlText, allowed: $0.allowed, help: $0.help)
      }
    case .failed(let entry, let error):
      (name, kind, version, enabled) = (entry.name, entry.kind.rawValue, "", entry.enabled)
      (library, summary, options, problem) = (entry.library, "", [], "\(error)")
    }
  }
}
