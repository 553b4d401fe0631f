import Ablation
import Console
import CoreTensor
import Evaluations
import Foundation
import PluginHost
import Training
import WorldModel

extension Command {
  /// Trains and evaluates the rows of a table, and compares them.
  static let ablate = Command(
    name: "ablate", summary: "Train and evaluate every row of a table, and compare them",
    options: AblateOptions.all,
    examples: [
      CommandExample(
        "chex-runner ablate --table paper --preset quick --seeds 3 --then neighbours --out ablation",
        "the paper's Table 3, each run judged by an evaluation of that name"),
      CommandExample(
        "chex-runner ablate --table paper --data radiographs --seeds 3 --then \"neighbours --count 5\" --jobs 2 "
          + "--out ablation",
        "an evaluation with flags, two runs at a time"),
      CommandExample(
        "chex-runner ablate --grid training.learning_rate=1e-4,3e-4,1e-3 --then neighbours --out sweep",
        "a sweep"),
      CommandExample(
        "chex-runner ablate --tasks-subsets --then neighbours --out subsets", "every subset of the tasks"),
      CommandExample(
        "chex-runner ablate --table baselines --equal compute --steps 10000 --then neighbours --out methods",
        "methods of others, each with the first row's training time"),
      CommandExample(
        "chex-runner ablate --table my.toml --out mine --dry-run", "the command lines, for a scheduler"),
    ],
    run: { try AblateCommand($0).run() })
}

/// The flags of `ablate`: its own, and those of a run that hold for every row.
enum AblateOptions {
  /// Settings that the ablation gives each run itself.
  static let taken: Set = ["--out", "--seed", "--naive", "--print-config", "--dry-run", "--json"]

  static let ofRuns = SettingFlag.options.filter { !taken.contains($0.name) }

  private static let group = "What is compared"
  static let own = [
    CommandOption(
      "--table", .value("NAME|FILE"), group: group,
      help:
        "Rows and evaluations: paper, another file of the folder tables beside plugins.toml, or a path; docs/ablations.md has the form."
    ),
    CommandOption(
      "--grid", .repeated("TABLE.KEY=A,B"), group: group,
      help: "Values that a setting takes in turn; several grids, and a table's rows, are combined."),
    CommandOption(
      "--tasks-subsets", group: group,
      help: "A row for every subset of the tasks: of --tasks, else of those that the registry enables."),
    CommandOption(
      "--seeds", .value("N"), group: group, help: "Runs of each row, with the seeds 0 to N - 1; default 1."),
    CommandOption(
      "--then", .repeated("COMMAND"), group: group,
      help:
        "An evaluation of each run, as its command line without the run: \"neighbours --count 5\"."
    ),
    CommandOption(
      "--out", aliases: ["-o"], .value("DIR"), group: group,
      help: "Where runs, logs and results are left; the same command goes on there. Required."),
    CommandOption(
      "--jobs", .value("N"), group: group,
      help: "Runs at a time, each on its share of the cores; default 1."),
    CommandOption(
      "--equal", .value("WHAT"), group: group,
      help:
        "What rows have alike: radiographs (as many steps, the default) or compute (as many steps as the first row's "
        + "training time allows, timed beforehand)."),
    CommandOption(
      "--resamples", .value("N"), group: group,
      help: "Resamples of the bootstrap over patients and seeds; default 1000."),
    CommandOption(
      "--dry-run", group: group,
      help:
        "Print the command line of every run and evaluation instead; run again with all of them done, the ablation "
        + "compares them."),
    CommandOption("--json", group: group, help: "Print the results as one line of JSON."),
  ]

  static let all = own + ofRuns
}

private struct AblateCommand {
  private let arguments: ParsedArguments
  private let plan: AblationPlan
  private let jobs: Int
  private let resamples: Int
  private let isComputeEqual: Bool

