import Batches
import CoreTensor
import Foundation
import Layers
import PluginHost
import WorldModel

/// A run, judged by a plugin.
struct RunEvaluation {
  let judged: JudgedRun
  /// Whether features are judged beside those of the random encoder and plain pixels.
  let isCompared: Bool

  init(_ judged: JudgedRun, isCompared: Bool = true) {
    self.judged = judged
    self.isCompared = isCompared
  }

  /// - Parameters:
  ///   - name: of an evaluation in the registry.
  ///   - out: where the user wants an evaluation of the whole model to work; nil = `modelOut`.
  ///   - modelOut: nil = `RUN/evaluations/NAME`.
  ///   - given: options that the command line sets, over the registry's and the run's.
  /// - Returns: nil where the user asked to stop and the work is saved.
  /// - Throws: `EvaluationError` where the plugin is none, or there are no films to learn from or test on.
  func run(
    _ name: String, out: String?, modelOut: String? = nil, given: [String: OptionValue] = [:]
  ) throws -> EvaluationReport? {
    let definition = try definition(name)
    let settings = judged.setup.configuration.plugins[name] ?? [:]
    let options = Options(definition.options, given: settings.merging(given) { $1 })
    let code = PluginCode("evaluation \"\(name)\"", "figures")
    return try Compute.$backend.withValue(judged.backend) {
      switch definition.subject {
      case .features(let make):
        guard out == nil else {
          throw EvaluationError("--out: \(name) judges features and leaves nothing but its figures")
        }
        return try judgeFeatures(name, code, code.run { try make(options) })
      case .model(let make):
        return try judgeModel(
          name, code, code.run { try make(options) },
          out: out ?? modelOut ?? "\(judged.folder.path)/evaluations/\(name)", options: options)
      }
    }
  }

  private func definition(_ name: String) throws -> EvaluationDefinition {
    let setup = judged.setup
    if let plugin = setup.plugins.first(where: { $0.name == name }),
      case .evaluation(let definition) = plugin.definition
    {
      return definition
    }
    let known = setup.plugins.filter { $0.kind == .evaluation }.map(\.name)
    throw EvaluationError(
      "\(name): \(setup.manifest.path) has no evaluation of that name; it has "
        + (known.isEmpty
          ? "none; chex-runner new-task NAME --kind evaluation begins one" : known.joined(separator: ", ")))
  }

  // MARK: Features

  private func judgeFeatures(
    _ name: String, _ code: PluginCode, _ evaluation: any Evaluation
  ) throws -> EvaluationReport {
    var scenes = [try scene { features(judged.model.transferredEncoder, $0) }]
    if isCompared {
      scenes.append(try scene { features(judged.untrained().transferredEncoder, $0) })
      scenes.append(try scene { PixelFeatures.features(judged.source, films: $0) })
    }
    let figures = try scenes.map { scene in try code.run { try evaluation(scene) } }
    for other in figures where other.map(\.name) != figures[0].map(\.name) {
      throw EvaluationError(
        "\(name): gives other figures for random or plain features, \(other.map(\.name)), than for the trained, "
          + "\(figures[0].map(\.name))")
    }
    let rows = figures[0].indices.map { row in
      EvaluationReport.Row(
        name: figures[0][row].name, trained: .init(figures[0][row]),
        random: isCompared ? .init(figures[1][row]) : nil, pixels: isCompared ? .init(figures[2][row]) : nil,
        difference: isCompared ? .difference(figures[0][row], figures[1][row]) : nil)
    }
    return report(
      name, train: scenes[0].train.records.count, validation: scenes[0].validation.records.count,
      test: scenes[0].test.records.count, rows)
  }

  private func features(_ encoder: any ImageEncoder, _ films: [Int]) -> FeatureTable {
    FeatureExtraction.features(encoder, judged.source, films: films, judged.backend)
  }

  private func scene(_ features: ([Int]) -> FeatureTable) throws -> EvaluationScene {
    let films = judged.films
    func set(_ films: [Int], _ purpose: String?) throws -> FeatureSet {
      let table = features(films)
      if let purpose, table.films.isEmpty { throw Self.noFilm(to: purpose) }
      return FeatureSet(
        width: table.width, records: table.films.map { judged.source.records[$0] }, values: table.values)
    }
    return EvaluationScene(
      train: try set(films.train, "learn from"), validation: try set(films.validation, nil),
      test: try set(films.test, "test on"), findingNames: try judged.findingNames(), seed: judged.seed)
  }

  private static func noFilm(to purpose: String) -> EvaluationError {
    EvaluationError(
      "no film to \(purpose): none is set apart for it, or none can be decoded; see data.holdout_fraction, "
        + "probe.train_splits and probe.test_splits")
  }

  // MARK: Models

  private func judgeModel(
    _ name: String, _ code: PluginCode, _ evaluation: any ModelEvaluation, out: String, options: Options
  ) throws -> EvaluationReport? {
    let films = judged.films
    if films.test.isEmpty { throw Self.noFilm(to: "test on") }
    let workspace = try EvaluationFolder(out, request: request(name, options))
    Interruption.watch()
    let scene = ModelScene(
      model: judged.model, makeUntrained: judged.untrained, tasks: judged.tasks.tasks,
      views: judged.setup.configuration.views, films: judged.source, train: films.train,
      validation: films.validation, test: films.test, findingNames: try judged.findingNames(),
      seed: judged.seed, workspace: workspace)
    let figures: [EvaluationFigure]
    do {
      figures = try code.run { try evaluation(scene) }
      workspace.finish()
    } catch is EvaluationStopped {
      workspace.finish()
      try workspace.note("stopped and saved; the same command goes on")
      return nil
    } catch {
      try workspace.discardUnlessWorkedIn()
      throw error
    }
    var report = report(
      name, train: films.train.count, validation: films.validation.count, test: films.test.count,
      figures.map { .init(name: $0.name, trained: .init($0)) })
    report.out = out
    try workspace.write(Output.json(report) + "\n", named: EvaluationFolder.figuresName)
    return report
  }

  /// Everything that decides the figures: weights, options, films and findings.
  private func request(_ name: String, _ options: Options) throws -> String {
    let configuration = judged.setup.configuration
    let request = Request(
      evaluation: name, weights: judged.checksum, seed: configuration.run.seed, options: options.values,
      data: configuration.data, probe: configuration.probe)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(request), as: UTF8.self) + "\n"
  }

  private struct Request: Codable {
    let evaluation: String
    /// Checksum of the model's file.
    let weights: String
    let seed: Int
    let options: [String: OptionValue]
    let data: RunConfiguration.Data
    let probe: RunConfiguration.Probe
  }

  private func report(
    _ name: String, train: Int, validation: Int, test: Int, _ rows: [EvaluationReport.Row]
  ) -> EvaluationReport {
    EvaluationReport(
      run: judged.folder.path, evaluation: name, step: judged.step, films: judged.source.summary,
      trainFilms: train, validationFilms: validation, testFilms: test, figures: rows)
  }
}
