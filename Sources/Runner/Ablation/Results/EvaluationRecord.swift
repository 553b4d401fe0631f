import Evaluations
import Foundation
import Runs
import WorldModel

/// What an evaluation left of one cell: its metrics, and what it says of each test radiograph.
struct EvaluationRecord {
  struct Metric: Decodable {
    struct Value: Decodable { let value: Double }
    private enum CodingKeys: String, CodingKey { case name, className = "class", subject, unit, trained }
    let name: String
    let className: String?
    let subject: String?
    let unit: String
    let trained: Value

    var key: MetricKey { MetricKey(name, of: className, subject: subject) }
  }

  private struct Document: Decodable {
    let summary: String
    let metrics: [Metric]
  }

  /// The metric that sums the evaluation up, by its key in words.
  let summary: String
  let metrics: [Metric]
  /// Nothing where the evaluation gives no predictions.
  let predictions: [PredictionTable]

  /// - Parameter folder: of the evaluation.
  /// - Throws: `StorageError` where a file is missing or damaged.
  init(_ folder: String) throws {
    let file = folder + "/metrics.json"
    let document: Document
    do { document = try JsonText.decoded(Document.self, from: DurableFile.read(file)) } catch let error
      as DecodingError
    {
      throw StorageError.damaged(
        file: file, expected: "the metrics of an evaluation", found: JsonText.reason(error))
    }
    (summary, metrics) = (document.summary, document.metrics)
    let path = "\(folder)/\(PredictionFile.name)"
    predictions = access(path, F_OK) == 0 ? try PredictionFile.read(path) : []
  }

  /// The metrics to show: those asked for, else the one that sums up and those of its name over all classes.
  /// - Throws: `AblationError` with the metrics that there are.
  func shown(_ wanted: [String]) throws -> [MetricKey] {
    guard wanted.isEmpty else {
      return try wanted.map { name in
        guard let metric = metrics.first(where: { "\($0.key)" == name }) else {
          let known = metrics.filter { $0.className == nil }.map { "\"\($0.key)\"" }
          throw AblationError(
            "metrics: expected one of \(known.joined(separator: ", ")), or one of a class, found \"\(name)\"")
        }
        return metric.key
      }
    }
    guard let chosen = metrics.first(where: { "\($0.key)" == summary }) else { return [] }
    return metrics.filter { $0.name == chosen.name && $0.className == nil }.map(\.key)
  }

  func value(_ key: MetricKey) -> Double? { metrics.first { $0.key == key }?.trained.value }
}
