import CoreTensor
import Imaging
import Metrics
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "sensitivity", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(SensitivityEvaluation.definition)
  }
}

/// The domain sensitivity test: does the predictor use what it is told of the context's appearance?
/// (paper section 5.1, equation 13; spec section 8)
///
/// A radiograph is made into n candidates y of different appearance. Each is changed once more by the run's own task, x
/// = T_a(y), and from x the predictor predicts y. All n candidates are ranked by how near they come to the prediction.
struct SensitivityEvaluation: ModelEvaluation {
  static let definition = EvaluationDefinition(
    name: "sensitivity",
    summary: "Test whether a run's predictor uses what it is told of a radiograph's appearance",
    options: [
      OptionDeclaration(
        "images", .integer(default: 50, in: 1...100_000),
        help: "radiographs, spread over the test radiographs"),
      OptionDeclaration(
        "candidates", .integer(default: 64, in: 2...1024), help: "appearances of each radiograph"),
      OptionDeclaration(
        "spread", .choice(default: "sequence", of: CandidateSpread.allCases.map(\.rawValue)),
        help:
          "sequence: a Halton sequence over all four ranges, shifted at random for each radiograph; grid: a cube over "
          + "brightness, contrast and gamma, without blur"),
      OptionDeclaration(
        "brightness", .interval(default: 0.6...1.4, in: 0...10), help: "of candidates, uniform"),
      OptionDeclaration(
        "contrast", .interval(default: 0.6...1.4, in: 0...10), help: "of candidates, uniform"),
      OptionDeclaration(
        "gamma", .interval(default: 0.5...2, in: 0.01...10), help: "of candidates, log-uniform"),
      OptionDeclaration(
        "blur", .interval(default: 0.05...2, in: 0...50),
        help: "of candidates: standard deviation in pixels at input size, uniform"),
      OptionDeclaration(
        "distance", .choice(default: "tokens", of: ["tokens", "pooled"]),
        help: "tokens: of all tokens of predictions and targets, as the paper has it; pooled: of their means"),
      OptionDeclaration(
        "hidden", .choice(default: "none", of: ["none", "tasks"]),
        help:
          "none: contexts show every patch, and all are predicted, as the paper has it; tasks: the run's tasks hide "
          + "patches as in training, and those are predicted"),
      OptionDeclaration("task", .text(default: "domain"), help: "the run's task that changes appearances"),
      OptionDeclaration(
        "neutral", .numbers(default: [1, 1, 1, 0], in: -1000...1000),
        help: "what the task tells of a context that it did not change; zeros follow"),
      OptionDeclaration(
        "draws", .integer(default: 8, in: 0...256),
        help: "draws of a, over which predictions are averaged where it is left open; 0: no such figure"),
      OptionDeclaration(
        "pictures", .integer(default: 3, in: 0...100_000), help: "radiographs of which a row is drawn"),
      OptionDeclaration(
        "seed", .integer(default: 0, in: 0...Int(Int32.max)),
        help: "of candidates, draws and resamples, beside the run's"),
    ],
    trial: [
      "images": .integer(3), "candidates": .integer(12), "draws": .integer(2), "pictures": .integer(1),
    ],
    command: EvaluationCommand(examples: [
      EvaluationExample("sensitivity runs/first", "on radiographs that the run set apart"),
      EvaluationExample(
        "sensitivity runs/first --data radiographs/index.csv --out runs/first/sensitivity-radiographs",
        "on other radiographs' test split"),
      EvaluationExample(
        "sensitivity runs/first --set domain.probability=1 --out changed",
        "every context changed, where training leaves some as they are"),
    ]),
    makeForModel: { SensitivityEvaluation(try SensitivitySettings($0)) })

  /// Places among the nearest that count.
  static let places = [1, 3, 5]

  let settings: SensitivitySettings

  init(_ settings: SensitivitySettings) { self.settings = settings }

  func callAsFunction(_ input: ModelEvaluationInput) throws -> EvaluationResult {
    let test = try SensitivityTest(settings, input)
    var work = try SensitivityWork(input.workspace, candidates: settings.candidates, test.predictions)
    let radiographs = input.test.equallySpaced(settings.radiographs)
    try input.workspace.note(
      "\(radiographs.count) of \(input.test.count) test radiographs, \(settings.candidates) candidates each")
    try PackedWeights.keeping {
      try withoutGradients {
        for position in work.seen..<max(radiographs.count, work.seen) {
          if let radiograph = try test.radiograph(
            radiographs[position], position: position, isDrawn: position < settings.pictures)
          {
            work.radiographs.append(radiograph)
          }
          work.seen = position + 1
          try work.save(input.workspace)
          input.workspace.progress(
            "image", work.seen, of: radiographs.count, radiographs: work.seen, loss: nil)
          if input.workspace.isStopRequested && work.seen < radiographs.count { throw EvaluationStopped() }
        }
      }
    }
    guard !work.radiographs.isEmpty else {
      throw SensitivityError(
        "no test radiograph could be decoded, of \(radiographs.count) tried; see the warnings above")
    }
    if !work.radiographs.contains(where: { $0.facts.changed.contains(true) }) {
      try input.workspace.warn(
        "the task \"\(test.task.name)\" changed no context: each shows its target, and nothing need be predicted"
      )
    }
    try input.workspace.write(work.table, named: "ranks.csv")
    return try result(work, seed: test.seed)
  }

