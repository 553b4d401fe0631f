import FineTuning
import Metrics
import WorldModel

/// The trials of one regime together.
struct RegimeSummary: Codable {
  struct Class: Codable {
    let name: String
    let auroc: Spread
    let auprc: Spread
    let positives: Int
    let radiographs: Int
  }
  let name: String
  let trials: Int
  /// Radiographs learnt from, of each trial.
  let trainRadiographs: [Int]
  let auroc: Spread?
  let auprc: Spread?
  let accuracy: Spread?
  let classes: [Class]
  /// Classes without a positive or without a negative test radiograph.
  let undefined: [String]

  init(_ name: String, _ results: [TrialResult<SplitMetrics>], _ names: [String]) {
    self.name = name
    trials = results.count
    trainRadiographs = results.map(\.trainRadiographs)
    auroc = Spread(results.map(\.test.meanAuroc))
    auprc = Spread(results.map(\.test.meanAuprc))
    accuracy = Spread(results.map(\.test.accuracy))
    let all = names.indices.map { number in results.map { $0.test.classes[number] } }
    classes = all.compactMap { own in
      guard let auroc = Spread(own.map(\.auroc)), let auprc = Spread(own.map(\.auprc)) else { return nil }
      return Class(
        name: own[0].name, auroc: auroc, auprc: auprc, positives: own[0].positives,
        radiographs: own[0].radiographs)
    }
    let defined = Set(classes.map(\.name))
    undefined = names.filter { !defined.contains($0) }
  }

  /// - Parameter className: nil for the mean over classes.
  private func key(_ metric: String, _ className: String? = nil) -> MetricKey {
    MetricKey(metric, of: className, subject: name)
  }

  /// Of all classes together, and of each.
  var metrics: [EvaluationMetric] {
    let means = [("accuracy", accuracy), ("AUROC", auroc), ("AUPRC", auprc)]
    return means.compactMap { own in own.1?.metric(key(own.0)) }
      + classes.flatMap { own in
        [
          own.auroc.metric(key("AUROC", own.name)), own.auprc.metric(key("AUPRC", own.name)),
          EvaluationMetric(key("test positives", own.name), Double(own.positives), unit: "images"),
          EvaluationMetric(key("test images", own.name), Double(own.radiographs), unit: "images"),
        ]
      }
  }

  var table: MetricTable {
    let names = classes.map(\.name)
    let hasMeans = auroc != nil && auprc != nil
    func keys(_ metric: String, mean: Bool) -> [MetricKey?] {
      names.map { key(metric, $0) } + (hasMeans ? [mean ? key(metric) : nil] : [])
    }
    let accuracies: [MetricKey?] = accuracy == nil ? [] : [key("accuracy")]
    let gap: [MetricKey?] = accuracy == nil ? [] : [nil]
    return MetricTable(
      Regime.heading(name, learnt: trainRadiographs),
      rows: names + (hasMeans ? ["mean"] : []) + (accuracy == nil ? [] : ["accuracy"]),
      columns: [
        .init("AUROC", keys("AUROC", mean: true) + accuracies),
        .init("AUPRC", keys("AUPRC", mean: true) + gap),
        .init("positives", keys("test positives", mean: false) + gap),
        .init("test images", keys("test images", mean: false) + gap),
      ])
  }
}

/// `classification.json`.
struct ClassificationDocument: Codable {
  let from: String
  let loss: String
  let regimes: [RegimeSummary]
  let trials: [TrialResult<SplitMetrics>]
}
