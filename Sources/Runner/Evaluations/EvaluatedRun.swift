import Batches
import Console
import CoreTensor
import Foundation
import NeuralNetworks
import Radiographs
import Runs
import Training
import WorldModel

/// A run as commands open it that evaluate it: its model at one checkpoint, and radiographs, its own or others.
package struct EvaluatedRun {
  package let folder: RunFolder
  package let setup: RunSetup
  package let tasks: TaskSet
  package let source: RadiographCache
  package let split: DataSplit
  /// Checksum of the list of `data.split_file`; nil where there is none.
  package let splitList: String?
  /// A sentence where the run's own settings hold out other radiographs now than it trained without; nil where they
  /// are the same, or where the run is evaluated on other sources.
  package let splitDifference: String?
  package let model: WorldModel
  /// Optimiser steps that the model has had.
  package private(set) var step = 0
  /// Of the file that the weights are from.
  package private(set) var checksum = ""

  /// Flags that say which radiographs, which findings, and how to compute.
  package static let settingOptions = SettingFlag.singles + SettingFlag.evaluationFlags.map(\.option)

  /// The flags of every command that evaluates one checkpoint.
  package static let options =
    settingOptions + [
      CommandOption(
        "--checkpoint", .value("STEP"), help: "The checkpoint to evaluate, by its step; default the newest.")
    ]

  /// The run that a command names `RUN`, at the checkpoint that it asks for.
  /// - Parameters:
  ///   - arguments: of a command that has `options`.
  ///   - evaluation: name of the plugin that evaluates, which must be current.
  ///   - flags: flags of the command that set options of that plugin.
  ///   - own: settings that the command makes where the command line does not, over the run's.
  ///   - keepsRadiographs: false where each radiograph is looked at once.
  /// - Throws: `SettingsError`, `StorageError`, `WeightsError`, and what opening the radiographs throws.
  package init(
    _ arguments: ParsedArguments, evaluation: String? = nil, flags: [SettingFlag] = [],
    settings own: [SettingAssignment] = [], keepsRadiographs: Bool = true
  ) throws {
    try self.init(
      arguments.required("RUN"), arguments, evaluation: evaluation, flags: flags, settings: own,
      keepsRadiographs: keepsRadiographs)
    try load(arguments.integer("--checkpoint", in: 0...Int(Int32.max)))
  }

  /// The run in a folder, its model still at random.
  package init(
    _ path: String, _ arguments: ParsedArguments, evaluation: String? = nil, flags: [SettingFlag] = [],
    settings own: [SettingAssignment] = [], keepsRadiographs: Bool = true
  ) throws {
    try self.init(
      path, settings: Self.assignments(arguments, flags, own), pluginsFile: arguments.value("--plugins"),
      evaluation: evaluation, keepsRadiographs: keepsRadiographs)
  }

  /// The run in a folder, its model still at random.
  /// - Parameter settings: over those of the run.
  package init(
    _ path: String, settings: [SettingAssignment], pluginsFile: String?, evaluation: String?,
    keepsRadiographs: Bool = true
  ) throws {
    folder = try RunFolder.open(at: path)
    setup = try RunSetup(
      reopening: folder, assignments: settings, pluginsFile: pluginsFile,
      wanted: Set([evaluation].compactMap { $0 }))
    tasks = try setup.taskSet()
    source = try setup.radiographSource(keepsRadiographs: keepsRadiographs)
    split = try DataSplit(
      source.records, hasLabels: !source.findingNames.isEmpty, setup.configuration, trains: false)
    splitList = try setup.splitList()?.checksum
    // Folds are of what the run's own settings say that it did not see, whatever is held out now.
    let isOwn =
      setup.settings[SettingKey("data", "source")].layer != .flags
      && setup.configuration.evaluation.foldCount == 0
    splitDifference =
      isOwn
      ? try folder.recordedSplit()?.difference("the run", to: split.record(source.records, list: splitList))
      : nil
    // What is to be said of the run's own radiographs was said when it began.
    let areOthers = setup.settings[SettingKey("data", "source")].layer == .flags
    let remarks = areOthers || setup.configuration.data.splitFile != nil ? source.notes : []
    for warning in remarks + [splitDifference].compactMap({ $0 }) {
      ProgressReporter.standardError("chex-runner: warning: \(warning)\n")
    }
    model = setup.model(tasks)
  }

  /// Gives the model the weights of a checkpoint.
  /// - Parameter step: nil for the newest.
  package mutating func load(_ step: Int?) throws {
    let checkpoint = try Self.checkpoint(folder, step)
    let weights = checkpoint.path(of: Checkpoint.model)
    try ModelCheckpoint.loadWeights(weights, into: model)
    for entry in model.entries {
      try WeightsError.checkFinite(entry.parameter.tensor, name: entry.name, path: weights)
    }
    self.step = checkpoint.step
    checksum = try DurableFile.seal(of: checkpoint.path(of: Checkpoint.model)).crc32
  }

  /// What the command line sets over the run's settings. Radiographs that `--data` names come with none of the
  /// run's settings for its own radiographs.
  private static func assignments(
    _ arguments: ParsedArguments, _ flags: [SettingFlag], _ own: [SettingAssignment]
  ) throws -> [SettingAssignment] {
    let typed =
      (SettingFlag.evaluationFlags + flags).filter { arguments.declares($0.name) }
      .compactMap { $0.assignment(arguments) }
      + (try arguments.values("--set").map(SettingsRequest.assignment(ofSet:)))
    let given = typed + own.filter { one in !typed.contains { $0.key == one.key } }
    var assignments = given
    if arguments.has("--data") {
      let taken = Set(given.map(\.key))
      for table in SettingsCatalogue.runnerTables where ["data", "evaluation"].contains(table.name) {
        assignments += table.declarations.compactMap { declaration in
          let key = SettingKey(table.name, declaration.name)
          return taken.contains(key)
            ? nil : SettingAssignment(key, .value(declaration.defaultValue), from: .flag("--data"))
        }
      }
    }
    return assignments
  }

  private static func checkpoint(_ folder: RunFolder, _ step: Int?) throws -> Checkpoint {
    let store = folder.savedCheckpoints
    guard let step else {
      let found = try store.latest()
      for warning in found.warnings {
        StandardStream.error.show("chex-runner: warning: \(warning)\n")
      }
      return found.checkpoint
    }
    let all = try store.all()
    guard let checkpoint = all.first(where: { $0.step == step }) else {
      throw EvaluationError(
        "--checkpoint \(step): \(folder.path) has no checkpoint of that step; it has "
          + all.map { "\($0.step)" }.joined(separator: ", "))
    }
    try checkpoint.verify()
    return checkpoint
  }

  package var seed: UInt64 { UInt64(setup.configuration.run.seed) }
  package var backend: any Backend { setup.backend }

  /// What a plugin is given that evaluates the model on some radiographs.
  /// - Parameters:
  ///   - radiographs: a source that begins with the run's records; nil for the run's own.
  ///   - train, validation, test: as indices into it.
  ///   - workspace: where work is shown and kept.
  package func input(
    _ radiographs: (any RadiographSource)? = nil, train: [Int], validation: [Int], test: [Int],
    workspace: any EvaluationWorkspace
  ) throws -> ModelEvaluationInput {
    ModelEvaluationInput(
      model: model, makeUntrained: untrained, tasks: tasks.tasks, views: setup.configuration.views,
      radiographs: radiographs ?? source, train: train, validation: validation, test: test,
      findingNames: try findingNames(), seed: seed, workspace: workspace)
  }

  /// The same model as its seed initialises it.
  func untrained() -> WorldModel { setup.model(tasks) }

  /// Findings that were asked for, else all that labels may name.
  /// - Throws: `EvaluationError` where a finding that was asked for is none of the radiographs'.
  package func findingNames() throws -> [String] {
    let wanted = setup.configuration.evaluation.labels
    guard !wanted.isEmpty else { return source.findingNames }
    if let unknown = wanted.first(where: { !source.findingNames.contains($0) }) {
      throw EvaluationError(
        "evaluation.labels: no radiograph may have \"\(unknown)\""
          + Suggestions.clause(for: unknown, in: source.findingNames) + "; findings of \(source.summary): "
          + source.findingNames.joined(separator: ", "))
    }
    return wanted.sorted()
  }

  /// Radiographs to learn from, to choose settings by, and to test on. Without labels radiographs of the run stand in.
  package var radiographs: (train: [Int], validation: [Int], test: [Int]) {
    (
      split.probeTrain.isEmpty ? split.pretrain : split.probeTrain, split.probeValidation,
      split.probeTest.isEmpty ? split.heldOut : split.probeTest
    )
  }

  /// Which radiographs are learnt from, chosen by and tested on, for the record of what was evaluated.
  package var splitRecord: SplitRecord {
    let chosen = radiographs
    func names(_ radiographs: [Int]) -> [String] { radiographs.map { source.records[$0].identifier } }
    return SplitRecord(
      ["train": names(chosen.train), "validation": names(chosen.validation), "test": names(chosen.test)],
      list: splitList)
  }

  /// Over every record, in any order: whose each radiograph is, its split, its labels and what else a table says, such as
  /// names of masks.
  var recordsChecksum: String {
    let lines = source.records.map { record in
      [
        record.identifier, "patient " + (record.patient ?? ""), "split " + (record.split ?? ""),
        "findings " + record.findings.sorted().joined(separator: "|"),
        "unknown " + record.unknown.sorted().joined(separator: "|"),
      ] + record.attributes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    }
    return SplitChecksum.of(lines)
  }
}
