/// How good a trial's model is, on some radiographs.
package protocol TrialFigures: Codable, Equatable, Sendable {
  /// How many were judged.
  var radiographs: Int { get }
  /// What the epoch is chosen by, in words: `"mean AUROC"`.
  var measure: String { get }
  /// Its value; nil where it is not defined.
  var choice: Double? { get }
  /// Whether it says anything: patience counts from then on. Default true.
  var hasLearnt: Bool { get }
  /// Whether it is better than an earlier epoch's, on the same radiographs.
  func isBetter(than other: Self) -> Bool
}

extension TrialFigures {
  package var hasLearnt: Bool { true }
}

/// How far a trial is; saved beside the weights.
package struct TrialProgress<Figures: TrialFigures>: Codable, Equatable {
  /// The best epoch so far.
  package struct Best: Codable, Equatable {
    package let epoch: Int
    package let metrics: Figures
  }
  package let trial: String
  /// Optimiser steps done.
  package var step = 0
  /// Of the epoch that is going on: sum of its steps' losses, and radiographs gone through.
  package var lossSum = 0.0
  package var radiographs = 0
  package var best: Best?
  /// Whether a trial that stops early has stopped.
  package var isFinished = false
}

/// What a trial came to.
package struct TrialResult<Figures: TrialFigures>: Codable, Equatable {
  package let trial: String
  package let trainRadiographs: Int
  package let validationRadiographs: Int
  /// Epochs gone through, and the one whose weights were tested, from 1.
  package let epochs: Int
  package let bestEpoch: Int
  /// On the validation radiographs at that epoch; nil where there are none.
  package let validation: Figures?
  package let test: Figures
}

/// A trial that has been tested.
package struct FinishedTrial<Figures: TrialFigures, Answers: Codable & Equatable>: Codable, Equatable {
  package let result: TrialResult<Figures>
  /// Test radiographs that could be used, and what the model says of each.
  package let radiographs: [Int]
  package let scores: Answers
}