  private func result(_ work: SensitivityWork, seed: UInt64) throws -> EvaluationResult {
    let lists = work.radiographs.flatMap { radiograph in
      Array(repeating: radiograph.facts.patient, count: settings.candidates)
    }
    // Candidates of one radiograph, and radiographs of one patient, are no independent cases.
    let bootstrap = Bootstrap(groups: lists, seed: seed)
    var metrics: [EvaluationMetric] = []
    var drawn: [Prediction: (value: Double, resampled: Resampled)] = [:]
    var predictions: [PredictionTable] = []
    for (index, prediction) in work.predictions.enumerated() {
      let distances = work.radiographs.flatMap { $0.lists(index) }
      let truth = work.radiographs.flatMap { _ in 0..<settings.candidates }
      let recalls = try Self.places.map { try RecallAtK($0, distances: distances, truth: truth) }
      predictions.append(table(work, prediction, recalls))
      for (recall, resampled) in zip(recalls, bootstrap.resampled(recalls)) {
        let value = recall.value ?? 0
        let interval = resampled.interval.map(EvaluationMetric.Uncertainty.interval)
        metrics.append(
          EvaluationMetric(Self.recall(recall.k, prediction.label), value, uncertainty: interval))
        drawn[prediction] = (value, resampled)
      }
    }
    for k in Self.places {
      metrics.append(
        EvaluationMetric(
          Self.recall(k, Self.chance), RecallAtK.chance(k, candidates: settings.candidates)))
    }
    let ratio = drawn[.told].flatMap { told in drawn[.untold].map { (told, $0) } }
      .map { self.ratio($0, $1, lists: lists.count) }
    metrics += [ratio].compactMap { $0 } + work.errors
    return EvaluationResult(
      metrics, summary: ratio?.key, tables: tables(work, hasRatio: ratio != nil),
      notes: ["ranked-*.png, ranks.csv: how the candidates of each radiograph were ranked"],
      predictions: predictions)
  }

  /// The recall of each radiograph: the mean over its candidates.
  private func table(
    _ work: SensitivityWork, _ prediction: Prediction, _ recalls: [RecallAtK]
  ) -> PredictionTable {
    let count = settings.candidates
    return PredictionTable(
      subject: prediction.label,
      radiographs: work.radiographs.map {
        .init(identifier: $0.facts.identifier, patientKey: $0.facts.patient)
      },
      columns: recalls.map { recall in
        .measure(
          "recall@\(recall.k)",
          values: work.radiographs.indices.map { radiograph in
            recall.hits[radiograph * count..<(radiograph + 1) * count].reduce(0, +) / Double(count)
          })
      })
  }

  private static let chance = "chance"
  private static let ratioKey = MetricKey("recall@\(places.last!), with a over without a")

  private static func recall(_ k: Int, _ subject: String) -> MetricKey {
    MetricKey("recall@\(k)", subject: subject)
  }

  /// A row for each k, a column for each way to predict.
  private func tables(_ work: SensitivityWork, hasRatio: Bool) -> [MetricTable] {
    let subjects = work.predictions.map(\.label)
    let columns = subjects.map { subject in
      MetricTable.Column(
        subject, Self.places.map { Self.recall($0, subject) } + [SensitivityWork.error(subject)])
    }
    let chance = MetricTable.Column(
      Self.chance, Self.places.map { Self.recall($0, Self.chance) } + [nil])
    return [
      MetricTable(
        "", rows: Self.places.map { "recall@\($0)" } + ["mean squared error"], columns: columns + [chance])
    ]
      + (hasRatio
        ? [MetricTable("", rows: [Self.ratioKey.name], columns: [.init("ratio", [Self.ratioKey])])] : [])
  }

  /// Of recall at the last of `places`. A recall of 0 counts as one list, so that the ratio is finite.
  private func ratio(
    _ told: (value: Double, resampled: Resampled), _ untold: (value: Double, resampled: Resampled), lists: Int
  ) -> EvaluationMetric {
    func ratio(_ told: Double, _ untold: Double) -> Double { told / max(untold, 1 / Double(lists)) }
    let values = zip(told.resampled.values, untold.resampled.values).map { told, untold in
      told.flatMap { told in untold.map { ratio(told, $0) } }
    }
    return EvaluationMetric(
      Self.ratioKey, ratio(told.value, untold.value),
      uncertainty: Resampled(values: values, confidence: told.resampled.confidence).interval
        .map(EvaluationMetric.Uncertainty.interval))
  }
}

/// What is compared with the candidates.
enum Prediction: String, CaseIterable {
  /// g(f(x); a)
  case told
  /// g(f(x); neutral), or of a model that is never told anything, g(f(x))
  case untold
  /// Mean of g(f(x); a') over draws a'
  case averaged
  /// f(x), layer-normed: no predictor at all
  case context

  var label: String {
    switch self {
    case .told: "with a"
    case .untold: "without a"
    case .averaged: "a averaged"
    case .context: "context features"
    }
  }
}

struct SensitivityError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = "sensitivity: " + description }
}
