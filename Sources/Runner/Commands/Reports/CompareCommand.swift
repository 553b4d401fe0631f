import Console
import Figures
import Foundation

extension Command {
  /// Puts runs beside one another.
  static let compare = Command(
    name: "compare", summary: "Put runs beside one another: a table, and their losses in one picture",
    options: [
      CommandOption(
        "--out", aliases: ["-o"], .value(FigureFile.placeholder),
        help: "Where to draw the losses, as PNG or SVG; no picture without it."),
      CommandOption("--json", help: "One line of JSON."),
    ],
    arguments: [
      CommandArgument("RUN", help: "Folders of two or more runs, finished or not.", isRepeated: true)
    ],
    examples: [
      CommandExample(
        "chex-runner compare runs/one-task runs/all-tasks --out losses.png", "what the tasks add")
    ],
    run: { arguments in
      let paths = arguments.arguments("RUN")
      guard paths.count > 1 else {
        throw UsageError("compare: expected two runs or more, found \(paths.count)")
      }
      guard Set(paths).count == paths.count else { throw UsageError("compare: the same run is named twice") }
      let comparison = try RunComparison(paths)
      if let file = try arguments.value("--out").map(FigureFile.fresh) {
        try comparison.chart.write(to: file)
      }
      if arguments.has("--json") {
        try Output.printJson(comparison.rows)
      } else {
        Output.print(comparison.table(for: Terminal.current()))
      }
      return 0
    })
}
