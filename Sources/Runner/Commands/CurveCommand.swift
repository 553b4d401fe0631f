import Figures
import Foundation

extension Command {
  /// One figure over the checkpoints of runs.
  static let curve = Command(
    name: "curve", summary: "Follow one figure of an evaluation over the checkpoints of runs, in one picture",
    options: [
      CommandOption("--with", .value("NAME"), help: "The plugin, of kind evaluation. Required."),
      CommandOption(
        "--figure", .value("NAME"),
        help: "Which of its figures; default the last, which for most is the mean."),
      CommandOption(
        "--checkpoints", .value("A,B"),
        help: "Steps; default every checkpoint that is kept (training.keep_checkpoints decides how many)."),
      CommandOption(
        "--out", aliases: ["-o"], .value("FILE.png"), help: "Where to draw the curves; no picture without it."
      ),
      CommandOption("--json", help: "One line of JSON."),
    ] + JudgedRun.settingOptions,
    arguments: [CommandArgument("RUN", help: "Folders of one run or more.", isRepeated: true)],
    examples: [
      CommandExample(
        "chex-runner curve runs/local runs/all --with probes --out probe.png",
        "where more tasks begin to pay")
    ],
    run: { arguments in
      guard let name = arguments.value("--with") else { throw UsageError("curve: --with NAME is required") }
      let picture = try arguments.value("--out").map(LineChart.freshFile)
      let steps = try arguments.value("--checkpoints").map(CheckpointCurves.steps)
      let curves = try CheckpointCurves(
        arguments.arguments("RUN"), evaluation: name, figure: arguments.value("--figure"), steps: steps,
        arguments)
      if let picture { try curves.chart.draw().writePng(to: picture) }
      if arguments.has("--json") {
        try Output.printJson(curves.report)
      } else {
        Output.print(curves.table(for: Terminal.current()))
      }
      return 0
    })
}

/// One figure of an evaluation at checkpoints of several runs.
struct CheckpointCurves {
  struct Report: Codable {
    struct Point: Codable {
      let step: Int
      let value: EvaluationReport.Row.Value
    }
    struct Run: Codable {
      let run: String
      let points: [Point]
    }
    let evaluation: String
    let figure: String
    let runs: [Run]
  }

  let report: Report

  /// - Parameters:
  ///   - figure: name of a figure of the evaluation; nil for its last.
  ///   - steps: nil for every checkpoint of each run.
  init(
    _ paths: [String], evaluation: String, figure: String?, steps: [Int]?, _ arguments: ParsedArguments
  ) throws {
    let names = RunComparison.names(paths)
    var chosen = figure
    var runs: [Report.Run] = []
    let progress = ProgressReporter(
      terminal: Terminal.current(), unit: "run", totalSteps: paths.count,
      output: ProgressReporter.standardError)
    for (path, name) in zip(paths, names) {
      var judged = try JudgedRun(path, arguments, evaluation: evaluation)
      let all = try judged.folder.savedCheckpoints.all().map(\.step)
      var points: [Report.Point] = []
      for step in steps ?? all {
        try judged.load(step)
        let out = "\(path)/evaluations/\(evaluation)-\(step)"
        guard
          let report = try RunEvaluation(judged, isCompared: false).run(
            evaluation, out: nil, modelOut: out)
        else { throw EvaluationError("stopped; the same command goes on") }
        let wanted = chosen ?? report.figures.last?.name ?? ""
        guard let row = report.figures.first(where: { $0.name == wanted }) else {
          throw EvaluationError(
            "--figure \(wanted): \(evaluation) has no such figure; it has "
              + report.figures.map(\.name).joined(separator: "; "))
        }
        chosen = wanted
        points.append(.init(step: step, value: row.trained))
        progress.message("\(name), step \(step): \(wanted) \(row.trained.text)")
      }
      runs.append(.init(run: name, points: points))
    }
    progress.finish()
    report = Report(evaluation: evaluation, figure: chosen ?? "", runs: runs)
  }

  static func steps(_ text: String) throws -> [Int] {
    let parts = text.split(separator: ",")
    let steps = parts.compactMap { Int($0) }
    guard steps.count == parts.count, !steps.isEmpty else {
      throw UsageError("--checkpoints: expected steps such as 1000,5000, found \"\(text)\"")
    }
    return steps
  }

  func table(for terminal: Terminal) -> String {
    let steps = Set(report.runs.flatMap { $0.points.map(\.step) }).sorted()
    var table = TextTable(columns: [.init("step", .right)] + report.runs.map { .init($0.run, .right) })
    for step in steps {
      table.add(
        ["\(step)"] + report.runs.map { run in run.points.first { $0.step == step }?.value.text ?? "" })
    }
    return "\(report.figure) (\(report.evaluation))\n\n" + table.text(for: terminal)
  }

  var chart: LineChart {
    LineChart(
      title: report.figure, subtitle: "\(report.evaluation), at the checkpoints of each run",
      xLabel: "step", yLabel: report.figure,
      series: report.runs.map { run in
        LineChart.Series(
          name: run.run, points: run.points.map { Point(Double($0.step), $0.value.value) })
      })
  }
}
