import Batches
import Console
import Foundation
import Radiographs
import Runs
import Training
import WorldModel

extension Command {
  /// Makes splits, or takes those that there are, and writes them for others.
  static let dataSplits = Command(
    name: "data splits",
    summary: "Divide radiographs by patient: splits, folds and k-shot lists, with a checksum",
    options: [
      CommandOption(
        "--out", aliases: ["-o"], .value("DIR"), group: "Splits",
        help: "A new or empty folder for splits.csv, lists and splits.json. Required."),
      CommandOption(
        "--fractions", .value("TRAIN,VAL,TEST"), group: "Splits",
        help: "Shares of the radiographs, which sum to 1; default 0.8,0.1,0.1, and 1,0,0 with --folds."),
      CommandOption(
        "--folds", .value("K"), group: "Splits", help: "Divide the training radiographs into so many folds."),
      CommandOption(
        "--shots", .value("K,…"), group: "Splits",
        help: "Lists of k training radiographs with each finding and k without any, each of another patient."),
      CommandOption(
        "--draws", .value("N"), group: "Splits", help: "How often each of --shots is drawn; default 5."),
      CommandOption(
        "--existing", group: "Splits",
        help: "Draw no split: take those that the source names, or --split-file."),
      CommandOption(
        "--lists", .value("LAYOUT"), group: "Splits",
        help:
          "What lists hold: names, or labels after them, parted by spaces or commas; or none for no lists. "
          + "Default names."),
      CommandOption("--json", group: "Splits", help: "The report as one line of JSON."),
    ] + SettingFlag.dataOptions.filter { !ofTraining.contains($0.name) }
      + SettingFlag.all.filter { ["--seed", "--label"].contains($0.name) }.map(\.option),
    examples: [
      CommandExample(
        "chex-runner data splits --data FOLDER --out splits", "80, 10 and 10% of the patients, findings even"),
      CommandExample(
        "chex-runner data splits --data nih:FOLDER --folds 5 --seed 1 --out folds",
        "five folds for others too"),
      CommandExample(
        "chex-runner data splits --data FOLDER --split-file train.txt --split-file test.txt --existing --out splits",
        "published lists, checked against the radiographs, as a table with a checksum"),
      CommandExample(
        "chex-runner pretrain --data FOLDER --split-file splits/splits.csv", "a run that takes them"),
    ],
    run: { arguments in
      let setup = try RunSetup(SettingsRequest(arguments), pluginsFile: arguments.value("--plugins"))
      let report = try SplitMaking(setup, arguments).run()
      if arguments.has("--json") {
        try Output.printJson(report)
      } else {
        Output.print(report.text(for: Terminal.current()))
      }
      return 0
    })

  /// Flags of radiographs that mean something only when a run begins.
  private static let ofTraining = ["--sampling-weights", "--fraction", "--holdout", "--pretrain-splits"]
}

/// One call of `data splits`.
struct SplitMaking {
  private let source: any RadiographSource
  private let list: SplitList?
  private let seed: Int
  private let findings: [String]
  private let plan: SplitPlan
  private let out: String

  /// - Throws: `UsageError` where flags do not fit together, and what opening the radiographs throws.
  init(_ setup: RunSetup, _ arguments: ParsedArguments) throws {
    guard let out = arguments.value("--out") else { throw UsageError("data splits: --out DIR is required") }
    self.out = out
    try AuditFolder.check(out)
    plan = try SplitPlan(arguments)
    if !plan.isExisting && setup.configuration.data.splitFile != nil {
      throw UsageError(
        "--split-file: expected --existing beside it, which takes its splits; without it splits are drawn anew, for which "
          + "no file is read")
    }
    source = try ChosenRadiographs.of(try setup.openSource(), setup.configuration.data)
    (list, seed) = (try setup.splitList(), setup.configuration.run.seed)
    let wanted = setup.configuration.evaluation.labels
    let known = source.findingNames
    if let unknown = wanted.first(where: { !known.contains($0) }) {
      throw UsageError(
        "--label: no radiograph may have \"\(unknown)\""
          + Suggestions.clause(for: unknown, in: source.findingNames))
    }
    findings = wanted.isEmpty ? source.findingNames : wanted
    if plan.needsFindings && findings.isEmpty {
      throw UsageError(
        "--shots and lists with labels: expected radiographs with findings, found none; name a column of labels "
          + "(--label-column), or leave them out")
    }
  }

  func run() throws -> SplitsReport {
    let made = try MadeSplits(source.records, findings: findings, seed: UInt64(seed), plan)
    let files = try made.files()
    let report = SplitsReport(
      out: out, source: source.summary,
      seed: plan.isExisting && plan.folds == 0 && plan.shots.isEmpty ? nil : seed,
      files: (files.map(\.name) + ["splits.json"]).sorted(), made, readChecksum: list?.checksum)
    let refusal = UsageError("--out \(out): expected a new or empty folder, found other files in it")
    try Folder.fill(out, refusal: { refusal }) {
      for file in files { try DurableFile.write(file.text, to: out + "/" + file.name) }
      try DurableFile.write(Output.json(report) + "\n", to: out + "/splits.json")
    }
    return report
  }
}

extension SplitPlan {
  /// - Throws: `UsageError` where a flag is malformed, or two do not fit together.
  init(_ arguments: ParsedArguments) throws {
    self.init()
    isExisting = arguments.has("--existing")
    folds = try arguments.integer("--folds", in: 2...1000) ?? 0
    fractions = folds > 0 ? [1, 0, 0] : [0.8, 0.1, 0.1]
    if let text = arguments.value("--fractions") {
      let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
      let numbers = parts.compactMap { $0 }
      guard parts.count == 3, numbers.count == 3, numbers.allSatisfy({ (0...1).contains($0) }),
        numbers[0] > 0,
        abs(numbers.reduce(0, +) - 1) < 1e-6
      else {
        throw UsageError(
          "--fractions: expected three shares for train, val and test, the first above 0, which sum to 1, such as "
            + "0.7,0.1,0.2; found \"\(text)\"")
      }
      if isExisting {
        throw UsageError("--fractions and --existing: splits are either drawn or taken; keep one")
      }
      fractions = numbers
    }
    if let text = arguments.value("--shots") {
      let counts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
      guard counts.allSatisfy({ ($0 ?? 0) > 0 }) else {
        throw UsageError("--shots: expected whole numbers above 0, such as 1,5,10; found \"\(text)\"")
      }
      shots = counts.map { $0! }
    }
    draws = try arguments.integer("--draws", in: 1...10_000) ?? 5
    if let name = try arguments.choice("--lists", of: SplitText.Layout.allCases.map(\.rawValue)) {
      layout = SplitText.Layout(rawValue: name)!
    }
    if layout == .none && !shots.isEmpty {
      throw UsageError("--shots and --lists none: shots are lists; choose names, spaces or commas")
    }
  }
}
