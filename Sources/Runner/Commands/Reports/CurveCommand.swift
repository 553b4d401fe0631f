import Console
import Evaluations
import Figures
import Foundation
import Training

extension Command {
  /// One metric over the checkpoints of runs.
  static let curve = Command(
    name: "curve", summary: "Follow one metric of an evaluation over the checkpoints of runs, in one picture",
    options: [
      CommandOption("--with", .value("NAME"), help: "The plugin, of kind evaluation. Required."),
      CommandOption(
        "--metric", .value("NAME"),
        help:
          "Which of its metrics, in the words of its table; default the one that sums it up."
      ),
      CommandOption(
        "--checkpoints", .value("A,B"),
        help: "Steps; default every checkpoint that is kept (training.keep_checkpoints decides how many)."),
      CommandOption(
        "--out", aliases: ["-o"], .value(FigureFile.placeholder),
        help: "Where to draw the curves, as PNG or SVG; no picture without it."),
      CommandOption("--json", help: "One line of JSON."),
    ] + EvaluatedRun.settingOptions,
    arguments: [CommandArgument("RUN", help: "Folders of one run or more.", isRepeated: true)],
    examples: [
      CommandExample(
        "chex-runner curve runs/one-task runs/all-tasks --with neighbours --out curve.png",
        "where more tasks begin to pay, by a plugin of your own")
    ],
    run: { arguments in
      guard let name = arguments.value("--with") else { throw UsageError("curve: --with NAME is required") }
      let picture = try arguments.value("--out").map(FigureFile.fresh)
      let steps = try arguments.value("--checkpoints").map(CheckpointCurves.steps)
      let curves = try CheckpointCurves(
        arguments.arguments("RUN"), evaluation: name, metric: arguments.value("--metric"), steps: steps,
        arguments)
      if let picture { try curves.chart.write(to: picture) }
      if arguments.has("--json") {
        try Output.printJson(curves.report)
      } else {
        Output.print(curves.table(for: Terminal.current()))
      }
      return 0
    })
}

/// One metric of an evaluation at checkpoints of several runs.
struct CheckpointCurves {
  struct Report: Codable {
    struct Point: Codable {
      let step: Int
      let value: EvaluationReport.Value
    }
    struct Run: Codable {
      let run: String
      let points: [Point]
    }
    let evaluation: String
    let metric: String
    let runs: [Run]
  }

  let report: Report

  /// - Parameters:
  ///   - metric: key of a metric in words; nil for the one that sums the evaluation up.
  ///   - steps: nil for every checkpoint of each run.
  init(
    _ paths: [String], evaluation: String, metric: String?, steps: [Int]?, _ arguments: ParsedArguments
  ) throws {
    let names = RunComparison.names(paths)
    var chosen = metric
    var runs: [Report.Run] = []
    let progress = ProgressReporter(
      terminal: Terminal.current(), unit: "run", totalSteps: paths.count,
      output: ProgressReporter.standardError)
    for (path, name) in zip(paths, names) {
      var run = try EvaluatedRun(path, arguments, evaluation: evaluation)
      let all = try run.folder.savedCheckpoints.all().map(\.step)
      var points: [Report.Point] = []
      for step in steps ?? all {
        try run.load(step)
        let runner = try EvaluationRunner(run, evaluation, comparesEncoders: false)
        let folder = "\(path)/evaluations/\(evaluation)-\(step)"
        guard let report = try runner(out: runner.needsFolder ? folder : nil) else {
          throw EvaluationError("stopped; the same command goes on")
        }
        let wanted = chosen ?? report.summary
        guard let found = report.metric(wanted) else {
          throw EvaluationError(
            "--metric \(wanted): \(evaluation) has no such metric; it has "
              + report.metrics.map { "\($0.key)" }.joined(separator: "; "))
        }
        chosen = wanted
        points.append(.init(step: step, value: found.trained))
        progress.message("\(name), step \(step): \(wanted) \(found.trained.text(unit: found.unit))")
      }
      runs.append(.init(run: name, points: points))
    }
    progress.finish()
    report = Report(evaluation: evaluation, metric: chosen ?? "", runs: runs)
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
        ["\(step)"]
          + report.runs.map { run in run.points.first { $0.step == step }?.value.text(unit: "") ?? "" })
    }
    return "\(report.metric) (\(report.evaluation))\n\n" + table.text(for: terminal)
  }

  var chart: LineChart {
    let hasIntervals = report.runs.contains { $0.points.contains { $0.value.low != nil } }
    return LineChart(
      title: report.metric,
      subtitle: "\(report.evaluation), at the checkpoints of each run"
        + (hasIntervals ? "; bars or bands: the intervals that the evaluation gives" : ""),
      xLabel: "step", yLabel: report.metric,
      series: report.runs.map { run in
        func bounds(_ bound: (EvaluationReport.Value) -> Double?) -> [Double] {
          hasIntervals ? run.points.map { bound($0.value) ?? .nan } : []
        }
        return LineChart.Series(
          name: run.run, points: run.points.map { Point(Double($0.step), $0.value.value) },
          low: bounds(\.low), high: bounds(\.high))
      })
  }
}
