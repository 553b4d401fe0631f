import CoreTensor
import Foundation
import WorldModel

extension Command {
  /// Fine-tunes a run's encoder on labels.
  static let fineTuneClassify = Command(
    name: "finetune classify",
    summary:
      "Fine-tune a run's encoder to classify films, from a share of the labels; test at the best epoch",
    options: FineTuneCommand.options + JudgedRun.options,
    arguments: [CommandArgument("RUN", help: "The run's folder.")],
    examples: [
      CommandExample(
        "chex-runner finetune classify runs/first --data vindr:/data/vindr --fraction 0.01,0.1,1 --out runs/vindr",
        "sample efficiency: 1%, 10% and all of the labels, five seeds each"),
      CommandExample(
        "chex-runner finetune classify runs/first --data rsna:/data/rsna --from scratch --out runs/rsna-scratch",
        "the baseline without pre-training; three classes, accuracy"),
      CommandExample(
        "chex-runner finetune classify runs/first --data labels.csv --shots 1,5,10 --draws 5 --label Effusion",
        "few cases a class, five draws"),
    ],
    run: { try FineTuneCommand($0).run() })
}

/// `finetune classify`.
struct FineTuneCommand {
  static let plugin = "finetune"

  static let options = [
    CommandOption(
      "--fraction", .value("X,Y"),
      help:
        "Shares of the patients to learn from; default 1, all of them. Of one seed a smaller share is part of a "
        + "larger."),
    CommandOption("--seeds", .value("N"), help: "Trials of each share; default 5."),
    CommandOption("--shots", .value("K,L"), help: "Cases a class to learn from, in place of shares."),
    CommandOption("--draws", .value("N"), help: "Trials of each number of cases; default 5."),
    CommandOption(
      "--from", .value("WHICH"),
      help: "The encoder: target (default), context, or scratch, which each seed initialises anew."),
    CommandOption(
      "--loss", .value("WHICH"),
      help: "binary: any number of findings a film (default); cross-entropy: each film is of one class."),
    CommandOption(
      "--preset-for", .value("NAME"),
      help:
        "Settings recommended for a collection: \(FineTunePreset.collections.map(\.name).joined(separator: ", ")); "
        + "or none, not even those for small encoders. Default: by what --data begins with, \"chexpert:\" say."
    ),
    CommandOption(
      "--out", aliases: ["-o"], .value("DIR"),
      help:
        "Where log, figures and work in progress are; default RUN/evaluations/finetune-WHICH. The same command "
        + "goes on there, or prints what it found."),
    CommandOption("--json", help: "One line of JSON."),
  ]

  private let arguments: ParsedArguments
  private let judged: JudgedRun

  init(_ arguments: ParsedArguments) throws {
    self.arguments = arguments
    // A probe is content with a few thousand films; what is called all labels must be all.
    judged = try JudgedRun(
      arguments, evaluation: Self.plugin,
      settings: [
        SettingAssignment(SettingKey("probe", "films"), .value(.integer(0)), from: .flag("finetune classify"))
      ])
  }

  func run() throws -> Int32 {
    let evaluation = RunEvaluation(judged)
    let from = try arguments.choice("--from", of: ["target", "context", "scratch"]) ?? "target"
    let out = arguments.value("--out") ?? "\(judged.folder.path)/evaluations/\(Self.plugin)-\(from)"
    var given = try flags()
    for preset in try presets() {
      let values = preset.values.filter { own in given[own.name] == nil && isDefault(own.name) }
      given.merge(values.map { ($0.name, $0.value) }) { $1 }
      guard !values.isEmpty else { continue }
      let list = values.map { "\($0.name) = \($0.value.tomlText)" }.joined(separator: ", ")
      ProgressReporter.standardError("preset for \(preset.name) (\(preset.reason)): \(list)\n")
    }
    guard let report = try evaluation.run(Self.plugin, out: out, given: given) else { return 130 }
    let own = try FineTuneReport(report)
    try FineTuneChart(folder: out).draw()
    if arguments.has("--json") {
      try Output.printJson(own)
    } else {
      Output.print(own.text(for: Terminal.current()))
    }
    return 0
  }

  /// Options of the plugin that the command line sets by flags of its own.
  /// - Throws: `UsageError`.
  private func flags() throws -> [String: OptionValue] {
    var given: [String: OptionValue] = [:]
    if let shares = try numbers("--fraction", "shares above 0 and up to 1", { $0 >= 0.0001 && $0 <= 1 }) {
      given["fractions"] = .list(shares.map(OptionValue.number))
    }
    if let shots = try numbers(
      "--shots", "whole numbers from 1 to 1000", { (1...1000).contains($0) && $0 == $0.rounded() })
    {
      given["shots"] = .list(shots.map(OptionValue.number))
      if given["fractions"] == nil { given["fractions"] = .list([]) }
    }
    for name in ["seeds", "draws"] {
      if let count = try arguments.integer("--" + name, in: 1...100) { given[name] = .integer(count) }
    }
    if let from = arguments.value("--from") { given["from"] = .text(from) }
    if let loss = try arguments.choice("--loss", of: ["binary", "cross-entropy"]) {
      given["loss"] = .text(loss)
    }
    return given
  }

  private func numbers(
    _ flag: String, _ expected: String, _ isAllowed: (Double) -> Bool
  ) throws -> [Double]? {
    guard let text = arguments.value(flag) else { return nil }
    let found = SettingText.items(of: text).map { Double($0) }
    guard !found.isEmpty, found.allSatisfy({ $0.map(isAllowed) ?? false }) else {
      throw UsageError("\(flag): expected \(expected), with commas between, found \"\(text)\"")
    }
    return found.compactMap { $0 }
  }

  private func presets() throws -> [FineTunePreset] {
    let names = FineTunePreset.collections.map(\.name) + [FineTunePreset.none]
    let shape = judged.setup.shape.encoder
    return FineTunePreset.presets(
      sources: judged.setup.configuration.data.sources, depth: shape.depth, width: shape.width,
      chosen: try arguments.choice("--preset-for", of: names))
  }

  /// Whether neither `--set` nor a file sets the option. A run's own file states every option, defaults too.
  private func isDefault(_ name: String) -> Bool {
    let (key, settings) = (SettingKey(Self.plugin, name), judged.setup.settings)
    guard let declaration = settings.catalogue[key] else { return false }
    return settings[key].layer != .flags && settings[key].value == declaration.defaultValue
  }
}
