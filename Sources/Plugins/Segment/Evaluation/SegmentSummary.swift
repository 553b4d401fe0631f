import FineTuning
import Metrics
import SegmentationMetrics
import WorldModel

typealias SegmentTrial = FinishedTrial<SegmentationFigures, SegmentationAnswers>

/// The trials of one regime together, class by class.
struct SegmentSummary {
  let regime: Regime
  let classes: [String]
  /// Of distances between outlines.
  let unit: DistanceUnit
  let trials: [SegmentTrial]
  /// Whose each radiograph is, by its number; what is of one patient is drawn together.
  let patient: (Int) -> String
  /// Of the bootstrap.
  let seed: UInt64

  /// A figure, which is the mean of what it is of the images that have it.
  private struct Figure: Sendable {
    let name: String
    let title: String
    var isDistance = false
    /// Whether its uncertainty is left out of the table.
    var isBrief = true
    let value: @Sendable (_ image: SegmentationAnswers.Class) -> Double?
  }

  private static let figures = [
    Figure(name: "Dice", title: "Dice", isBrief: false) { $0.overlap.dice(.nnunet) },
    Figure(name: "Dice of all images", title: "all images") { $0.overlap.dice(.one) },
    Figure(name: "Dice of predicting nothing", title: "nothing") { $0.overlap.predictingNothing.dice(.one) },
    Figure(name: "Dice of positives", title: "positives") { $0.overlap.dice(.monai) },
    Figure(name: "false positives among empty images", title: "false alarms") {
      $0.overlap.isFalseAlarm.map { $0 ? 1 : 0 }
    },
    Figure(name: "HD95", title: "HD95", isDistance: true) { $0.hausdorff },
    Figure(name: "surface Dice", title: "surface Dice") { $0.surfaceDice },
  ]

  /// A figure of some classes, the mean over trials of the mean over classes.
  private struct TrialMean: Metric {
    /// By trial and class, of each image.
    let values: [[[Double?]]]
    var count: Int { values.first?.first?.count ?? 0 }

    func eachTrial(_ weights: [Int32]) -> [Double?] {
      values.map { classes in
        let known = classes.compactMap { MeanMeasure($0).value(weights: weights) }
        return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
      }
    }

    func value(weights: [Int32]) -> Double? { Spread(eachTrial(weights))?.mean }
  }

  private func mean(_ figure: Figure, _ numbers: [Int]) -> TrialMean {
    TrialMean(
      values: trials.map { trial in
        numbers.map { number in trial.scores.images.map { figure.value($0.classes[number]) } }
      })
  }

  private func key(_ figure: Figure, _ name: String?) -> MetricKey {
    MetricKey(
      figure.isDistance ? "\(figure.name), \(unit.rawValue)" : figure.name, of: name, subject: regime.name)
  }

  /// What sums it up: the mean over classes of Dice.
  var summary: MetricKey { key(Self.figures[0], nil) }

  /// Each with its standard deviation over trials, and its interval over patients where all trials tested the same.
  var metrics: [EvaluationMetric] {
    var wanted: [(figure: Figure, name: String?, classes: [Int])] = [
      (Self.figures[0], nil, Array(classes.indices))
    ]
    for (number, name) in classes.enumerated() {
      wanted += Self.figures.map { (figure: $0, name: name, classes: [number]) }
    }
    let means = wanted.map { mean($0.figure, $0.classes) }
    let radiographs = trials.first?.radiographs ?? []
    let areTheSame = trials.allSatisfy { $0.radiographs == radiographs }
    let resampled =
      areTheSame ? Bootstrap(groups: radiographs.map(patient), seed: seed).resampled(means) : nil
    return wanted.indices.compactMap { place in
      let whole = [Int32](repeating: 1, count: means[place].count)
      return Spread(means[place].eachTrial(whole))?
        .metric(key(wanted[place].figure, wanted[place].name), interval: resampled?[place].interval)
    }
  }

  func table(_ metrics: [EvaluationMetric]) -> MetricTable {
    let known = Set(metrics.map(\.key))
    return MetricTable(
      Regime.heading(regime.name, learnt: trials.map(\.result.trainRadiographs))
        + ", \(trials.first?.radiographs.count ?? 0) to test on",
      rows: classes,
      columns: Self.figures.map { figure in
        .init(
          figure.title + (figure.isDistance ? ", \(unit.rawValue)" : ""),
          classes.map { name in known.contains(key(figure, name)) ? key(figure, name) : nil },
          isBrief: figure.isBrief)
      })
  }
}
