import Console
import Runs
import Training

/// The evaluations with which a run of the program ends (`run.evaluations`).
package enum FinalEvaluations {
  /// The word that stands for no evaluation.
  static let none = "none"

  private static func names(_ setup: RunSetup) -> [String] {
    let names = setup.configuration.run.evaluations
    return names == [none] ? [] : names
  }

  /// Refuses names of no evaluation before the run begins.
  /// - Throws: `EvaluationError` with the evaluations that there are.
  package static func check(_ setup: RunSetup) throws {
    for name in names(setup) { _ = try setup.evaluation(name) }
  }

  /// Evaluates a finished run and prints what was found. The run is kept whatever comes of it: an evaluation that
  /// fails is told of in a warning, with the command that tries again.
  /// - Throws: where the run's folder cannot be read.
  package static func run(_ folder: RunFolder, pluginsFile: String?) throws {
    for name in names(try RunSetup(reopening: folder, pluginsFile: pluginsFile)) {
      do {
        var run = try EvaluatedRun(folder.path, settings: [], pluginsFile: pluginsFile, evaluation: name)
        try run.load(nil)
        if let report = try EvaluationRunner(run, name)(out: nil) {
          // A line of the run, which a closed stream does not stop.
          StandardStream.output.show("\n" + report.text(for: Terminal.current()) + "\n")
        }
      } catch {
        StandardStream.error.show(
          "chex-runner: warning: the run is finished, but its evaluation failed: \(error)\n"
            + "try again with: chex-runner evaluate \(folder.path) --with \(name)\n")
      }
    }
  }
}
