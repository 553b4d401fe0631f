import WorldModel

/// What the trials of all folds say of all images: the tables of one trial in each fold become one.
struct FoldPooling {
  /// In the order of the first fold's.
  private(set) var tables: [PredictionTable] = []
  /// What was left out, and why.
  private(set) var notes: [String] = []

  private struct Trial: Hashable {
    let subject: String?
    let trial: String?
    var words: String { [subject, trial].compactMap { $0 }.joined(separator: ", ") }
    init(_ table: PredictionTable) { (subject, trial) = (table.subject, table.trial) }
  }

  /// - Parameter folds: the predictions of each fold.
  /// - Throws: `EvaluationError` where an image is tested in two folds, or nothing can be pooled.
  init(_ folds: [[PredictionTable]]) throws {
    let byTrial = folds.map { Dictionary($0.map { (Trial($0), $0) }) { first, _ in first } }
    for first in folds.first ?? [] {
      let trial = Trial(first)
      let own = byTrial.map { $0[trial] }
      guard own.allSatisfy({ $0 != nil }) else {
        notes.append("\(trial.words): not pooled, since a fold has none")
        continue
      }
      if let pooled = try pooled(own.map { $0! }, trial.words) { tables.append(pooled) }
    }
    if tables.isEmpty {
      throw EvaluationError(
        "no class was tested in all folds, so that there is nothing to pool; take fewer folds, or findings with more "
          + "cases (--label)")
    }
  }

  private mutating func pooled(_ folds: [PredictionTable], _ trial: String) throws -> PredictionTable? {
    var seen: Set<PredictionTable.Radiograph> = []
    for radiograph in folds.flatMap(\.radiographs) where !seen.insert(radiograph).inserted {
      throw EvaluationError(
        "\(radiograph.identifier): expected in one fold's predictions, found in two; the evaluation tests other images "
          + "than it was given")
    }
    let columns = folds[0].columns.compactMap { column -> PredictionTable.Column? in
      let own = folds.map { $0.columns.first { $0.name == column.name } }
      guard own.allSatisfy({ $0 != nil }) else {
        notes.append(
          "\(column.name)\(trial.isEmpty ? "" : ", \(trial)"): not pooled, since a fold could not learn or test it"
        )
        return nil
      }
      return own.dropFirst().reduce(column) { $0.appending($1!) }
    }
    // Classes that the first fold lacks are told of too.
    let names = Set(folds[0].columns.map(\.name))
    for name in Set(folds.flatMap { $0.columns.map(\.name) }).subtracting(names).sorted() {
      notes.append(
        "\(name)\(trial.isEmpty ? "" : ", \(trial)"): not pooled, since a fold could not learn or test it")
    }
    guard !columns.isEmpty else { return nil }
    return PredictionTable(
      subject: folds[0].subject, trial: folds[0].trial, radiographs: folds.flatMap(\.radiographs),
      columns: columns)
  }
}

extension PredictionTable.Column {
  /// The class, or the metric that is averaged.
  var name: String {
    switch self {
    case .scores(let name, _, _), .measure(let name, _): name
    }
  }

  /// The rows of another after these.
  fileprivate func appending(_ other: Self) -> Self {
    switch (self, other) {
    case (.scores(let name, let truth, let scores), .scores(_, let moreTruth, let moreScores)):
      .scores(of: name, truth: truth + moreTruth, scores: scores + moreScores)
    case (.measure(let name, let values), .measure(_, let more)): .measure(name, values: values + more)
    default: self
    }
  }
}