  init(_ arguments: ParsedArguments) throws {
    self.arguments = arguments
    guard let out = arguments.value("--out") else { throw UsageError("ablate: --out DIR is required") }
    let seeds = try arguments.integer("--seeds", in: 1...1000) ?? 1
    jobs = try arguments.integer("--jobs", in: 1...256) ?? 1
    resamples = try arguments.integer("--resamples", in: 100...1_000_000) ?? 1000
    let equal = arguments.value("--equal") ?? "radiographs"
    guard ["radiographs", "compute"].contains(equal) else {
      throw UsageError("--equal: expected radiographs or compute, found \(equal)")
    }
    isComputeEqual = equal == "compute"
    var table: AblationTable
    do { table = try Self.table(arguments) } catch let error as AblationError {
      throw UsageError("\(error)")
    } catch let error as TomlError {
      throw UsageError("--table: \(error)")
    }
    table.evaluations += arguments.values("--then").map { AblationTable.Evaluation($0) }
    let commands = table.evaluations.map(\.command)
    if let twice = commands.first(where: { own in commands.count { $0 == own } > 1 }) {
      throw UsageError("--then: \"\(twice)\" is given twice")
    }
    plan = AblationPlan(
      table, seeds: Array(0..<seeds), common: Self.common(arguments),
      registry: arguments.value("--plugins"), out: out)
  }

  private static func table(_ arguments: ParsedArguments) throws -> AblationTable {
    let axes = try arguments.values("--grid").map { try AblationTable.Axis($0) }
    if arguments.has("--tasks-subsets") {
      guard !arguments.has("--table") else {
        throw UsageError("--table and --tasks-subsets: a table has rows of its own; keep one of them")
      }
      return try AblationTable.subsets(of: tasks(arguments)).crossed(with: axes)
    }
    if let name = arguments.value("--table") {
      return try AblationTable.named(name, in: tables(arguments)).crossed(with: axes)
    }
    guard !axes.isEmpty else {
      throw UsageError("ablate: expected --table, --grid or --tasks-subsets, found none of them")
    }
    return try AblationTable(title: "Sweep", rows: [.init("")]).crossed(with: axes)
  }

  /// The folder of tables beside the registry.
  private static func tables(_ arguments: ParsedArguments) throws -> String {
    let registry = try PluginsFile.locate(given: arguments.value("--plugins"))
    return URL(fileURLWithPath: registry).deletingLastPathComponent().path + "/tables"
  }

  /// Tasks of the command line, else those that the registry enables.
  private static func tasks(_ arguments: ParsedArguments) throws -> [String] {
    let manifest = try PluginManifest(path: PluginsFile.locate(given: arguments.value("--plugins")))
    let tasks =
      arguments.value("--tasks").map {
        $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      }
      ?? manifest.entries.filter { $0.enabled && $0.kind == .task }.map(\.name)
    guard (1...6).contains(tasks.count), Set(tasks).count == tasks.count else {
      throw UsageError(
        "--tasks-subsets: expected 1 to 6 tasks that differ, found \(tasks.joined(separator: ","))")
    }
    return tasks
  }

  /// The words of a run's flags as they were typed, each with its value attached.
  private static func common(_ arguments: ParsedArguments) -> [String] {
    let names = Set(AblateOptions.ofRuns.map(\.name))
    return arguments.occurrences.filter { names.contains($0.option) }
      .flatMap { own in
        own.value.map { own.option == "--set" ? ["--set", $0] : ["\(own.option)=\($0)"] } ?? [own.option]
      }
  }

  // MARK: Running

  func run() throws -> Int32 {
    try check()
    let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    if arguments.has("--dry-run") {
      Output.print(try dryPlan().commandLines(program: "chex-runner").joined(separator: "\n"))
      return 0
    }
    let folder = try AblationFolder(plan.out)
    defer { withExtendedLifetime(folder) {} }
    let threads = try arguments.integer("--threads", in: 0...1024) ?? 0
    let cores = threads > 0 ? threads * jobs : Compute.coreCount
    Interruption.watch()
    guard let (plan, known) = try equalised(folder, program: program, threads: max(1, cores / jobs)) else {
      return 130
    }
    try folder.record(plan)
    return try finish(plan, AblationPace(plan, known: known), program: program, cores: cores)
  }

  /// The plan whose rows have the steps of equal compute, where that is wanted, and what was measured for it; nil where a
  /// stop was requested.
  private func equalised(
    _ folder: AblationFolder, program: String, threads: Int
  ) throws -> (AblationPlan, [String: AblationPace.Training])? {
    guard isComputeEqual else { return (plan, [:]) }
    let compute = EqualCompute(plan)
    var known: [String: AblationPace.Training] = [:]
    if !compute.missing(folder.steps).isEmpty {
      let measured = try compute.measured(
        program: program, threads: threads, isStopRequested: { Interruption.isRequested },
        note: { ProgressReporter.standardError($0 + "\n") })
      guard let measured else { return nil }
      // What was given before stays, so that runs go on.
      known = measured.filter { folder.steps[$0.key] == nil }
      try folder.keep(steps: measured.mapValues(\.steps).merging(folder.steps) { $1 })
    }
    return (plan.giving(steps: folder.steps), known)
  }

