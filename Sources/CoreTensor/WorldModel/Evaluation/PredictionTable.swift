import CoreTensor

/// What one trial of an evaluation says of each test radiograph.
///
/// Metrics can be taken of it again: of other resamples of patients, of several folds together, and paired with what
/// another run says of the same radiographs.
public struct PredictionTable: Sendable, Equatable {
  /// Whose row it is.
  public struct Radiograph: Sendable, Hashable {
    /// Unique within its source.
    public let identifier: String
    /// `RadiographRecord.patientKey`: rows of one patient are drawn together in resamples.
    public let patientKey: String

    public init(identifier: String, patientKey: String) {
      (self.identifier, self.patientKey) = (identifier, patientKey)
    }

    public init(_ record: RadiographRecord) {
      self.init(identifier: record.identifier, patientKey: record.patientKey)
    }
  }

  /// A number for each radiograph.
  public enum Column: Sendable, Equatable {
    /// Finite scores of a class, higher for positives; its truth is nil for a radiograph of which it is not known.
    /// AUROC and AUPRC are taken of it.
    case scores(of: String, truth: [Bool?], scores: [Double])
    /// What is averaged over radiographs to the metric of this name: 1 for a hit and 0 for a miss, say. Nil for a
    /// radiograph that does not count.
    case measure(String, values: [Double?])

    /// Rows that it has.
    var count: Int {
      switch self {
      case .scores(_, let truth, let scores): truth.count == scores.count ? scores.count : -1
      case .measure(_, let values): values.count
      }
    }
  }

  /// What was measured: the subject of the metrics that are taken of it (`MetricKey.subject`).
  public let subject: String?
  /// Which of several trials of the subject: `"seed 3"`; nil where there is one.
  public let trial: String?
  public let radiographs: [Radiograph]
  public let columns: [Column]

  /// - Parameters:
  ///   - subject: of the metrics that are taken of it; default nil.
  ///   - trial: which of several of the subject; default nil.
  ///   - radiographs: the rows, each radiograph once.
  ///   - columns: one or more, of a value for each row.
  /// - Precondition: every column has as many rows as there are radiographs.
  public init(
    subject: String? = nil, trial: String? = nil, radiographs: [Radiograph], columns: [Column]
  ) {
    require(
      !columns.isEmpty && columns.allSatisfy { $0.count == radiographs.count },
      "PredictionTable: columns of \(columns.map(\.count)) rows for \(radiographs.count) radiographs")
    (self.subject, self.trial) = (subject, trial)
    (self.radiographs, self.columns) = (radiographs, columns)
  }
}
