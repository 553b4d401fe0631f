import FineTuning
import SegmentationMetrics
import WorldModel

typealias SegmentTrial = FinishedTrial<SegmentationFigures, SegmentationAnswers>

/// The trials of one regime together, class by class.
struct SegmentSummary {
  let regime: Regime
  let classes: [String]
  let trials: [SegmentTrial]

  /// A figure, and what it is called.
  private struct Figure: Sendable {
    let name: String
    let title: String
    let unit: String
    let value: @Sendable (_ images: [SegmentationAnswers.Class]) -> Double?
  }

  private static func mean(_ values: [Double?]) -> Double? {
    let known = values.compactMap { $0 }
    return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
  }

  private static let figures = [
    Figure(name: "Dice", title: "Dice", unit: "") { MeanDice($0.map(\.overlap)).nnunet },
    Figure(name: "Dice of all images", title: "all images", unit: "") {
      MeanDice($0.map(\.overlap)).allImages
    },
    Figure(name: "Dice of predicting nothing", title: "nothing", unit: "") {
      SegmentationSummary($0.map(\.overlap)).predictingNothing.allImages
    },
    Figure(name: "Dice of positives", title: "positives", unit: "") { MeanDice($0.map(\.overlap)).positives },
    Figure(name: "false positives among empty images", title: "false alarms", unit: "") {
      SegmentationSummary($0.map(\.overlap)).falsePositiveShare
    },
    Figure(name: "HD95", title: "HD95, px", unit: "px") { mean($0.map(\.hausdorff)) },
    Figure(name: "surface Dice", title: "surface Dice", unit: "") { mean($0.map(\.surfaceDice)) },
  ]

  private func images(_ trial: SegmentTrial, _ number: Int) -> [SegmentationAnswers.Class] {
    trial.scores.images.map { $0.classes[number] }
  }

  private func spread(_ figure: Figure, _ number: Int) -> Spread? {
    Spread(trials.map { figure.value(images($0, number)) })
  }

  private func key(_ figure: Figure, _ name: String?) -> MetricKey {
    MetricKey(figure.name, of: name, subject: regime.name)
  }

  /// What sums it up: the mean over classes of Dice.
  var mean: EvaluationMetric? {
    let figure = Self.figures[0]
    let means = trials.map { trial in
      Self.mean(classes.indices.map { figure.value(images(trial, $0)) })
    }
    return Spread(means)?.metric(key(figure, nil))
  }

  var metrics: [EvaluationMetric] {
    [mean].compactMap { $0 }
      + classes.enumerated().flatMap { number, name in
        Self.figures.compactMap { spread($0, number)?.metric(key($0, name)) }
      }
  }

  var table: MetricTable {
    MetricTable(
      Regime.heading(regime.name, learnt: trials.map(\.result.trainRadiographs))
        + ", \(trials.first?.radiographs.count ?? 0) to test on",
      rows: classes,
      columns: Self.figures.map { figure in
        .init(
          figure.title,
          classes.enumerated().map { number, name in spread(figure, number).map { _ in key(figure, name) } })
      })
  }
}
