/// A figure for each of several classes, and their mean over those where it is defined.
public struct MultiLabelSummary: Sendable, Equatable {
  public struct Class: Sendable, Equatable {
    public let name: String
    /// Nil where it is undefined: no positive, or no negative.
    public let value: Double?
    /// Radiographs of which the class is known, and the positives among them.
    public let radiographs: Int
    public let positives: Int
  }

  public let classes: [Class]

  /// - Parameters:
  ///   - metric: `AreaUnderCurve.init` or `AveragePrecision.init`.
  ///   - names: of the classes.
  ///   - scores: a column for each class.
  ///   - labels: a column for each class; nil for a radiograph of which it is not known.
  /// - Throws: `MetricError`.
  public init(
    _ metric: ([Double], [Bool?]) throws -> any Metric, names: [String], scores: [[Double]], labels: [[Bool?]]
  ) throws {
    try MetricError.checkLength("columns of scores", expected: names.count, found: scores.count)
    try MetricError.checkLength("columns of labels", expected: names.count, found: labels.count)
    classes = try names.indices.map { index in
      Class(
        name: names[index], value: try metric(scores[index], labels[index]).value,
        radiographs: labels[index].count { $0 != nil }, positives: labels[index].count { $0 == true })
    }
  }

  /// Over classes where it is defined (scikit-learn's `average="macro"` on those); nil where it is nowhere.
  public var mean: Double? {
    let defined = classes.compactMap(\.value)
    return defined.isEmpty ? nil : defined.reduce(0, +) / Double(defined.count)
  }

  /// Names of classes that are left out of the mean.
  public var undefined: [String] { classes.filter { $0.value == nil }.map(\.name) }
}
