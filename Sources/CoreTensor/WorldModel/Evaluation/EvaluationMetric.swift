import CoreTensor
import Metrics

/// What a metric is of. Equal keys mean the same in every run that is evaluated in the same way.
public struct MetricKey: Hashable, Sendable, CustomStringConvertible {
  /// The field's name of the metric: `"AUROC"`, `"recall@5"`.
  public let name: String
  /// The finding or class that it is taken over; nil for all of them together, and where there are none.
  public let className: String?
  /// What was measured, where an evaluation tries several things: `"linear probe"`, `"1% of labels"`.
  public let subject: String?

  /// - Parameters:
  ///   - name: the field's name of the metric, not empty.
  ///   - className: the finding or class; nil for all together.
  ///   - subject: which of several things was measured; nil where there is one.
  public init(_ name: String, of className: String? = nil, subject: String? = nil) {
    (self.name, self.className, self.subject) = (name, className, subject)
  }

  /// `"AUROC of effusion, linear probe"`
  public var description: String {
    name + (className.map { " of \($0)" } ?? "") + (subject.map { ", \($0)" } ?? "")
  }
}

/// A number that an evaluation gives.
public struct EvaluationMetric: Sendable, Equatable {
  /// How far the value may be trusted.
  public enum Uncertainty: Sendable, Equatable {
    /// A confidence interval.
    case interval(ClosedRange<Double>)
    /// The standard deviation over trials of other seeds or draws.
    case deviation(Double)
    /// Both: the standard deviation over trials, and the confidence interval of their mean over other test images.
    case spread(deviation: Double, interval: ClosedRange<Double>)
  }

  public let key: MetricKey
  public let value: Double
  /// What is counted or measured: `"images"`, `"mm"`; empty for a pure number. A whole number with a unit is shown
  /// without decimals.
  public let unit: String
  /// Nil where the evaluation gives none.
  public let uncertainty: Uncertainty?
  /// The metric of each resample of a bootstrap of the test images, where the evaluation made one: the host then gives
  /// the difference between encoders an interval too.
  public let resampled: Resampled?

  /// - Parameters:
  ///   - key: what it is of; unique within a result.
  ///   - value: finite.
  ///   - unit: empty for a pure number.
  ///   - uncertainty: nil for none.
  public init(_ key: MetricKey, _ value: Double, unit: String = "", uncertainty: Uncertainty? = nil) {
    (self.key, self.value, self.unit, self.uncertainty, resampled) = (key, value, unit, uncertainty, nil)
  }

  /// A metric with the interval of its bootstrap.
  /// - Parameters:
  ///   - key: what it is of; unique within a result.
  ///   - value: of all test images.
  ///   - unit: empty for a pure number.
  ///   - resampled: by a `Bootstrap` that depends on the input's test records and seed alone; nil for none.
  public init(_ key: MetricKey, _ value: Double, unit: String = "", resampled: Resampled?) {
    (self.key, self.value, self.unit, self.resampled) = (key, value, unit, resampled)
    uncertainty = resampled?.interval.map(Uncertainty.interval)
  }
}

/// Metrics laid out for people: a name before each row, a metric or nothing in each cell.
public struct MetricTable: Sendable, Equatable {
  public struct Column: Sendable, Equatable {
    public let title: String
    /// One for each row; nil leaves the cell empty.
    public let keys: [MetricKey?]
    /// Whether an evaluation of features is shown here for every encoder that it judged, and the difference between
    /// the trained and the random one. False for what no encoder changes, such as the number of images.
    public let comparesEncoders: Bool
    /// Whether values stand alone in the table, which their uncertainty would make too wide; it is in the metrics.
    public let isBrief: Bool

    /// - Parameters:
    ///   - title: the column's heading; where encoders are compared, theirs take its place.
    ///   - keys: one for each row.
    ///   - comparesEncoders: default false.
    ///   - isBrief: default false.
    public init(
      _ title: String, _ keys: [MetricKey?], comparesEncoders: Bool = false, isBrief: Bool = false
    ) {
      (self.title, self.keys) = (title, keys)
      (self.comparesEncoders, self.isBrief) = (comparesEncoders, isBrief)
    }
  }

  /// A line above the table; empty for none.
  public let title: String
  public let rows: [String]
  public let columns: [Column]

  /// - Precondition: each column has one key, or nil, for each row.
  public init(_ title: String, rows: [String], columns: [Column]) {
    for column in columns {
      require(
        column.keys.count == rows.count,
        "MetricTable \(title): column \(column.title) has \(column.keys.count) cells for \(rows.count) rows")
    }
    (self.title, self.rows, self.columns) = (title, rows, columns)
  }
}

/// Everything that an evaluation found.
public struct EvaluationResult: Sendable, Equatable {
  /// One or more, of different keys.
  public var metrics: [EvaluationMetric]
  /// The one that sums the result up: curves over checkpoints follow it, and tables of runs show it.
  public var summary: MetricKey
  /// What people are shown; the host lists all metrics where there is no table.
  public var tables: [MetricTable]
  /// Curves that the host draws, each to a file of its name.
  public var charts: [Chart]
  /// Pictures with words that the host draws, by the names of their files.
  public var sheets: [String: PictureSheet]
  /// Sentences below the tables: what was left out, and why.
  public var notes: [String]
  /// What each test radiograph was found to be: the host writes `predictions.csv` of it, pools folds, and compares runs
  /// radiograph by radiograph.
  public var predictions: [PredictionTable]

  /// - Parameters:
  ///   - metrics: one or more, of different keys.
  ///   - summary: the key of one of them; nil for the first.
  ///   - tables: default none, so that the host lists all metrics.
  ///   - charts: default none.
  ///   - sheets: default none.
  ///   - notes: default none.
  ///   - predictions: default none, so that neither folds can be pooled nor runs be paired.
  /// - Precondition: there is a metric, and one has the key `summary`.
  public init(
    _ metrics: [EvaluationMetric], summary: MetricKey? = nil, tables: [MetricTable] = [],
    charts: [Chart] = [], sheets: [String: PictureSheet] = [:], notes: [String] = [],
    predictions: [PredictionTable] = []
  ) {
    guard let chosen = summary ?? metrics.first?.key, metrics.contains(where: { $0.key == chosen }) else {
      fail("EvaluationResult: expected a metric \(summary.map { "\"\($0)\"" } ?? "or more"), found none")
    }
    (self.metrics, self.summary, self.tables) = (metrics, chosen, tables)
    (self.charts, self.sheets, self.notes, self.predictions) = (charts, sheets, notes, predictions)
  }

  /// Images that were tested, where the result says so image by image: those that could be used and are labelled.
  public var tested: Int? {
    predictions.isEmpty ? nil : Set(predictions.flatMap { $0.radiographs.map(\.identifier) }).count
  }

  /// The metric of a key; nil where there is none.
  public subscript(key: MetricKey) -> EvaluationMetric? { metrics.first { $0.key == key } }
}
