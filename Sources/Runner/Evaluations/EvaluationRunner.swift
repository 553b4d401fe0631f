import Batches
import Console
import CoreTensor
import Foundation
import NeuralNetworks
import PluginHost
import Runs
import Training
import WorldModel

/// A run, evaluated by a plugin.
package struct EvaluationRunner {
  package let run: EvaluatedRun
  package let definition: EvaluationDefinition
  /// Whether features are evaluated beside those of the random encoder and plain pixels.
  package let comparesEncoders: Bool
  /// Presets that change something, each with what it changes.
  package let presets: [EvaluationPreset]
  let options: Options
  /// To the processes that share the radiographs whose features are taken; nil where this is the only one.
  private let communicator: (any Communicator)?
  let code: PluginCode

  /// - Parameters:
  ///   - run: opened with `name` among the plugins that are wanted.
  ///   - name: of an evaluation in the registry.
  ///   - presets: values over the options' defaults.
  ///   - communicator: to the processes that share the work: the first calls the runner, others `lendFeatures`.
  /// - Throws: `EvaluationError` where the plugin is no evaluation.
  package init(
    _ run: EvaluatedRun, _ name: String, presets: [EvaluationPreset] = [], comparesEncoders: Bool = true,
    sharedBy communicator: (any Communicator)? = nil
  ) throws {
    (self.run, self.comparesEncoders, self.communicator) = (run, comparesEncoders, communicator)
    definition = try run.setup.evaluation(name)
    self.presets = presets.compactMap { preset in
      let values = preset.values.filter { run.setup.isDefault(SettingKey(name, $0.name)) }
      guard !values.isEmpty else { return nil }
      return EvaluationPreset(
        name: preset.name, reason: preset.reason, occasion: preset.occasion, values: values)
    }
    var values = run.setup.configuration.plugins[name] ?? [:]
    for own in self.presets.flatMap(\.values) { values[own.name] = own.value }
    options = Options(definition.options, given: values)
    code = PluginCode("evaluation \"\(name)\"", "metrics")
  }

  /// - Parameters:
  ///   - out: where the evaluation works and leaves what it made; nil for a folder below `RUN/evaluations`, and for
  ///     nothing where features are evaluated and nothing is drawn.
  /// - Returns: nil where the user asked to stop and the work is saved.
  /// - Throws: `EvaluationError` where there are no images to learn from or test on, and what the plugin throws.
  package func callAsFunction(out: String?) throws -> EvaluationReport? {
    try Compute.$backend.withValue(run.backend) {
      let folds = run.setup.configuration.evaluation.foldCount
      switch definition.subject {
      case .features(let make):
        let evaluation = try code.run { try make(options) }
        return folds > 0
          ? try evaluateFolds(evaluation, out: out ?? standardFolder + "-\(folds)-folds")
          : try evaluateFeatures(evaluation, out: out)
      case .model(let make):
        let evaluation = try code.run { try make(options) }
        return folds > 0
          ? try evaluateFolds(evaluation, out: out ?? standardFolder + "-\(folds)-folds")
          : try evaluateModel(evaluation, out: out ?? standardFolder)
      }
    }
  }

  /// Whether the evaluation works in a folder; one of features needs none.
  package var needsFolder: Bool {
    !definition.isOfFeatures || run.setup.configuration.evaluation.foldCount > 0
  }

  private var standardFolder: String {
    "\(run.folder.path)/evaluations/\(definition.command.folder?(options) ?? definition.name)"
  }

  // MARK: Features

  private func evaluateFeatures(_ evaluation: any Evaluation, out: String?) throws -> EvaluationReport {
    // A folder that is asked for is refused before the work, not after it.
    let asked = try out.map { try folder($0) }
    do { return try evaluateFeatures(evaluation, in: asked) } catch {
      try asked?.discardUnlessWorkedIn()
      throw error
    }
  }

  private func evaluateFeatures(
    _ evaluation: any Evaluation, in asked: EvaluationFolder?
  ) throws -> EvaluationReport {
    let inputs = try subjects.map { ($0.name, try input($0.features, run.radiographs)) }
    let results = try inputs.map { name, input in (name: name, found: try code.run { try evaluation(input) })
    }
    let metrics = try compared(results.map(\.found))
    let own = inputs[0].1
    var report = report(
      train: own.train.records.count, validation: own.validation.records.count,
      test: own.test.records.count, metrics, results[0].found)
    let draws = results.contains { !$0.found.charts.isEmpty || !$0.found.sheets.isEmpty }
    guard asked != nil || draws else { return report }
    let workspace = try asked ?? folder(standardFolder)
    for (name, found) in results { try workspace.leave(found, suffix: name) }
    report.out = workspace.path
    try workspace.write(report)
    return report
  }

  /// The metrics of the trained encoder's result, beside those of the random one's and of plain pixels'.
  /// - Throws: `EvaluationError` where they are not of the same keys.
  func compared(_ results: [EvaluationResult]) throws -> [EvaluationReport.Metric] {
    let keys = results.map { $0.metrics.map { "\($0.key)" } }
    for other in keys where other != keys[0] {
      throw EvaluationError(
        "\(definition.name): gives other metrics for random or plain features, \(other), than for the trained, "
          + "\(keys[0])")
    }
    return keys[0].indices.map { index in
      EvaluationReport.Metric(
        results[0].metrics[index], random: results.count > 1 ? results[1].metrics[index] : nil,
        pixels: results.count > 2 ? results[2].metrics[index] : nil)
    }
  }

  /// Whose features are evaluated, with what ends the names of their files.
  var subjects: [(name: String, features: ([Int]) throws -> FeatureTable)] {
    let encoded = encoders.map { name, encoder in (name: name, features: features(encoder)) }
    guard comparesEncoders else { return encoded }
    return encoded + [
      (name: "-pixels", features: { PixelFeatures.features(run.source, radiographs: $0) })
    ]
  }

  private var encoders: [(name: String, encoder: any ImageEncoder)] {
    let trained = (name: "", encoder: run.model.transferredEncoder)
    return comparesEncoders
      ? [trained, (name: "-random", encoder: run.untrained().transferredEncoder)] : [trained]
  }

  private func features(_ encoder: any ImageEncoder) -> ([Int]) throws -> FeatureTable {
    {
      try FeatureExtraction.features(
        encoder, run.source, radiographs: $0, run.backend, pooling: run.setup.pooling(of: encoder),
        sharedBy: communicator)
    }
  }

  /// What processes but the first do: their share of the features, as the first asks for them in its order.
  package func lendFeatures() throws {
    let images = run.radiographs
    let lists =
      run.setup.configuration.evaluation.foldCount > 0
      ? [try FoldPlan(run).all] : [images.train, images.validation, images.test]
    for (_, encoder) in encoders {
      for radiographs in lists { _ = try features(encoder)(radiographs) }
    }
  }

  func input(_ features: ([Int]) throws -> FeatureTable, _ images: ChosenImages) throws -> EvaluationInput {
    func set(_ radiographs: [Int], _ purpose: String?) throws -> FeatureSet {
      let table = try features(radiographs)
      if let purpose, table.radiographs.isEmpty { throw Self.noRadiograph(to: purpose) }
      return FeatureSet(
        width: table.width, records: table.radiographs.map { run.source.records[$0] }, values: table.values,
        image: { [source = run.source, radiographs = table.radiographs] in
          try source.radiograph(at: radiographs[$0])
        })
    }
    return EvaluationInput(
      train: try set(images.train, "learn from"), validation: try set(images.validation, nil),
      test: try set(images.test, "test on"), findingNames: try run.findingNames(), seed: run.seed)
  }

  private static func noRadiograph(to purpose: String) -> EvaluationError {
    EvaluationError(
      "no radiograph to \(purpose): none is set apart for it, or none can be decoded; see data.holdout_fraction, "
        + "evaluation.train_splits and evaluation.test_splits")
  }

  // MARK: Models

  private func evaluateModel(_ evaluation: any ModelEvaluation, out: String) throws -> EvaluationReport? {
    let radiographs = run.radiographs
    if radiographs.test.isEmpty { throw Self.noRadiograph(to: "test on") }
    let workspace = try folder(out)
    guard let result = try result(of: evaluation, radiographs, in: workspace) else { return nil }
    var report = report(
      train: radiographs.train.count, validation: radiographs.validation.count,
      test: result.tested ?? radiographs.test.count,
      result.metrics.map { .init($0) }, result)
    report.out = out
    try workspace.write(report)
    return report
  }

  /// Evaluates the model on some images, and leaves what was found in a workspace.
  /// - Returns: nil where the user asked to stop and the work is saved.
  func result(
    of evaluation: any ModelEvaluation, _ images: ChosenImages, in workspace: EvaluationFolder
  ) throws -> EvaluationResult? {
    Interruption.watch()
    let input = try run.input(
      train: images.train, validation: images.validation, test: images.test, workspace: workspace)
    do {
      let result = try code.run { try evaluation(input) }
      workspace.finish()
      try workspace.leave(result, suffix: "")
      return result
    } catch is EvaluationStopped {
      workspace.finish()
      try workspace.note("stopped and saved; the same command goes on")
      return nil
    } catch {
      try workspace.discardUnlessWorkedIn()
      throw error
    }
  }

  func report(
    train: Int, validation: Int, test: Int, _ metrics: [EvaluationReport.Metric], _ result: EvaluationResult,
    split: SplitRecord? = nil
  ) -> EvaluationReport {
    EvaluationReport(
      run: run.folder.path, evaluation: definition.name, step: run.step, source: run.source.summary,
      trainImages: train, validationImages: validation, testImages: test, split: split ?? run.splitRecord,
      summary: "\(result.summary)", metrics: metrics,
      notes: result.notes + [run.splitDifference].compactMap { $0 }, tables: result.tables)
  }
}

extension RunSetup {
  /// The evaluation of a name.
  /// - Throws: `EvaluationError` with the evaluations that there are.
  package func evaluation(_ name: String) throws -> EvaluationDefinition {
    if let plugin = plugins.first(where: { $0.name == name }),
      case .evaluation(let definition) = plugin.definition
    {
      return definition
    }
    let known = plugins.filter { $0.kind == .evaluation }.map(\.name)
    throw EvaluationError(
      "\(name): \(manifest.path) has no evaluation of that name; it has "
        + (known.isEmpty
          ? "none; chex-runner new-task NAME --kind evaluation begins one" : known.joined(separator: ", ")))
  }

  /// Whether neither a flag nor a file sets the option. A run's own file states every option, defaults too.
  package func isDefault(_ key: SettingKey) -> Bool {
    guard let declaration = settings.catalogue[key] else { return false }
    return settings[key].layer != .flags && settings[key].value == declaration.defaultValue
  }
}

extension EvaluationDefinition {
  /// Whether it is given features, which processes can share; else the model.
  package var isOfFeatures: Bool { if case .features = subject { true } else { false } }
}
