import Metrics
import WorldModel

/// Mean and spread of a figure over trials.
struct Spread: Codable, Equatable {
  let mean: Double
  /// Standard deviation of a sample; nil of one trial.
  let deviation: Double?

  /// - Parameter values: one of each trial; nil where there is none.
  init?(_ values: [Double?]) {
    let known = values.compactMap { $0 }
    guard known.count == values.count, let mean = Judgement.mean(known) else { return nil }
    self.mean = mean
    let squares = known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    deviation = known.count > 1 ? (squares / Double(known.count - 1)).squareRoot() : nil
  }

  func figure(_ name: String) -> EvaluationFigure {
    EvaluationFigure(name, mean, interval: deviation.map { mean - $0...mean + $0 })
  }
}

/// The trials of one regime together.
struct RegimeSummary: Codable {
  struct Class: Codable {
    let name: String
    let auroc: Spread
    let auprc: Spread
    let positives: Int
    let films: Int
  }
  let name: String
  let trials: Int
  /// Films learnt from, of each trial.
  let trainFilms: [Int]
  let auroc: Spread?
  let auprc: Spread?
  let accuracy: Spread?
  let classes: [Class]
  /// Classes without a positive or without a negative test film.
  let undefined: [String]

  init(_ name: String, _ results: [TrialResult], _ names: [String]) {
    self.name = name
    trials = results.count
    trainFilms = results.map(\.trainFilms)
    auroc = Spread(results.map(\.test.meanAuroc))
    auprc = Spread(results.map(\.test.meanAuprc))
    accuracy = Spread(results.map(\.test.accuracy))
    let all = names.indices.map { number in results.map { $0.test.classes[number] } }
    classes = all.compactMap { own in
      guard let auroc = Spread(own.map(\.auroc)), let auprc = Spread(own.map(\.auprc)) else { return nil }
      return Class(
        name: own[0].name, auroc: auroc, auprc: auprc, positives: own[0].positives, films: own[0].films)
    }
    let defined = Set(classes.map(\.name))
    undefined = names.filter { !defined.contains($0) }
  }

  var figures: [EvaluationFigure] {
    let means = [("mean AUROC", auroc), ("mean AUPRC", auprc), ("accuracy", accuracy)]
    return means.compactMap { own in own.1?.figure("\(name): \(own.0)") }
      + classes.flatMap { own in
        [
          own.auroc.figure("\(name): AUROC of \(own.name)"),
          own.auprc.figure("\(name): AUPRC of \(own.name)"),
        ]
      }
  }
}

/// `classification.json`.
struct ClassificationDocument: Codable {
  let from: String
  let loss: String
  let regimes: [RegimeSummary]
  let trials: [TrialResult]
}
