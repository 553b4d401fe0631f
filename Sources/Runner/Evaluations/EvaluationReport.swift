import Console
import Foundation
import Metrics
import Runs
import WorldModel

/// What an evaluation of a run found, for people and for scripts.
package struct EvaluationReport: Encodable {
  /// A number with what it may be taken for.
  package struct Value: Codable, Equatable {
    package let value: Double
    /// Ends of the interval, where the evaluation gives one.
    package var low: Double?
    package var high: Double?
    /// Standard deviation over trials, where the evaluation gives one.
    package var deviation: Double?

    package init(_ metric: EvaluationMetric) {
      value = metric.value
      switch metric.uncertainty {
      case .interval(let range): (low, high) = (range.lowerBound, range.upperBound)
      case .deviation(let deviation): self.deviation = deviation
      case .spread(let deviation, let range):
        (low, high, self.deviation) = (range.lowerBound, range.upperBound, deviation)
      case nil: break
      }
    }

    /// How much one encoder is above another, with the interval of their differences in each resample of the same
    /// test images; nil where the evaluation resampled none.
    package static func difference(_ metric: EvaluationMetric, _ other: EvaluationMetric) -> Value? {
      guard let own = metric.resampled, let others = other.resampled,
        own.values.count == others.values.count, own.confidence == others.confidence
      else { return nil }
      return Value(EvaluationMetric(metric.key, metric.value - other.value, resampled: own - others))
    }

    /// - Parameter unit: a whole number of something is written without decimals.
    package func number(unit: String) -> String {
      let isCount = !unit.isEmpty && value == value.rounded() && abs(value) < 1e15
      return String(format: isCount ? "%.0f" : "%.4f", value)
    }

    /// The number, and what it may be taken for.
    package func text(unit: String) -> String {
      let number = number(unit: unit)
      let interval = low.flatMap { low in high.map { String(format: " [%.3f, %.3f]", low, $0) } } ?? ""
      return number + (deviation.map { String(format: " ± %.4f", $0) } ?? "") + interval
    }
  }

  /// A metric, of each encoder that was evaluated.
  package struct Metric: Encodable {
    package enum CodingKeys: String, CodingKey {
      case name, className = "class", subject, unit, trained, random, pixels, difference
    }
    package let name: String
    package let className: String?
    package let subject: String?
    package let unit: String
    package let trained: Value
    /// The same encoder at random, and plain pixels in place of features; nil where the whole model was evaluated.
    package let random: Value?
    package let pixels: Value?
    /// Trained less random, where the evaluation resampled its test images.
    package let difference: Value?

    /// The metric of the trained encoder as the plugin gave it.
    let evaluated: EvaluationMetric
    package var key: MetricKey { MetricKey(name, of: className, subject: subject) }
    package var values: [Value?] { [trained, random, pixels, difference] }

    package init(
      _ trained: EvaluationMetric, random: EvaluationMetric? = nil, pixels: EvaluationMetric? = nil
    ) {
      (name, className, subject) = (trained.key.name, trained.key.className, trained.key.subject)
      (evaluated, unit, self.trained) = (trained, trained.unit, Value(trained))
      (self.random, self.pixels) = (random.map(Value.init), pixels.map(Value.init))
      difference = random.flatMap { Value.difference(trained, $0) }
    }
  }

  package enum CodingKeys: CodingKey {
    case run, evaluation, step, source, trainImages, validationImages, testImages, split, out, summary,
      metrics, notes
  }

  package let run: String
  package let evaluation: String
  package let step: Int
  /// Where the images are from.
  package let source: String
  let trainImages: Int
  let validationImages: Int
  let testImages: Int
  /// Which images these were: a checksum over their names and sides.
  package var split: SplitRecord?
  /// The folder with what else it left; nil where it leaves nothing.
  package var out: String?
  /// The metric that sums the result up, by its key in words.
  package let summary: String
  package let metrics: [Metric]
  package let notes: [String]
  package let tables: [MetricTable]

  /// The metric whose key in words is `text`; nil where there is none.
  package func metric(_ text: String) -> Metric? { metrics.first { $0.key.description == text } }

  package var heading: String {
    "\(evaluation) of \(run) at step \(step); \(source): \(trainImages) images to learn from, "
      + (validationImages > 0 ? "\(validationImages) to choose by, " : "") + "\(testImages) to test on"
  }

  package func text(for terminal: Terminal) -> String {
    let tables = tables.isEmpty ? [Self.list(metrics)] : tables
    let parts = tables.map { ($0.title.isEmpty ? "" : $0.title + "\n") + text($0).text(for: terminal) }
    return ([heading + "\n"] + parts + (notes.isEmpty ? [] : [notes.map { $0 + "\n" }.joined()]))
      .joined(separator: "\n") + (out.map { "\nfolder: \($0)" } ?? "")
  }

  private static func list(_ metrics: [Metric]) -> MetricTable {
    MetricTable(
      "", rows: metrics.map { $0.key.description },
      columns: [.init("value", metrics.map(\.key), comparesEncoders: true)])
  }

  private func text(_ table: MetricTable) -> TextTable {
    let byKey = Dictionary(metrics.map { ($0.key, $0) }) { first, _ in first }
    let columns = table.columns.map { column in
      let found = column.keys.map { $0.flatMap { byKey[$0] } }
      let subjects = column.comparesEncoders ? subjects(found.compactMap { $0 }) : [0]
      return (column: column, metrics: found, subjects: subjects)
    }
    let headings = ["trained", "random encoder", "plain pixels", "trained − random"]
    var text = TextTable(
      columns: [.init("")]
        + columns.flatMap { own in
          own.subjects.map { .init(own.subjects.count > 1 ? headings[$0] : own.column.title, .right) }
        })
    for row in table.rows.indices {
      let cells = columns.flatMap { own in
        own.subjects.map { subject in
          own.metrics[row].flatMap { metric in
            metric.values[subject].map {
              own.column.isBrief ? $0.number(unit: metric.unit) : $0.text(unit: metric.unit)
            }
          }
            ?? ""
        }
      }
      text.add([table.rows[row]] + cells)
    }
    return text
  }

  /// Of trained, random, pixels and the difference those that some of the metrics have.
  private func subjects(_ metrics: [Metric]) -> [Int] {
    (0..<4).filter { subject in metrics.contains { $0.values[subject] != nil } }
  }
}

package struct EvaluationError: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
