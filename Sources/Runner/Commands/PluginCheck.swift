import Console
import Evaluations
import Foundation
import PluginHost
import Runs
import PluginChecks
import Training
import WorldModel

/// `plugins check`: one plugin against every promise of its kind.
struct PluginCheck {
  struct Report: Codable {
    let plugin: String
    let kind: String
    let version: String
    let library: String
    /// Folder of the package that was built for the check; nil where a library's file was named.
    let package: String?
    let checks: [TaskCheck]
  }

  /// - Parameters:
  ///   - subject: a package's folder, which is built, whether or not a plugin has the same name; a name of the
  ///     registry, whose package is built where its sources are newer; or a library's file.
  ///   - manifest: whose enabled tasks the plugin must get on with.
  ///   - sample: a file of a codec's format.
  static func run(_ subject: String, manifest: PluginManifest, sample: String?) throws -> Report {
    let bytes = try sample.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0))) }
    let host = PluginHost(manifest: manifest)
    let (plugin, package) = try find(subject, host)
    let checks =
      switch plugin.definition {
      case .task(let definition):
        checkTask(definition, options: plugin.given.mapValues(\.value), alongside: try shipped(host))
      case .data(let definition): checkDataSource(definition, options: plugin.given.mapValues(\.value))
      case .evaluation(let definition):
        try checkEvaluation(definition, options: plugin.given.mapValues(\.value), host)
      case .codec(let definition):
        checkCodec(definition, options: plugin.given.mapValues(\.value), sample: bytes)
      case .backend(let definition): checkBackend(definition, options: plugin.given.mapValues(\.value))
      case .communicator(let definition):
        checkCommunicator(
          definition, options: plugin.given.mapValues(\.value), launch: try ProcessGroup.launch())
      case .weights(let definition): checkWeights(definition, options: plugin.given.mapValues(\.value))
      case .component(let definition): checkComponent(definition, options: plugin.given.mapValues(\.value))
      }
    let beside = plugin.components.flatMap { component in
      checkComponent(component).map {
        TaskCheck(promise: "\(component.role) \"\(component.name)\": \($0.promise)", problem: $0.problem)
      }
    }
    return Report(
      plugin: plugin.name, kind: plugin.kind.rawValue, version: plugin.version, library: plugin.libraryPath,
      package: package, checks: checks + beside)
  }

  private static func find(
    _ subject: String, _ host: PluginHost
  ) throws -> (plugin: LoadedPlugin, package: String?) {
    let isPackage = access(subject + "/Package.swift", F_OK) == 0
    if isPackage || Folder.exists(subject) && host.manifest[subject] == nil {
      let library = try PluginPackage.build(subject)
      // The registry's options are those that the plugin runs with.
      let entry = host.manifest.entries.first { entry in
        (try? host.file(of: entry)).map { PluginsFile.isSame($0, library) } ?? false
      }
      if let entry { return (try host.load(only: [entry.name])[0], subject) }
      return (try PluginHost.load(library: library), subject)
    }
    if let entry = host.manifest[subject] {
      return (try host.loadCurrent([subject])[0], host.sources(of: entry)?.package)
    }
    guard subject.contains("/") || subject.hasSuffix(".so") else {
      throw PluginError.unknownPlugin(
        name: subject, manifest: host.manifest.path, known: host.manifest.entries.map(\.name))
    }
    if let staleness = PluginSources(library: subject)?.staleness {
      ProgressReporter.standardError(
        "chex-runner: warning: \(staleness), and is checked as it is; name the package's folder to build it\n"
      )
    }
    return (try PluginHost.load(library: subject), nil)
  }

  /// On a model of the enabled tasks; where the evaluation does not get on with them, it may judge a task that is
  /// registered and not enabled.
  private static func checkEvaluation(
    _ definition: EvaluationDefinition, options: [String: OptionValue], _ host: PluginHost
  ) throws -> [TaskCheck] {
    let enabled = try shipped(host)
    let checks = PluginChecks.checkEvaluation(definition, options: options, tasks: enabled)
    guard checks.contains(where: { !$0.isKept }) else { return checks }
    // One at a time, since methods of others need not get on with each other; tasks that cannot be loaded are none.
    for entry in host.manifest.entries where entry.kind == .task && !entry.enabled {
      guard case .task(let task)? = try? host.load(only: [entry.name]).first?.definition else { continue }
      let wider = PluginChecks.checkEvaluation(definition, options: options, tasks: enabled + [task])
      if wider.allSatisfy(\.isKept) { return wider }
    }
    return checks
  }

  private static func shipped(_ host: PluginHost) throws -> [TaskDefinition] {
    let tasks = host.manifest.entries.filter { $0.kind == .task && $0.enabled }.map(\.name)
    return try host.loadCurrent(Set(tasks)).compactMap {
      if case .task(let definition) = $0.definition { definition } else { nil }
    }
  }

  static func show(_ report: Report) {
    let package = report.package.map { ", built from \($0)" } ?? ""
    Output.print("\(report.kind) \"\(report.plugin)\" \(report.version), \(report.library)\(package)\n")
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
