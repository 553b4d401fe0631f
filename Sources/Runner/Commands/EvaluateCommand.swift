import CoreTensor
import Foundation
import Layers
import PluginHost
import WorldModel

extension Command {
  /// Judges a run's encoder by a plugin.
  static let evaluate = Command(
    name: "evaluate",
    summary: "Judge a run's frozen features by an evaluation plugin, beside the random encoder",
    options: [
      CommandOption("--with", .value("NAME"), help: "The plugin, of kind evaluation. Required."),
      CommandOption("--plugins", .value("FILE"), help: "The registry of plugins; default the run's."),
      CommandOption("--json", help: "One line of JSON."),
    ],
    arguments: [CommandArgument("RUN", help: "The run's folder.")],
    examples: [
      CommandExample("chex-runner evaluate runs/first --with neighbours", "figures of a plugin of your own")
    ],
    run: { arguments in
      guard let name = arguments.value("--with") else {
        throw UsageError("evaluate: --with NAME is required")
      }
      let folder = try RunFolder.open(at: arguments.required("RUN"))
      let report = try RunEvaluation(folder, pluginsFile: arguments.value("--plugins")).run(name)
      if arguments.has("--json") {
        try Output.printJson(report)
      } else {
        Output.print(report.text(for: Terminal.current()))
      }
      return 0
    })
}

/// A run's newest checkpoint, judged.
struct RunEvaluation {
  struct Report: Codable {
    struct Row: Codable {
      let name: String
      let trained: Double
      let random: Double
    }
    let run: String
    let evaluation: String
    let step: Int
    let trainFilms: Int
    let testFilms: Int
    let figures: [Row]

    func text(for terminal: Terminal) -> String {
      var table = TextTable(columns: [
        .init("figure"), .init("trained", .right), .init("random encoder", .right),
      ])
      for row in figures {
        table.add([row.name, String(format: "%.4f", row.trained), String(format: "%.4f", row.random)])
      }
      return
        "\(evaluation) of \(run) at step \(step); \(trainFilms) films to learn from, \(testFilms) to test on\n\n"
        + table.text(for: terminal)
    }
  }

  private let folder: RunFolder
  private let parts: RunParts
  private let step: Int

  init(_ folder: RunFolder, pluginsFile: String?) throws {
    self.folder = folder
    parts = try RunParts(Pretraining.reopened(folder, pluginsFile: pluginsFile))
    let store = try folder.checkpoints(keep: parts.setup.configuration.training.keptCheckpoints)
    step = try ModelCheckpoint.load(store.latest().checkpoint, into: parts.optimization).step
  }

  /// - Throws: `EvaluationError` where the plugin is none, or there are no films to learn from or test on.
  func run(_ name: String) throws -> Report {
    guard let plugin = parts.setup.plugins.first(where: { $0.name == name }),
      case .evaluation(let definition) = plugin.definition
    else {
      let known = parts.setup.plugins.filter { $0.kind == .evaluation }.map(\.name)
      throw EvaluationError(
        "--with \(name): \(parts.setup.manifest.path) has no evaluation of that name; it has "
          + (known.isEmpty
            ? "none; chex-runner new-task NAME --kind evaluation begins one" : known.joined(separator: ", ")))
    }
    let options = parts.setup.configuration.options(of: name, declared: definition.options)
    let code = PluginCode("evaluation \"\(name)\"", "figures")
    let evaluation = try code.run { try definition.make(options) }
    let scenes = try (trained: scene(parts.optimization.model.targetEncoder), random: scene(random()))
    let trained = try code.run { try evaluation(scenes.trained) }
    let random = try code.run { try evaluation(scenes.random) }
    guard trained.map(\.name) == random.map(\.name) else {
      throw EvaluationError(
        "\(name): gives other figures for the random encoder, \(random.map(\.name)), than for the trained, "
          + "\(trained.map(\.name))")
    }
    return Report(
      run: folder.path, evaluation: name, step: step, trainFilms: scenes.trained.train.records.count,
      testFilms: scenes.trained.test.records.count,
      figures: zip(trained, random).map { .init(name: $0.name, trained: $0.value, random: $1.value) })
  }

  private func random() -> VisionTransformer {
    let seed = UInt64(parts.setup.configuration.run.seed)
    return parts.tasks.model(parts.setup.shape, seed: seed).targetEncoder
  }

  private func scene(_ encoder: VisionTransformer) throws -> EvaluationScene {
    let partition = parts.partition
    // Without labels there is no probe, and films of the run stand in.
    let train = partition.probeTrain.isEmpty ? partition.pretrain : partition.probeTrain
    let test = partition.probeTest.isEmpty ? partition.heldOut : partition.probeTest
    func set(_ films: [Int], _ what: String) throws -> FeatureSet {
      let table = FeatureExtraction.features(
        encoder, parts.source, films: films, parts.setup.configuration.run.precision.backend)
      guard !table.films.isEmpty else {
        throw EvaluationError(
          "no film to \(what): none is set apart for it, or none can be decoded; see data.holdout_fraction")
      }
      return FeatureSet(
        width: table.width, records: table.films.map { parts.source.records[$0] }, values: table.values)
    }
    return EvaluationScene(
      train: try set(train, "learn from"), test: try set(test, "test on"),
      findingNames: parts.source.findingNames, seed: UInt64(parts.setup.configuration.run.seed))
  }
}

struct EvaluationError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
