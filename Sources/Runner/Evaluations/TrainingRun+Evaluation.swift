import Training
import WorldModel

extension TrainingRun {
  /// Evaluates the newest checkpoint by a plugin.
  /// - Parameters:
  ///   - name: of an evaluation in the registry: `"probe"`.
  ///   - settings: each `table.key=value`, over those of the run: `"probe.neighbours=50"`, `"data.source=radiographs"`.
  ///   - plugins: path of the registry of plugins; nil for what `chex-runner` takes.
  /// - Returns: the metrics of the trained encoder; nil where the user asked to stop.
  /// - Throws: `EvaluationError` where there is no such evaluation, or nothing to evaluate on, and what it throws
  ///   itself.
  public func evaluate(
    with name: String, _ settings: [String] = [], plugins: String? = nil
  ) throws -> [EvaluationMetric]? {
    var run = try EvaluatedRun(
      folder, settings: try settings.map(SettingsRequest.assignment(ofSet:)), pluginsFile: plugins,
      evaluation: name)
    try run.load(nil)
    return try EvaluationRunner(run, name)(out: nil)?.metrics.map(\.evaluated)
  }
}
