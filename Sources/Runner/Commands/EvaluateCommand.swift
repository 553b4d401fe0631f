import CoreTensor
import Foundation
import WorldModel

extension Command {
  /// Judges a run by a plugin.
  static let evaluate = Command(
    name: "evaluate",
    summary: "Judge a run by an evaluation plugin: its frozen features, or the whole model",
    options: [
      CommandOption("--with", .value("NAME"), help: "The plugin, of kind evaluation. Required."),
      CommandOption(
        "--out", aliases: ["-o"], .value("DIR"),
        help: "Where an evaluation of the whole model leaves its log, pictures and work in progress; default "
          + "RUN/evaluations/NAME. The same command goes on there."),
      CommandOption("--json", help: "One line of JSON."),
    ] + JudgedRun.options,
    arguments: [CommandArgument("RUN", help: "The run's folder.")],
    examples: [
      CommandExample("chex-runner evaluate runs/first --with neighbours", "figures of a plugin of your own")
    ],
    run: { arguments in
      guard let name = arguments.value("--with") else {
        throw UsageError("evaluate: --with NAME is required")
      }
      let evaluation = RunEvaluation(try JudgedRun(arguments, evaluation: name))
      guard let report = try evaluation.run(name, out: arguments.value("--out")) else { return 130 }
      if arguments.has("--json") {
        try Output.printJson(report)
      } else {
        Output.print(report.text(for: Terminal.current()))
      }
      return 0
    })
}
