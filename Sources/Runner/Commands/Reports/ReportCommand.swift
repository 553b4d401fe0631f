import Audit
import Console
import Foundation
import Pages
import Runs

extension Command {
  /// One page of runs.
  static let report = Command(
    name: "report",
    summary: "Put one run or several on one page for a browser, which needs nothing beside it",
    options: [
      CommandOption("--out", aliases: ["-o"], .value("FILE.html"), help: "Where to write the page."),
      CommandOption(
        "--audit", .value("DIR"),
        help: "The folder that data audit wrote of the runs' radiographs; its verdict is shown."),
      CommandOption(
        "--json", help: "One line of JSON: what the page shows. Without --out there is no page then."),
    ],
    arguments: [
      CommandArgument("RUN", help: "Folders of one run or more, finished or not.", isRepeated: true)
    ],
    examples: [
      CommandExample("chex-runner report runs/first --out first.html", "to send to a colleague"),
      CommandExample(
        "chex-runner report runs/one-task runs/all-tasks --audit audit --out both.html",
        "runs side by side, with the verdict on their radiographs"),
    ],
    run: { arguments in
      let paths = arguments.arguments("RUN")
      guard Set(paths).count == paths.count else { throw UsageError("report: the same run is named twice") }
      guard arguments.has("--out") || arguments.has("--json") else {
        throw UsageError("report: --out FILE.html is required, or --json")
      }
      let file = try arguments.value("--out").map(FigureFile.freshPage)
      let report = try RunsReport(paths, audit: arguments.value("--audit"))
      if let file { try DurableFile.write(RunsPage(report).text, to: file) }
      if arguments.has("--json") { try Output.printJson(report) }
      for problem in report.problems {
        StandardStream.error.show("chex-runner: warning: \(Html.clean(problem))\n")
      }
      return report.problems.isEmpty ? 0 : 1
    })
}
