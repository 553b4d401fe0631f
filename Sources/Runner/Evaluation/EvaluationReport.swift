import Foundation
import Metrics
import WorldModel

/// What an evaluation found, for people and for scripts.
struct EvaluationReport: Codable {
  /// One figure, of each subject that was judged.
  struct Row: Codable {
    struct Value: Codable {
      let value: Double
      /// Ends of the interval, where the evaluation gives one.
      let low: Double?
      let high: Double?

      init(_ figure: EvaluationFigure) {
        value = figure.value
        (low, high) = (figure.interval?.lowerBound, figure.interval?.upperBound)
      }

      /// How much one subject is above another, with the interval of their differences in each resample of the same
      /// test films; nil where the evaluation resampled none.
      static func difference(_ figure: EvaluationFigure, _ other: EvaluationFigure) -> Value? {
        guard let own = figure.resampled, let others = other.resampled,
          own.values.count == others.values.count, own.confidence == others.confidence
        else { return nil }
        return Value(
          EvaluationFigure(figure.name, figure.value - other.value, resampled: own - others))
      }

      var text: String {
        let number = String(format: "%.4f", value)
        guard let low, let high else { return number }
        return number + String(format: " [%.3f, %.3f]", low, high)
      }
    }
    let name: String
    let trained: Value
    /// The same model at random, and plain pixels in place of features; none where the whole model was judged.
    var random: Value?
    var pixels: Value?
    /// Trained less random, where the evaluation resampled its test films.
    var difference: Value?
  }

  let run: String
  let evaluation: String
  let step: Int
  let films: String
  let trainFilms: Int
  let validationFilms: Int
  let testFilms: Int
  /// The folder with what else it left; nil where it leaves nothing.
  var out: String?
  let figures: [Row]

  var heading: String {
    "\(evaluation) of \(run) at step \(step); \(films): \(trainFilms) films to learn from, "
      + (validationFilms > 0 ? "\(validationFilms) to choose by, " : "") + "\(testFilms) to test on"
  }

  func text(for terminal: Terminal) -> String {
    let isCompared = figures.contains { $0.random != nil }
    let hasDifferences = figures.contains { $0.difference != nil }
    var table = TextTable(
      columns: [.init("figure"), .init(isCompared ? "trained" : "value", .right)]
        + (isCompared ? [.init("random encoder", .right), .init("plain pixels", .right)] : [])
        + (hasDifferences ? [.init("trained − random", .right)] : []))
    for row in figures {
      table.add(
        [row.name, row.trained.text] + (isCompared ? [row.random?.text ?? "", row.pixels?.text ?? ""] : [])
          + (hasDifferences ? [row.difference?.text ?? ""] : []))
    }
    return heading + "\n\n" + table.text(for: terminal)
      + (out.map { "\n\(evaluation)'s folder: \($0)" } ?? "")
  }
}

struct EvaluationError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
