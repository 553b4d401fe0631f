import CoreTensor
import FineTuning
import Foundation
import Imaging
import SegmentationMetrics
import WorldModel

/// Trains networks of a model's encoder and a decoder for masks, and tests each once.
struct SegmentEvaluation: ModelEvaluation {
  let settings: SegmentSettings

  func callAsFunction(_ input: ModelEvaluationInput) throws -> EvaluationResult {
    let shape = input.model.shape.encoder
    if let problem = SegmentationNetwork.problem(settings.decoder, patch: shape.patchSize) {
      throw FineTuneError(problem)
    }
    let labels = try MaskLabels(input, classes: settings.classes)
    guard !labels.labelled(input.test).isEmpty else {
      throw FineTuneError(
        "\(input.radiographs.summary): none of the \(input.test.count) radiographs to test on has masks of "
          + labels.classes.joined(separator: ", "))
    }
    let plans = try RadiographDraw(labels: labels, settings: settings.training, input: input).plans()
    let views = MaskViews(
      source: input.radiographs, classes: labels.classes, side: shape.imageSize, views: settings.views)
    let results = try Trials(input, settings.training, plans).run(
      SegmentationTask(labels: labels, views: views, settings: settings), tested: labels.labelled(input.test),
      begin: { try introduce(input, labels, plans) })
    return try result(input, labels, plans, results)
  }

  private func introduce(_ input: ModelEvaluationInput, _ labels: MaskLabels, _ plans: [TrialPlan]) throws {
    let workspace = input.workspace
    try workspace.note(
      "training masks \(plans.count) times for \(labels.classes.joined(separator: ", ")), from "
        + settings.training.originInWords + (settings.isFrozen ? ", which stays as it is" : ""))
    if labels.unlabelled > 0 {
      try workspace.note("\(labels.unlabelled) radiographs have no masks of these and are left out")
    }
    let sided = labels.classes.filter {
      $0.lowercased().contains("left") || $0.lowercased().contains("right")
    }
    if !sided.isEmpty, settings.views.mirrorProbability > 0 {
      try workspace.warn(
        "\(sided.joined(separator: ", ")): masks of one side are learnt from mirrored images; give --mirror-probability 0"
      )
    }
    try settings.training.tellOfValidation(
      plans[0].split.validation.count, isNamed: !labels.labelled(input.validation).isEmpty, workspace)
  }

  private func result(
    _ input: ModelEvaluationInput, _ labels: MaskLabels, _ plans: [TrialPlan],
    _ results: [String: SegmentTrial]
  ) throws -> EvaluationResult {
    let summaries = settings.training.regimes.map { regime in
      SegmentSummary(
        regime: regime, classes: labels.classes,
        trials: plans.filter { $0.regime == regime }.compactMap { results[$0.name] })
    }
    let records = input.radiographs.records
    let tables = plans.compactMap { plan in
      results[plan.name].map { trial in
        PredictionTable(
          subject: plan.regime.name, trial: plan.trial,
          radiographs: trial.radiographs.map { .init(records[$0]) },
          columns: labels.classes.enumerated().map { number, name in
            .measure(
              "Dice of \(name)",
              values: trial.scores.images.map { $0.classes[number].overlap.dice(.nnunet) })
          })
      }
    }
    return EvaluationResult(
      summaries.flatMap(\.metrics), summary: summaries.last?.mean?.key, tables: summaries.map(\.table),
      sheets: try examples(input, labels, plans, results),
      notes: [
        "trained from \(settings.training.originInWords)"
          + (settings.isFrozen ? ", which stayed as it was" : ""),
        "Dice: by nnU-Net's rule, images without truth and prediction do not count, a false alarm counts 0; all images: "
          + "nothing found where nothing is counts 1; nothing: what predicting nothing would have there; positives: images "
          + "with truth alone; false alarms: share of images without truth in which something was found",
        "HD95 and surface Dice (tolerance \(settings.tolerance) px): over images in which truth or prediction has an "
          + "outline; where only one has, HD95 is the image's diagonal and surface Dice 0",
      ], predictions: tables)
  }

  /// The images of the last trial that a physician would look at first.
  private func examples(
    _ input: ModelEvaluationInput, _ labels: MaskLabels, _ plans: [TrialPlan],
    _ results: [String: SegmentTrial]
  ) throws -> [String: PictureSheet] {
    guard let plan = plans.last, let trial = results[plan.name] else { return [:] }
    return ["masks": try sheet(input, labels, plan, trial)]
  }
}
