import CoreTensor
import Imaging
import Imagining
import Metrics
import Imagining
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "imagine", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(ImagineEvaluation.definition)
  }
}

/// What a model predicts of radiographs that it never saw: contexts, targets and what is told are drawn by the run's
/// own tasks, as in training.
///
/// Two questions are asked of the predicted target features. How much of their variance over radiographs at a place is
/// explained (1 is all; 0 is what the mean at that place explains, which needs no context)? And is the radiograph
/// itself the nearest of a group, by its target features at the same places?
struct ImagineEvaluation: ModelEvaluation {
  static let definition = EvaluationDefinition(
    name: "imagine",
    summary: "Test what a run predicts of unseen radiographs' targets, beside the untrained model",
    options: [
      OptionDeclaration(
        "images", .integer(default: 384, in: 2...100_000),
        help: "radiographs, spread over the test radiographs"),
      OptionDeclaration(
        "candidates", .integer(default: 64, in: 2...1024),
        help: "radiographs of a group, among which the predicted one must be found"),
      OptionDeclaration(
        "pictures", .integer(default: 4, in: 0...64),
        help: "radiographs whose predictions are drawn, by the nearest patches of the group's others"),
      OptionDeclaration(
        "resamples", .integer(default: 1000, in: 0...100_000),
        help: "resamples of the bootstrap over test patients; 0 gives no intervals"),
    ],
    trial: [
      "images": .integer(8), "candidates": .integer(4), "pictures": .integer(1), "resamples": .integer(20),
    ],
    command: EvaluationCommand(examples: [
      EvaluationExample("imagine runs/first", "on radiographs that the run set apart"),
      EvaluationExample(
        "imagine runs/first --data radiographs/index.csv --out runs/first/imagine-radiographs",
        "on other radiographs' test split"),
    ]),
    makeForModel: {
      ImagineEvaluation(
        images: $0.integer("images"), candidates: $0.integer("candidates"), pictures: $0.integer("pictures"),
        resamples: $0.integer("resamples"))
    }
  ).explaining { _ in ImaginedRadiograph() }

  /// Places among the nearest that count.
  static let places = [1, 5]

  let images: Int
  let candidates: Int
  let pictures: Int
  let resamples: Int

  func callAsFunction(_ input: ModelEvaluationInput) throws -> EvaluationResult {
    guard input.model.targetEncoder != nil else {
      throw ImagineError(
        "expected a model with a target encoder, whose features are predicted; this run has none "
          + "(model.target_encoder = \"absent\")")
    }
    let size = min(candidates, input.test.count)
    guard size > 1 else {
      throw ImagineError(
        "expected two test radiographs or more, found \(input.test.count); raise data.holdout_fraction")
    }
    let count = max(1, min(images, input.test.count) / size) * size
    let chosen = input.test.equallySpaced(count)
    try input.workspace.note(
      "\(count) of \(input.test.count) test radiographs, in groups of \(size)")
    var found = PredictionFindings(size: size)
    let untrained = input.makeUntrained()
    var sheet: PictureSheet?
    try PackedWeights.keeping {
      try withoutGradients {
        for start in stride(from: 0, to: count, by: size) {
          guard let group = try PredictionGroup(input, chosen[start..<start + size], number: start / size)
          else {
            continue
          }
          let (own, other) = (
            try PredictedFeatures(input.model, group), try PredictedFeatures(untrained, group)
          )
          found.add(group, trained: own, untrained: other)
          if sheet == nil, pictures > 0 {
            sheet = PredictionSheet(group, trained: own, untrained: other).sheet(rows: pictures)
          }
          input.workspace.progress(
            "image", start + size, of: count, radiographs: start + size, loss: nil)
          if input.workspace.isStopRequested && start + size < count { throw EvaluationStopped() }
        }
      }
    }
    return try found.result(
      resamples: resamples, seed: input.seed, sheets: sheet.map { ["imagined": $0] } ?? [:])
  }
}
