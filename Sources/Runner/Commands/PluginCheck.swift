import Foundation
import PluginHost
import TaskChecks
import WorldModel

/// `plugins check`: one plugin against every promise of its kind.
struct PluginCheck {
  struct Report: Codable {
    let plugin: String
    let kind: String
    let version: String
    let library: String
    let checks: [TaskCheck]
  }

  /// - Parameters:
  ///   - subject: a library's file, a package's folder, or a name of the registry.
  ///   - manifest: whose enabled tasks the plugin must get on with.
  ///   - sample: a file of a codec's format.
  static func run(_ subject: String, manifest: PluginManifest, sample: String?) throws -> Report {
    let bytes = try sample.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0))) }
    let host = PluginHost(manifest: manifest)
    let plugin = try find(subject, host)
    let checks =
      switch plugin.definition {
      case .task(let definition):
        checkTask(definition, options: plugin.given.mapValues(\.value), alongside: try shipped(host))
      case .data(let definition): checkDataSource(definition, options: plugin.given.mapValues(\.value))
      case .evaluation(let definition):
        checkEvaluation(definition, options: plugin.given.mapValues(\.value), tasks: try shipped(host))
      case .codec(let definition):
        checkCodec(definition, options: plugin.given.mapValues(\.value), sample: bytes)
      }
    return Report(
      plugin: plugin.name, kind: plugin.kind.rawValue, version: plugin.version, library: plugin.libraryPath,
      checks: checks)
  }

  private static func find(_ subject: String, _ host: PluginHost) throws -> LoadedPlugin {
    if host.manifest[subject] != nil { return try host.load(only: [subject])[0] }
    if Folder.exists(subject) { return try PluginHost.load(library: PluginPackage.build(subject)) }
    guard subject.contains("/") || subject.hasSuffix(".so") else {
      throw PluginError.unknownPlugin(
        name: subject, manifest: host.manifest.path, known: host.manifest.entries.map(\.name))
    }
    return try PluginHost.load(library: subject)
  }

  private static func shipped(_ host: PluginHost) throws -> [TaskDefinition] {
    let tasks = host.manifest.entries.filter { $0.kind == .task && $0.enabled }.map(\.name)
    return try host.load(only: Set(tasks)).compactMap {
      if case .task(let definition) = $0.definition { definition } else { nil }
    }
  }

  static func show(_ report: Report) {
    Output.print("\(report.kind) \"\(report.plugin)\" \(report.version), \(report.library)\n")
    for check in report.checks {
      Output.print((check.isKept ? "kept    " : "BROKEN  ") + check.promise)
      if let problem = check.problem { Output.print("        " + problem) }
    }
    let broken = report.checks.filter { !$0.isKept }.count
    Output.print(
      broken == 0
        ? "\nall \(report.checks.count) promises kept"
        : "\n\(broken) of \(report.checks.count) promises broken")
  }
}
