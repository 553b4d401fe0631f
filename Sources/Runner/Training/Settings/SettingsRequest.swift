import Console
import Foundation
import PluginHost
import Runs
import WorldModel

/// What a command line asks for: preset, file, and single settings.
public struct SettingsRequest: Sendable, Equatable {
  /// Name of a preset; nil = bare defaults, which are the paper's.
  public var preset: String?
  /// Path of a file of settings.
  public var configuration: String?
  public var assignments: [SettingAssignment]
  /// Tables of `configuration` that are left aside where no plugin of the name is loaded.
  var dispensableTables: Set<String> = []
  /// Whether `configuration` may be of an older version, whose names are read as today's.
  var readsFormerNames = false

  /// The settings that a run began with, whose file has a table for every plugin of its registry: those of plugins that
  /// are gone since decide nothing.
  init(of folder: RunFolder, _ versions: RunVersions, assignments: [SettingAssignment] = []) {
    self.init(configuration: folder.path(of: .configuration), assignments: assignments)
    let names = versions.plugins.map(\.name)
    dispensableTables = Set(names + names.compactMap { Renames.plugins[$0] })
    readsFormerNames = true
  }

  public init(preset: String? = nil, configuration: String? = nil, assignments: [SettingAssignment] = []) {
    self.preset = preset
    self.configuration = configuration
    self.assignments = assignments
  }

  /// Every setting that flags or the file of `configuration` give.
  /// - Throws: `SettingsError` where the file cannot be read.
  package func keys() throws -> Set<SettingKey> {
    var keys = Set(assignments.map(\.key))
    guard let configuration else { return keys }
    for (table, value) in try Toml.parse(path: configuration).entries {
      if case .table(let inner) = value.content {
        keys.formUnion(inner.keys.map { SettingKey(table, $0) })
      }
    }
    return keys
  }

  /// Names that may be those of plugins: of tasks, evaluations, sources of radiographs, device and communicator, and
  /// tables that the command line sets.
  /// - Throws: `SettingsError` where the file of `configuration` cannot be read.
  func mentionedNames() throws -> Set<String> {
    let runnerTables = Set(SettingsCatalogue.runnerTables.map(\.name))
    var names = Set(assignments.map(\.key.table)).subtracting(runnerTables)
    let keys = [
      SettingKey("run", "tasks"), SettingKey("run", "evaluations"), SettingKey("data", "source"),
      DeviceChoice.key, CommunicatorChoice.key,
    ]
    for key in keys + ComponentChoice.keys {
      let ofFile = try configuration.map { try SettingsFile.input(of: key, path: $0) } ?? nil
      switch assignments.last(where: { $0.key == key })?.input ?? ofFile {
      case .value(let value): names.formUnion(Self.texts(value))
      case .text(let text, let isToml):
        let value = SettingsCatalogue.ofRunner[key].flatMap {
          SettingText.value(of: text, as: $0.kind, isToml: isToml)
        }
        names.formUnion(value.map(Self.texts) ?? [])
      case .unusable, nil: continue
      }
    }
    return names.union(names.map { BackendRequest.parts(of: $0).plugin })
  }

  private static func texts(_ value: OptionValue) -> [String] {
    switch value {
    case .text(let text): [text]
    case .list(let items): items.flatMap(texts)
    default: []
    }
  }

  /// Takes what `SettingFlag.options` declare from a command line.
  /// - Throws: `UsageError` or `SettingsError` where two flags set one setting, or `--set` is malformed.
  public init(_ arguments: ParsedArguments) throws {
    preset = arguments.value("--preset") ?? Preset.standardName
    configuration = arguments.value("--config")
    assignments = SettingFlag.all.filter { arguments.declares($0.name) }.compactMap {
      $0.assignment(arguments)
    }
    assignments += try arguments.values("--set").map(Self.assignment(ofSet:))
    var seen: [SettingKey: SettingOrigin] = [:]
    for assignment in assignments {
      guard let earlier = seen.updateValue(assignment.origin, forKey: assignment.key) else { continue }
      let flags = Set([earlier.description, assignment.origin.description]).sorted()
      throw UsageError(
        "\(flags.joined(separator: " and ")): \(assignment.key) is set twice; keep one of them")
    }
  }

  /// `table.key=value`.
  package static func assignment(ofSet text: String) throws -> SettingAssignment {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let path = parts[0].split(separator: ".", omittingEmptySubsequences: false)
      .map { String($0.filter { $0 != " " }) }
    guard parts.count == 2, path.count == 2, path.allSatisfy({ !$0.isEmpty }) else {
      throw UsageError("--set: expected TABLE.KEY=VALUE, such as training.epochs=20, found \"\(text)\"")
    }
    let value = parts[1].trimmingCharacters(in: .whitespaces)
    return SettingAssignment(SettingKey(path[0], path[1]), .text(value, isToml: true), from: .flag("--set"))
  }
}
