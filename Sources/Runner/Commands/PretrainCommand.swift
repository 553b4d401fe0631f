import Console
import CoreTensor
import Evaluations
import Foundation
import Runs
import Training
import WorldModel

extension Command {
  /// Trains a new run.
  static let pretrain = Command(
    name: "pretrain", summary: "Train a world model; the default command", options: SettingFlag.options,
    examples: [
      CommandExample(
        "chex-runner --preset quick --out runs/first", "three minutes on built-in radiographs"),
      CommandExample(
        "chex-runner --data radiographs --out runs/images",
        "a folder of radiographs, with every task that is enabled"),
      CommandExample(
        "chex-runner --naive --data index.csv",
        "an ablation: losses summed task by task, radiographs by table"),
      CommandExample(
        "chex-runner --preset paper --print-config", "the paper's settings, and where each came from"),
    ],
    run: { arguments in
      let setup = try RunSetup(SettingsRequest(arguments), pluginsFile: arguments.value("--plugins"))
      if arguments.has("--print-config") {
        Output.print(arguments.has("--json") ? setup.settings.jsonText : setup.settings.tomlText)
        return 0
      }
      if arguments.has("--dry-run") { return try DryRun(setup).run(json: arguments.has("--json")) }
      try FinalEvaluations.check(setup)
      return try end(Pretraining.start(setup), arguments)
    })

  /// Goes on with a run.
  static let resume = Command(
    name: "resume", summary: "Go on with a run that was stopped or killed",
    options: [
      .plugins
    ],
    arguments: [CommandArgument("RUN", help: "The run's folder.")],
    examples: [CommandExample("chex-runner resume runs/first", "from the newest intact checkpoint")],
    run: { arguments in
      try end(
        Pretraining.resume(arguments.required("RUN"), pluginsFile: arguments.value("--plugins")), arguments)
    })

  /// Evaluates a run that has just been finished.
  /// - Returns: the exit status; 130, as shells have it for Ctrl-C, where the run was stopped and saved.
  private static func end(_ result: Pretraining.Result, _ arguments: ParsedArguments) throws -> Int32 {
    if result.hasJustFinished {
      try FinalEvaluations.run(result.folder, pluginsFile: arguments.value("--plugins"))
    }
    return result.isFinished ? 0 : 130
  }
}
