import CoreTensor
import Imaging
import Metrics
import Imagining
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "imagine-decoder", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(DecoderEvaluation.definition)
  }
}

/// What the predictor expects, in pixels: a small transformer learns to turn target features into the radiograph that they
/// are of, and is then given predicted features.
///
/// A decoder can only show what features hold, and it fills in what radiographs usually look like; so the truth is decoded
/// beside each prediction, and a prediction is measured against that.
struct DecoderEvaluation: ModelEvaluation {
  static let definition = EvaluationDefinition(
    name: "imagine-decoder",
    summary: "Decode what a run's predictor expects into pixels",
    options: DecoderSettings.options,
    trial: [
      "steps": .integer(3), "batch_size": .integer(2), "width": .integer(8), "depth": .integer(1),
      "heads": .integer(2), "images": .integer(6), "pictures": .integer(1), "resamples": .integer(20),
    ],
    command: EvaluationCommand(
      verb: "decoder",
      examples: [
        EvaluationExample(
          "imagine decoder runs/first", "on radiographs that the run set apart, half to learn from"),
        EvaluationExample(
          "imagine decoder runs/first --data radiographs/index.csv --learn-from train --out imagined",
          "learning from another table's training split, shown on its test split"),
      ]),
    makeForModel: { DecoderEvaluation(settings: try DecoderSettings($0)) })

  let settings: DecoderSettings
  /// Radiographs of a group: those whose mean a prediction must be better than.
  private static let groupSize = 32

  func callAsFunction(_ input: ModelEvaluationInput) throws -> EvaluationResult {
    guard input.model.targetEncoder != nil else {
      throw DecoderError(
        "expected a model with a target encoder, whose features are decoded; this run has none "
          + "(model.target_encoder = \"absent\")")
    }
    let split = try DecoderSplit(settings, input)
    try input.workspace.note(
      "\(split.train.count) radiographs to learn from, "
        + "\(min(settings.images, split.shown.count)) of \(split.shown.count) of other patients to be shown on"
    )
    let training = try DecoderTraining(settings, input, radiographs: split.train)
    try training.run()
    return try PackedWeights.keeping {
      try withoutGradients { try result(input, split.shown, training.decoder) }
    }
  }

  private func result(
    _ input: ModelEvaluationInput, _ radiographs: [Int], _ decoder: PatchDecoder
  ) throws -> EvaluationResult {
    let count = min(settings.images, radiographs.count)
    let chosen = radiographs.equallySpaced(count)
    var errors: [DecodedKind: [DecodedErrors]] = [:]
    var sheet: PictureSheet?
    for start in stride(from: 0, to: count, by: Self.groupSize) {
      // The last group takes a rest of one radiograph, which alone would be none.
      let end = count - start - Self.groupSize == 1 ? count : min(count, start + Self.groupSize)
      guard start < end, end - start > 1,
        let group = try PredictionGroup(input, chosen[start..<end], number: start / Self.groupSize)
      else { continue }
      let predictions = try DecodedGroup(input.model, decoder, group).predictions()
      for own in predictions {
        errors[own.kind, default: []] += DecodedErrors.all(own, group.geometry)
      }
      if sheet == nil, settings.pictures > 0 {
        sheet = DecodedSheet(predictions).sheet(rows: settings.pictures)
      }
      input.workspace.progress("image", end, of: count, radiographs: end, loss: nil)
    }
    guard !errors.isEmpty else {
      throw DecoderError(
        "of \(count) radiographs to be shown on fewer than two can be decoded; see the warnings above")
    }
    return summary(errors, input, sheet)
  }

  private static func key(_ name: String, _ kind: DecodedKind) -> MetricKey {
    MetricKey(name, of: kind.rawValue)
  }

  private func summary(
    _ errors: [DecodedKind: [DecodedErrors]], _ input: ModelEvaluationInput, _ sheet: PictureSheet?
  ) -> EvaluationResult {
    let kinds = DecodedKind.allCases.filter { !(errors[$0] ?? []).isEmpty }
    var metrics: [EvaluationMetric] = []
    for kind in kinds {
      let own = errors[kind]!
      let pairs = DecodedErrors.Pair.allCases.filter { $0 != .seenOfTruth || kind == .appearance }
      let figures =
        [(name: "explained", metric: DecodedMetric(kind: .explained, errors: own))]
        + pairs.map { (name: $0.rawValue, metric: DecodedMetric(kind: .root($0), errors: own)) }
      let resampled =
        settings.resamples > 0
        ? Bootstrap(
          groups: own.map(\.record.patientKey), resamples: settings.resamples,
          seed: input.seed &+ settings.seed
        ).resampled(figures.map(\.metric)) : nil
      metrics += figures.enumerated().map { index, figure in
        EvaluationMetric(
          Self.key(figure.name, kind), figure.metric.value ?? 0, resampled: resampled?[index])
      }
    }
    let rows = ["explained"] + DecodedErrors.Pair.allCases.map(\.rawValue)
    let known = Set(metrics.map(\.key))
    return EvaluationResult(
      metrics, summary: Self.key("explained", kinds[0]),
      tables: [
        MetricTable(
          "", rows: rows,
          columns: kinds.map { kind in
            .init(
              kind.rawValue,
              rows.map { Self.key($0, kind) }.map { known.contains($0) ? $0 : nil })
          })
      ],
      sheets: sheet.map { ["decoded": $0] } ?? [:],
      notes: [
        "explained: 1 - (squared error of the decoded prediction) / (that of the mean), both from the decoded truth, at the "
          + "predicted places",
        "errors: root of the mean squared difference of grey, from 0 black to 1 white; mean: of the other radiographs of the "
          + "group at that place",
      ])
  }
}
