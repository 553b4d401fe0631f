import Audit
import Batches
import Console
import CoreTensor
import Foundation
import Radiographs
import Synchronization
import Training
import WorldModel

extension Command {
  /// Looks at radiographs before they train.
  static let dataAudit = Command(
    name: "data audit", summary: "Look for leaks, duplicates and damaged radiographs before training",
    options: [
      CommandOption(
        "--against", .repeated("SOURCE"), group: "Audit",
        help:
          "Radiographs that a model will be tested on: nothing of them may be among the radiographs of --data."
      ),
      CommandOption(
        "--out", aliases: ["-o"], .value("DIR"), group: "Audit",
        help: "A new or empty folder for audit.html, audit.json and images.csv."),
      CommandOption(
        "--allow", .repeated("NAME"), group: "Audit",
        help: "A leak that is meant, by the name that the report gives it: "
          + AuditLeakKind.allCases.map(\.rawValue).joined(separator: ", ") + "."),
      CommandOption("--json", group: "Audit", help: "One line of JSON."),
    ] + SettingFlag.dataOptions.filter { !ofTraining.contains($0.name) }
      + SettingFlag.all.filter { ["--threads", "--seed"].contains($0.name) }.map(\.option),
    examples: [
      CommandExample(
        "chex-runner data audit --data radiographs --against vindr-test --out audit",
        "a page to read in a browser"),
      CommandExample(
        "chex-runner data audit --data index.csv --allow near-images-shared-by-splits",
        "status 1 for other leaks"),
    ],
    run: { arguments in
      let setup = try RunSetup(SettingsRequest(arguments), pluginsFile: arguments.value("--plugins"))
      return try DataAudit(setup, arguments).run(json: arguments.has("--json"))
    })

  /// Flags of radiographs that mean something only when a run begins.
  private static let ofTraining = ["--sampling-weights", "--fraction", "--holdout"]
}

/// One audit, from opening the collections to its report.
struct DataAudit {
  private let collections: [AuditCollection]
  private let configuration: RunConfiguration
  private let allowed: Set<String>
  private let out: String?

  /// - Throws: `UsageError` for names that no leak has, for a folder that holds something, and what opening throws.
  init(_ setup: RunSetup, _ arguments: ParsedArguments) throws {
    configuration = setup.configuration
    let known = AuditLeakKind.allCases.map(\.rawValue)
    for name in arguments.values("--allow") where !known.contains(name) {
      throw UsageError(
        "--allow: expected one of \(known.joined(separator: ", ")), found \"\(name)\""
          + Suggestions.clause(for: name, in: known))
    }
    allowed = Set(arguments.values("--allow"))
    out = arguments.value("--out")
    if let out { try AuditFolder.check(out) }
    let data = setup.configuration.data
    let tests = arguments.values("--against")
    let opened = try setup.openSources(beside: tests, asStored: true)
    let radiographs = try ChosenRadiographs.of(opened.radiographs, data)
    collections =
      [AuditCollection(name: data.sources.joined(separator: " + "), source: radiographs)]
      + zip(tests, opened.others).map { AuditCollection(name: $0, source: $1) }
  }

  /// - Returns: 1 where there is a leak that was not allowed, or no radiograph could be used.
  func run(json: Bool) throws -> Int32 {
    let began = ProgressReporter.systemClock()
    let radiographs = read()
    let findings = AuditFindings(
      collections, radiographs, training: configuration.data.pretrainSplits, allowed: allowed)
    let report = findings.report(seconds: ProgressReporter.systemClock() - began)
    if let out { try AuditFolder(out).write(findings, report, seed: UInt64(configuration.run.seed)) }
    if json {
      try Output.printJson(report)
    } else {
      Output.print(AuditText(report, terminal: Terminal.current()).text)
      if let out {
        Output.print("\npage: \(out)/audit.html, for scripts: \(out)/audit.json, \(out)/images.csv")
      }
    }
    return report.passed ? 0 : 1
  }

  private func read() -> [AuditRadiograph] {
    let total = collections.reduce(0) { $0 + $1.source.records.count }
    let progress = Mutex(AuditProgress(total: total))
    let radiographs = AuditReading.radiographs(collections) { done in progress.withLock { $0.update(done) } }
    progress.withLock { $0.finish() }
    return radiographs
  }
}

/// How far the reading is, on standard error, so that standard output holds the report only.
private struct AuditProgress: ~Copyable {
  private let reporter: ProgressReporter

  init(total: Int) {
    reporter = ProgressReporter(
      terminal: Terminal.current(descriptor: STDERR_FILENO), unit: "image", totalSteps: total,
      output: ProgressReporter.standardError)
  }

  func update(_ radiographs: Int) { reporter.update(.init(step: radiographs, radiographs: radiographs)) }
  func finish() { reporter.finish() }
}
