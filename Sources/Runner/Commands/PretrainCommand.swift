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
    sharesWork: true,
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
      CommandExample(
        "mpirun -n 4 chex-runner --preset small --data radiographs",
        "four processes that share each step, on one machine or several"),
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

  /// Goes on with a run, or with a branch of it.
  static let resume = Command(
    name: "resume",
    summary: "Go on with a run that was stopped or killed, or branch off one with other settings",
    options: [
      CommandOption(
        "--step", .value("STEP"), group: "Branching off",
        help: "The checkpoint to branch off from, by its step; default the newest."),
      CommandOption(
        "--set", .repeated("TABLE.KEY=VALUE"), group: "Branching off",
        help: "A setting that is to be another from there on."),
      CommandOption(
        "--out", aliases: ["-o"], .value("DIR"), group: "Branching off",
        help: "Folder of the new run; RUN stays as it is."),
      .plugins,
    ],
    arguments: [CommandArgument("RUN", help: "The run's folder.")], sharesWork: true,
    examples: [
      CommandExample("chex-runner resume runs/first", "from the newest intact checkpoint"),
      CommandExample(
        "chex-runner resume runs/first --step 300 --set training.learning_rate=1e-4 --out runs/slower",
        "a new run that goes on from step 300 with another learning rate"),
    ],
    run: { arguments in
      let (run, plugins) = (arguments.required("RUN"), arguments.value("--plugins"))
      guard let out = arguments.value("--out") else {
        for flag in ["--step", "--set"] where arguments.has(flag) {
          throw UsageError(
            "resume: \(flag) makes a new run, so that \(run) stays as it is; give its folder with --out DIR")
        }
        return try end(Pretraining.resume(run, pluginsFile: plugins), arguments)
      }
      let settings = try arguments.values("--set").map(SettingsRequest.assignment(ofSet:))
      return try end(
        Pretraining.branch(
          off: run, step: arguments.integer("--step", in: 0...Int(Int32.max)), settings: settings, out: out,
          pluginsFile: plugins), arguments)
    })

  /// Evaluates a run that has just been finished.
  /// - Returns: the exit status; 130, as shells have it for Ctrl-C, where the run was stopped and saved.
  private static func end(_ result: Pretraining.Result, _ arguments: ParsedArguments) throws -> Int32 {
    if result.hasJustFinished, let folder = result.folder {
      try FinalEvaluations.run(folder, pluginsFile: arguments.value("--plugins"))
    }
    return result.isFinished ? 0 : 130
  }
}
