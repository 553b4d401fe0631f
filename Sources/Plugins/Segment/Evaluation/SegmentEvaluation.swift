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
    let shape = try settings.training.encoderShape(input.model.shape.encoder)
    if let problem = SegmentationNetwork.problem(settings.decoder, shape) {
      throw FineTuneError(problem)
    }
    let leftOut = LeftOutRadiographs(input.workspace)
    let labels = try MaskLabels(input, classes: settings.classes, leftOut)
    guard !labels.labelled(input.test).isEmpty else {
      throw FineTuneError(
        "\(input.radiographs.summary): none of the \(input.test.count) radiographs to test on has masks of "
          + labels.classes.joined(separator: ", ")
          + "; name others with --masks, or see evaluation.test_splits and data.holdout_fraction")
    }
    let plans = try RadiographDraw(labels: labels, settings: settings.training, input: input).plans()
    let views = MaskViews(
      source: input.radiographs, labels: labels, side: shape.imageSize, views: settings.views,
      leftOut: leftOut)
    let tested = labels.labelled(input.test)
    let (unit, remark) = DistanceUnit.of(
      labels.labelled(input.train + input.validation + input.test), input.radiographs)
    let task = SegmentationTask(labels: labels, views: views, settings: settings, unit: unit)
    let results = try Trials(input, settings.training, plans).run(
      task, tested: tested,
      begin: {
        try introduce(input, labels, plans)
        if let remark { try input.workspace.warn(remark) }
      })
    return try result(input, task, plans, results)
  }

  private func introduce(_ input: ModelEvaluationInput, _ labels: MaskLabels, _ plans: [TrialPlan]) throws {
    let workspace = input.workspace
    try workspace.note(
      "training masks \(plans.count) times for \(labels.classes.joined(separator: ", ")), from "
        + settings.training.origin.words(of: input.model)
        + (settings.isFrozen ? ", which stays as it is" : ""))
    if labels.unlabelled > 0 {
      try workspace.note(
        labels.unlabelled == 1
          ? "1 radiograph has no masks of these and is left out"
          : "\(labels.unlabelled) radiographs have no masks of these and are left out")
    }
    let sided = labels.classes.filter {
      $0.lowercased().contains("left") || $0.lowercased().contains("right")
    }
    if !sided.isEmpty, settings.views.mirrorProbability > 0 {
      try workspace.warn(
        "\(sided.joined(separator: ", ")): masks of one side are learnt from mirrored images; give --mirror-probability 0"
      )
    }
    let absent = Set(plans.flatMap { labels.classesWithoutPositives($0.split.validation) })
    if !plans[0].split.validation.isEmpty, !absent.isEmpty {
      try workspace.warn(
        "\(absent.sorted().joined(separator: ", ")): in a trial or more no image for validation has it, so that its epoch "
          + "is chosen by other classes, or by probabilities alone")
    }
    try settings.training.tellOfValidation(
      plans[0].split.validation.count, isNamed: !labels.labelled(input.validation).isEmpty, workspace)
  }

  private func result(
    _ input: ModelEvaluationInput, _ task: SegmentationTask, _ plans: [TrialPlan],
    _ results: [String: SegmentTrial]
  ) throws -> EvaluationResult {
    let labels = task.labels
    let records = input.radiographs.records
    let summaries = settings.training.regimes.map { regime in
      SegmentSummary(
        regime: regime, classes: labels.classes, unit: task.unit,
        trials: plans.filter { $0.regime == regime }.compactMap { results[$0.name] },
        patient: { records[$0].patientKey }, seed: input.seed)
    }
    let metrics = summaries.map(\.metrics)
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
      metrics.flatMap(\.self),
      summary: summaries.last.map(\.summary).flatMap { last in
        metrics.joined().contains { $0.key == last } ? last : nil
      },
      tables: zip(summaries, metrics).map { $0.table($1) },
      sheets: try examples(input, labels, plans, results),
      notes: [
        "trained from \(settings.training.origin.words(of: input.model))"
          + (settings.isFrozen ? ", which stayed as it was" : ""),
        "Dice: by nnU-Net's rule, images without truth and prediction do not count, a false alarm counts 0; all images: "
          + "nothing found where nothing is counts 1; nothing: what predicting nothing would have there; positives: images "
          + "with truth alone; false alarms: share of images without truth in which something was found",
        "HD95 and surface Dice (tolerance \(settings.tolerance) \(task.unit.rawValue)): over images in which truth or "
          + "prediction has an outline; where only one has, HD95 is the image's diagonal and surface Dice 0; in "
          + task.unit.words,
        "±: standard deviation over trials; in brackets the 95 % bootstrap interval of their mean, over test patients; "
          + "metrics.json has both of every figure",
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
