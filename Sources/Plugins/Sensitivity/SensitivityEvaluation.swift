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
/// A film is made into n candidates y of different appearance. Each is changed once more by the run's own task,
/// x = T_a(y), and from x the predictor predicts y. All n candidates are ranked by how near they come to the prediction.
struct SensitivityEvaluation: ModelEvaluation {
  static let definition = EvaluationDefinition(
    name: "sensitivity",
    summary: "how often the predictor, told how an appearance was changed, finds the film as it was before",
    options: [
      OptionDeclaration(
        "films", .integer(default: 50, in: 1...100_000), help: "films, spread over the test films"),
      OptionDeclaration("candidates", .integer(default: 64, in: 2...1024), help: "appearances of each film"),
      OptionDeclaration(
        "spread", .choice(default: "sequence", of: CandidateSpread.allCases.map(\.rawValue)),
        help:
          "sequence: a Halton sequence over all four ranges, shifted at random for each film; grid: a cube over "
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
      OptionDeclaration("task", .text(default: "domain"), help: "the run's task that changes appearances"),
      OptionDeclaration(
        "neutral", .numbers(default: [1, 1, 1, 0], in: -1000...1000),
        help: "what the task tells of a context that it did not change; zeros follow"),
      OptionDeclaration(
        "draws", .integer(default: 8, in: 0...256),
        help: "draws of a, over which predictions are averaged where it is left open; 0: no such figure"),
      OptionDeclaration(
        "pictures", .integer(default: 3, in: 0...100_000), help: "films of which a row is drawn"),
      OptionDeclaration(
        "seed", .integer(default: 0, in: 0...Int(Int32.max)),
        help: "of candidates, draws and resamples, beside the run's"),
    ],
    trial: ["films": .integer(3), "candidates": .integer(12), "draws": .integer(2), "pictures": .integer(1)],
    makeForModel: { SensitivityEvaluation(try SensitivitySettings($0)) })

  /// Places among the nearest that count.
  static let places = [1, 3, 5]

  let settings: SensitivitySettings

  init(_ settings: SensitivitySettings) { self.settings = settings }

  func callAsFunction(_ scene: ModelScene) throws -> [EvaluationFigure] {
    let test = try SensitivityTest(settings, scene)
    var work = try SensitivityWork(scene.workspace, candidates: settings.candidates, test.predictions)
    let films = Self.spread(settings.films, over: scene.test)
    try scene.workspace.note(
      "\(films.count) of \(scene.test.count) test films, \(settings.candidates) candidates each")
    try PackedWeights.keeping {
      try withoutGradients {
        for position in work.seen..<max(films.count, work.seen) {
          if let film = try test.film(
            films[position], position: position, isDrawn: position < settings.pictures)
          {
            work.films.append(film)
          }
          work.seen = position + 1
          try work.save(scene.workspace)
          scene.workspace.progress("film", work.seen, of: films.count, films: work.seen, loss: nil)
          if scene.workspace.isStopRequested && work.seen < films.count { throw EvaluationStopped() }
        }
      }
    }
    guard !work.films.isEmpty else {
      throw SensitivityError("no test film could be decoded, of \(films.count) tried; see the warnings above")
    }
    if !work.films.contains(where: { $0.facts.changed.contains(true) }) {
      try scene.workspace.warn(
        "the task \"\(test.task.name)\" changed no context: each shows its target, and nothing need be predicted"
      )
    }
    try scene.workspace.write(work.table, named: "ranks.csv")
    return try figures(work, seed: test.seed)
  }

  /// `count` of `films`, at equal distances; all of them where there are no more.
  static func spread(_ count: Int, over films: [Int]) -> [Int] {
    let count = min(count, films.count)
    return (0..<count).map { films[$0 * films.count / count] }
  }

  private func figures(_ work: SensitivityWork, seed: UInt64) throws -> [EvaluationFigure] {
    let lists = work.films.flatMap { film in
      Array(repeating: film.facts.patient, count: settings.candidates)
    }
    // Candidates of one film, and films of one patient, are no independent cases.
    let bootstrap = Bootstrap(groups: lists, seed: seed)
    var figures: [EvaluationFigure] = []
    var drawn: [Prediction: (value: Double, resampled: Resampled)] = [:]
    for (index, prediction) in work.predictions.enumerated() {
      let distances = work.films.flatMap { $0.lists(index) }
      let truth = work.films.flatMap { _ in 0..<settings.candidates }
      let metrics = try Self.places.map { try RecallAtK($0, distances: distances, truth: truth) }
      for (metric, resampled) in zip(metrics, bootstrap.resampled(metrics)) {
        let value = metric.value ?? 0
        figures.append(
          EvaluationFigure("recall@\(metric.k) \(prediction.label)", value, interval: resampled.interval))
        drawn[prediction] = (value, resampled)
      }
    }
    for k in Self.places {
      figures.append(
        EvaluationFigure("chance recall@\(k)", RecallAtK.chance(k, candidates: settings.candidates)))
    }
    if let told = drawn[.told], let untold = drawn[.untold] {
      figures.append(ratio(told, untold, lists: lists.count))
    }
    return figures + work.errors
  }

  /// Of recall at the last of `places`. A recall of 0 counts as one list, so that the ratio is finite.
  private func ratio(
    _ told: (value: Double, resampled: Resampled), _ untold: (value: Double, resampled: Resampled), lists: Int
  ) -> EvaluationFigure {
    func ratio(_ told: Double, _ untold: Double) -> Double { told / max(untold, 1 / Double(lists)) }
    let values = zip(told.resampled.values, untold.resampled.values).map { told, untold in
      told.flatMap { told in untold.map { ratio(told, $0) } }
    }
    return EvaluationFigure(
      "ratio recall@\(Self.places.last!)", ratio(told.value, untold.value),
      interval: Resampled(values: values, confidence: told.resampled.confidence).interval)
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
