import Foundation
import Runs

/// `summary.json`: what came of a run.
package struct RunSummary: Codable {
  package var steps: Int
  /// Mean loss of the first and the last tenth of the steps.
  package var firstLoss: Double
  package var lastLoss: Double
  /// Medians over steps.
  package var imagesPerSecond: Double
  package var dataWaitShare: Double
  /// Median of what each task took in a step, in draws, edits and its own objective.
  package var taskSeconds: [String: Double]?
  package var trained: DiagnosticsReport?
  package var randomEncoder: DiagnosticsReport?
  /// Alarms of the collapse watch, those that the run recovered from too; nil where nobody looked.
  package var collapses: [Collapse]?

  /// Sums up `metrics.jsonl`.
  /// - Throws: `StorageError`, also where no step was finished yet.
  package init(
    _ folder: RunFolder, trained: DiagnosticsReport?, randomEncoder: DiagnosticsReport?,
    collapses: [Collapse]? = nil
  ) throws {
    try self.init(
      MetricsLog.lines(of: folder), file: folder.path(of: .metrics), trained: trained,
      randomEncoder: randomEncoder, collapses: collapses)
  }

  /// Sums up lines of metrics that were read from `file`.
  /// - Throws: `StorageError`, also where no step was finished yet.
  package init(
    _ lines: [[String: Any]], file: String, trained: DiagnosticsReport? = nil,
    randomEncoder: DiagnosticsReport? = nil, collapses: [Collapse]? = nil
  ) throws {
    func values(_ key: String) throws -> [Double] {
      try lines.map { line in
        guard let value = line[key] as? Double else {
          throw StorageError.damaged(file: file, expected: "a number \(key) on every line", found: "none")
        }
        return value
      }
    }
    let loss = try values("loss")
    guard !loss.isEmpty else {
      throw StorageError.damaged(file: file, expected: "one line for each step", found: "no finished step")
    }
    let tenth = max(1, loss.count / 10)
    steps = loss.count
    firstLoss = loss.prefix(tenth).reduce(0, +) / Double(tenth)
    lastLoss = loss.suffix(tenth).reduce(0, +) / Double(tenth)
    imagesPerSecond = try values("images_per_second").sorted()[loss.count / 2]
    dataWaitShare = try values("data_wait_share").sorted()[loss.count / 2]
    taskSeconds = Self.taskSeconds(lines)
    self.trained = trained
    self.randomEncoder = randomEncoder
    self.collapses = collapses
  }

  /// The step since which features have been falling, where the run collapsed and did not recover.
  package var collapsedSince: Int? { collapses?.last.flatMap { $0.recoveredAt == nil ? $0.since : nil } }

  private static func taskSeconds(_ lines: [[String: Any]]) -> [String: Double] {
    let perLine = lines.map { line in
      line.reduce(into: [String: Double]()) { sums, field in
        let words = field.key.split(separator: ".")
        guard words.count == 3, words[0] == "seconds", let value = field.value as? Double else { return }
        sums[String(words[1]), default: 0] += value
      }
    }
    return Dictionary(grouping: perLine.flatMap { $0 }, by: \.key).mapValues { values in
      values.map(\.value).sorted()[values.count / 2]
    }
  }

  /// That of a finished run as it was written; of one that is not, what its steps tell.
  package init(of folder: RunFolder) throws {
    guard folder.has(.summary) else {
      try self.init(folder, trained: nil, randomEncoder: nil)
      return
    }
    let text = try folder.text(of: .summary)
    do { self = try JsonText.decoded(Self.self, from: Data(text.utf8)) } catch {
      throw StorageError.damaged(
        file: folder.path(of: .summary), expected: "the summary of a run", found: JsonText.reason(error))
    }
  }
}