  private func dryPlan() throws -> AblationPlan {
    guard isComputeEqual else { return plan }
    let steps = try AblationFolder.steps(of: plan.out)
    guard EqualCompute(plan).missing(steps).isEmpty else {
      throw UsageError(
        "--dry-run and --equal compute: the rows' steps are known when they were timed; begin without --dry-run, and "
          + "stop it when training begins")
    }
    return plan.giving(steps: steps)
  }

  /// Does what is not done yet, and compares.
  private func finish(
    _ plan: AblationPlan, _ pace: AblationPace, program: String, cores: Int
  ) throws -> Int32 {
    let unmeasured = try pace.measure(
      program: program, threads: max(1, cores / jobs), isStopRequested: { Interruption.isRequested },
      note: { ProgressReporter.standardError($0 + "\n") })
    for (row, reason) in unmeasured.sorted(by: { $0.key < $1.key }) {
      ProgressReporter.standardError("warning: \(row): cannot be measured: \(reason)\n")
    }
    ProgressReporter.standardError(estimate(pace, plan) + "\n")
    let view = AblationProgress(plan, pace: pace, terminal: Terminal.current(descriptor: STDERR_FILENO))
    let outcome = try AblationScheduler(plan, program: program, jobs: jobs, cores: cores, view: view).run()
    if outcome.isStopped { return 130 }
    return try report(outcome, plan)
  }

  /// Refuses, before hours of work, what no run or evaluation would take.
  private func check() throws {
    for (index, row) in plan.table.rows.enumerated() {
      guard let cell = plan.cells.first(where: { $0.row == index }) else { continue }
      do {
        let parsed = try ArgumentParser(command: .pretrain).parse(Array(cell.words.dropFirst()))
        let setup = try RunSetup(SettingsRequest(parsed), pluginsFile: parsed.value("--plugins"))
        _ = try setup.taskSet()
      } catch { throw UsageError("row \"\(row.name)\": \(error)") }
    }
    let commands = try EvaluationCommands.definitions(registry: arguments.value("--plugins"), name: nil)
      .map(Command.evaluation)
    for evaluation in plan.table.evaluations {
      let words = try ShellWords.split(evaluation.command)
      guard
        let command = commands.first(where: { command in
          let name = command.name.split(separator: " ").map(String.init)
          return Array(words.prefix(name.count)) == name
        })
      else {
        throw UsageError(
          "--then \"\(evaluation.command)\": expected an evaluation's command, one of "
            + commands.map(\.name).joined(separator: ", "))
      }
      let count = command.name.split(separator: " ").count
      do {
        let parsed = try ArgumentParser(command: command).parse(words.dropFirst(count) + ["RUN"])
        guard !parsed.has("--out") else { throw UsageError("--out is the ablation's own; leave it out") }
      } catch { throw UsageError("--then \"\(evaluation.command)\": \(error)") }
    }
  }

  private func estimate(_ pace: AblationPace, _ plan: AblationPlan) -> String {
    let (rows, seeds) = (plan.table.rows.count, plan.seeds.count)
    let unknown = pace.unknownEvaluations
    return "\(plan.cells.count) runs (\(rows) rows, \(seeds) seed\(seeds == 1 ? "" : "s"))"
      + (plan.table.evaluations.isEmpty
        ? "" : ", \(plan.cells.count * plan.table.evaluations.count) evaluations")
      + ": about \(ProgressReporter.duration(pace.total / Double(jobs))) in all, \(jobs) at a time"
      + (unknown.isEmpty
        ? "" : "; not counted, since nobody has timed it yet: \(unknown.joined(separator: ", "))")
  }

  private func report(_ outcome: AblationScheduler.Outcome, _ plan: AblationPlan) throws -> Int32 {
    let results = try AblationResults(plan, failures: outcome.failures, resamples: resamples)
    try AblationFiles(results).write(to: plan.out)
    if arguments.has("--json") {
      try Output.printJson(results)
    } else {
      Output.print(
        AblationText(results).text(for: Terminal.current())
          + "\nfolder: \(plan.out) (results.txt, .csv, .tex, .json, .html; runs, logs)")
    }
    return outcome.failures.isEmpty ? 0 : 1
  }
}
