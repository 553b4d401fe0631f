import CoreTensor
import FineTuning
import Foundation
import WorldModel

/// Fine-tunes copies of a model's encoder and tests each once.
struct FineTuneEvaluation: ModelEvaluation {
  let settings: FineTuneSettings

  func callAsFunction(_ input: ModelEvaluationInput) throws -> EvaluationResult {
    guard settings.pooling == .mean || input.model.shape.encoder.design.hasClassToken else {
      throw FineTuneError(
        "--pooling class: the run's encoder has no class token (model.class_token = false); use --pooling mean"
      )
    }
    let labels = try RadiographLabels(input, settings.kind)
    let plans = try RadiographDraw(labels: labels, settings: settings.training, input: input).plans()
    let task = ClassificationTask(
      labels: labels,
      views: RadiographViews(
        source: input.radiographs,
        side: try settings.training.encoderShape(input.model.shape.encoder).imageSize, views: settings.views,
        leftOut: LeftOutRadiographs(input.workspace)), pooling: settings.pooling)
    let results = try Trials(input, settings.training, plans).run(
      task, tested: labels.labelled(input.test), begin: { try introduce(input, labels, plans) })
    return try result(input, labels, plans, results)
  }

  private func introduce(_ input: ModelEvaluationInput, _ labels: RadiographLabels, _ plans: [TrialPlan])
    throws
  {
    let workspace = input.workspace
    try workspace.note(
      "fine-tuning \(plans.count) times for \(labels.classes.joined(separator: ", ")), from "
        + settings.training.origin.words(of: input.model))
    if labels.unlabelled > 0 {
      try workspace.note("\(labels.unlabelled) radiographs have no label that could be used and are left out")
    }
    try settings.training.tellOfValidation(
      plans[0].split.validation.count, isNamed: !labels.labelled(input.validation).isEmpty, workspace)
    for plan in plans where settings.kind == .multi && !plan.split.validation.isEmpty {
      let isDefined = labels.classes.indices.contains { number in
        let known = plan.split.validation.compactMap { labels[$0][number] }
        return known.contains(true) && known.contains(false)
      }
      if !isDefined {
        try workspace.note(
          "\(plan.title): no finding has both kinds of radiograph among the \(plan.split.validation.count) for validation, so "
            + "that the epoch is chosen by their loss")
      }
    }
  }

  // MARK: Result

  private func result(
    _ input: ModelEvaluationInput, _ labels: RadiographLabels, _ plans: [TrialPlan],
    _ results: [String: FinishedTrial<SplitMetrics, [[Double]]>]
  ) throws -> EvaluationResult {
    let summaries = settings.training.regimes.map { regime in
      RegimeSummary(
        regime.name,
        plans.filter { $0.regime == regime }.compactMap { results[$0.name]?.result }, labels.classes)
    }
    guard summaries.allSatisfy({ $0.auroc != nil || $0.accuracy != nil }) else {
      throw FineTuneError(
        "no finding of \(labels.classes.joined(separator: ", ")) has both a positive and a negative among the test "
          + "radiographs, so that no AUROC is defined; test on more radiographs, or name other findings")
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let document = ClassificationDocument(
      from: settings.training.origin.taken(of: input.model).rawValue, loss: settings.kind.rawValue,
      regimes: summaries,
      trials: plans.compactMap { results[$0.name]?.result })
    try input.workspace.write(
      String(decoding: try encoder.encode(document), as: UTF8.self) + "\n", named: "classification.json")
    let undefined = summaries.first?.undefined ?? []
    return EvaluationResult(
      summaries.flatMap(\.metrics), summary: summaries.last?.metrics.first?.key,
      tables: summaries.map(\.table), charts: try [chart(input.workspace, plans)].compactMap { $0 },
      notes: ["fine-tuned from \(settings.training.origin.words(of: input.model))"]
        + (undefined.isEmpty
          ? []
          : [
            "left out, without positives or without negatives to test on: "
              + undefined.joined(separator: ", ")
          ]),
      predictions: plans.compactMap { plan in
        results[plan.name].map { table(plan, $0, labels, input.radiographs.records) }
      })
  }

  private func table(
    _ plan: TrialPlan, _ trial: FinishedTrial<SplitMetrics, [[Double]]>, _ labels: RadiographLabels,
    _ records: [RadiographRecord]
  ) -> PredictionTable {
    var columns = labels.classes.indices.map { number in
      PredictionTable.Column.scores(
        of: labels.classes[number], truth: trial.radiographs.map { labels[$0][number] },
        scores: trial.scores.map { $0[number] })
    }
    if labels.kind == .single {
      // The first of equal scores is taken, as in `Accuracy`.
      let hits = zip(trial.radiographs, trial.scores).map { radiograph, scores in
        scores.firstIndex(of: scores.max() ?? 0) == labels.singleClass(of: radiograph) ? 1.0 : 0
      }
      columns.append(.measure("accuracy", values: hits))
    }
    return PredictionTable(
      subject: plan.regime.name, trial: plan.trial,
      radiographs: trial.radiographs.map { .init(records[$0]) }, columns: columns)
  }

  /// What is drawn of the validation images, the first that was recorded.
  private static let curves = [
    ("validation_accuracy", "accuracy"), ("validation_auroc", "mean AUROC"), ("validation_loss", "loss"),
  ]

  /// How each trial did on its validation images, epoch by epoch; nil where there are none.
  private func chart(_ workspace: any EvaluationWorkspace, _ plans: [TrialPlan]) throws -> Chart? {
    let trials = try plans.map { (name: $0.name, rows: try workspace.recorded($0.name)) }
    func points(_ rows: [(step: Int, values: [String: Double])], _ name: String) -> [Chart.Curve.Point] {
      rows.compactMap { row in row.values[name].map { .init(Double(row.step), $0) } }
    }
    let chosen = Self.curves.first { own in trials.contains { !points($0.rows, own.0).isEmpty } }
    guard let chosen else { return nil }
    return Chart(
      name: "curves", title: "Fine-tuning", subtitle: "\(chosen.1) on the validation images",
      xLabel: "epoch", yLabel: chosen.1,
      curves: trials.map { .init($0.name, points($0.rows, chosen.0)) })
  }
}
