import Batches
import Console
import CoreTensor
import Evaluations
import Foundation
import Imaging
import Radiographs
import Runs
import Training
import WorldModel

extension Command {
  /// Uses what an evaluation fine-tuned on other radiographs.
  static let predict = Command(
    name: "predict",
    summary: "Use a fine-tuned model on other radiographs: a table of probabilities, and masks as PNG",
    options: [
      CommandOption(
        "--out", aliases: ["-o"], .value("DIR"),
        help: "Where the table and masks are left; the same command goes on there. Required."),
      CommandOption(
        "--model", .value("NAME"),
        help:
          "Which of the models that the evaluation kept, such as fraction-0.1; needed where there are several."
      ),
      CommandOption("--run", .value("RUN"), help: "The run's folder, where it was moved since."),
      CommandOption(
        "--overlays", help: "Of masks: each radiograph as a picture with their outlines in colours, too."),
      CommandOption("--json", help: "One line of JSON."),
    ]
      + EvaluatedRun.settingOptions.filter {
        !["--label", "--evaluation-filter", "--holdout"].contains($0.name)
      },
    arguments: [
      CommandArgument(
        "EVALUATION",
        help: "The folder of an evaluation that trained a model: RUN/evaluations/…, or its --out.")
    ],
    examples: [
      CommandExample(
        "chex-runner predict runs/lungs --data hospital --out lungs",
        "masks of a folder of PNG, JPEG and DICOM files"),
      CommandExample(
        "chex-runner predict runs/lungs --data hospital --overlays --out lungs",
        "and pictures with their outlines, to look at"),
      CommandExample(
        "chex-runner predict runs/findings --model fraction-1 --data new.csv --out new",
        "probabilities of findings, and whether they are above the thresholds that validation chose"),
    ],
    run: { try PredictionRun($0).predictAll() })
}

/// One call of `predict`.
private struct PredictionRun {
  struct Report: Encodable {
    let model: String
    let source: String
    let out: String
    let classes: [String]
    let thresholds: [Double]
    let radiographs: Int
    let skipped: Int
    let masks: Int
    let seconds: Double
  }

  private static let batchSize = 16
  private let out: String
  private let isJson: Bool
  private let hasOverlays: Bool
  private let evaluation: FinishedEvaluation
  private let model: String
  private let run: EvaluatedRun
  private let predictor: any RadiographPredictor

  init(_ arguments: ParsedArguments) throws {
    guard let out = arguments.value("--out") else { throw UsageError("predict: --out DIR is required") }
    guard arguments.has("--data") else { throw UsageError("predict: --data SOURCE is required") }
    (self.out, isJson, hasOverlays) = (out, arguments.has("--json"), arguments.has("--overlays"))
    evaluation = try FinishedEvaluation(arguments.required("EVALUATION"))
    model = try evaluation.chosen(arguments.value("--model"))
    run = try EvaluatedRun(
      evaluation.runFolder(arguments.value("--run")), arguments, evaluation: evaluation.evaluation,
      keepsRadiographs: false)
    let (evaluation, model, run) = (evaluation, model, run)
    predictor = try Compute.$backend.withValue(run.backend) { try evaluation.predictor(model, run.setup) }
  }

  /// - Returns: 130 where the user stopped it; the same command goes on.
  func predictAll() throws -> Int32 {
    let began = ProgressReporter.systemClock()
    guard !hasOverlays || predictor.hasMasks else {
      throw UsageError(
        "predict: --overlays is of masks, and model \(model) of \(evaluation.path) draws none; leave it out")
    }
    let table = try PredictionFolder(
      out, request: try request(), classes: predictor.classes, hasMasks: predictor.hasMasks)
    let records = run.source.records
    let (chosen, note) = DataSplit.chosen(records, run.setup.configuration.data.choice)
    for note in run.source.notes + (note.map { [$0] } ?? []) {
      StandardStream.error.show("chex-runner: warning: \(note)\n")
    }
    let left = chosen.filter { !table.isDone(records[$0].identifier) }
    let progress = ProgressReporter(
      terminal: Terminal.current(descriptor: STDERR_FILENO), unit: "image", totalSteps: chosen.count,
      firstStep: chosen.count - left.count, firstRadiographs: chosen.count - left.count,
      output: ProgressReporter.standardError)
    if left.count < chosen.count {
      progress.message("going on after \(chosen.count - left.count) radiographs that are in \(out)")
    }
    Interruption.watch()
    for start in stride(from: 0, to: left.count, by: Self.batchSize) {
      let part = Array(left[start..<min(left.count, start + Self.batchSize)])
      try predict(part, table)
      let done = chosen.count - left.count + start + part.count
      progress.update(.init(step: done, radiographs: done))
      if Interruption.isRequested {
        progress.finish()
        StandardStream.error.show("chex-runner: stopped; run the same command again to go on\n")
        return 130
      }
    }
    progress.finish()
    try tell(table, seconds: ProgressReporter.systemClock() - began)
    return 0
  }

  private func predict(_ part: [Int], _ table: PredictionFolder) throws {
    let source = run.source
    let images = Compute.map(part.count) { place in Result { try source.radiograph(at: part[place]) } }
    var usable: [(record: RadiographRecord, image: GrayImage)] = []
    for (radiograph, result) in zip(part, images) {
      do { usable.append((source.records[radiograph], try result.get())) } catch let error
        as UnusableRadiograph
      {
        try table.skip(source.records[radiograph], error.reason)
      }
    }
    guard !usable.isEmpty else { return }
    let predictions = try Compute.$backend.withValue(run.backend) {
      try PackedWeights.keeping { try predictor(usable.map(\.image)) }
    }
    for (own, prediction) in zip(usable, predictions) {
      try table.add(
        own.record, prediction, thresholds: predictor.thresholds, overlaying: hasOverlays ? own.image : nil)
    }
  }

  /// What decides the predictions, as text.
  private func request() throws -> String {
    struct Request: Encodable {
      let evaluation: String
      let model: String
      let checksum: String
      let data: RunConfiguration.Data
    }
    return try JsonText.encoded(
      Request(
        evaluation: evaluation.evaluation, model: model, checksum: try evaluation.checksum(of: model),
        data: run.setup.configuration.data))
  }

  private func tell(_ table: PredictionFolder, seconds: Double) throws {
    let report = Report(
      model: model, source: run.source.summary, out: out, classes: predictor.classes,
      thresholds: predictor.thresholds, radiographs: table.done.count - table.skipped, skipped: table.skipped,
      masks: table.masks, seconds: seconds)
    guard !isJson else { return try Output.printJson(report) }
    Output.print(
      "\(report.radiographs) radiographs of \(report.source) by model \(model) of \(evaluation.path)\n"
        + (report.masks > 0 ? "\(report.masks) masks in \(out)/masks\n" : "")
        + (hasOverlays
          ? "\(table.overlays) pictures of them in \(out)/overlays"
            + (table.overlays < report.radiographs
              ? "; of radiographs that were predicted without --overlays there are none, give another --out for them"
              : "")
            + "\n" : "")
        + (report.skipped > 0
          ? "\(report.skipped) could not be used: \(out)/\(PredictionFolder.skippedName)\n" : "")
        + "table: \(out)/\(PredictionFolder.tableName)")
  }
}
