import CoreTensor
import Foundation
import WorldModel

extension Command {
  /// The domain sensitivity test of a run (paper section 5.1; spec section 8).
  static let sensitivity = Command(
    name: "sensitivity",
    summary: "Test whether a run's predictor uses what it is told of a film's appearance",
    options: [
      CommandOption("--films", .value("N"), help: "Test films; default 50."),
      CommandOption(
        "--candidates", .value("N"), help: "Appearances of each film, the true one among them; default 64."),
      CommandOption(
        "--seed", .value("N"), help: "Of candidates, draws and resamples, beside the run's; default 0."),
      CommandOption(
        "--out", aliases: ["-o"], .value("DIR"),
        help:
          "Where figures, ranked rows as pictures, places as a table and work in progress are left; default "
          + "RUN/evaluations/sensitivity. The same command goes on there."),
      CommandOption("--json", help: "One line of JSON."),
    ] + JudgedRun.options,
    arguments: [CommandArgument("RUN", help: "The run's folder.")],
    examples: [
      CommandExample("chex-runner sensitivity runs/first", "on films that the run set apart"),
      CommandExample(
        "chex-runner sensitivity runs/first --data films/index.csv --out runs/first/sensitivity-films",
        "on other films' test split"),
      CommandExample(
        "chex-runner sensitivity runs/first --set domain.probability=1 --out changed",
        "every context changed, where training leaves some as they are"),
    ],
    run: { arguments in
      var given: [String: OptionValue] = [:]
      for (flag, option, range) in [
        ("--films", "films", 1...100_000), ("--candidates", "candidates", 2...1024),
        ("--seed", "seed", 0...Int(Int32.max)),
      ] {
        if let number = try arguments.integer(flag, in: range) { given[option] = .integer(number) }
      }
      let evaluation = RunEvaluation(try JudgedRun(arguments, evaluation: "sensitivity"))
      guard let report = try evaluation.run("sensitivity", out: arguments.value("--out"), given: given) else {
        return 130
      }
      if arguments.has("--json") {
        try Output.printJson(report)
      } else {
        Output.print(SensitivityReport(report).text(for: Terminal.current()))
      }
      return 0
    })
}
