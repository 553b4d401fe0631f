import Evaluations
import Foundation
import Runs
import WorldModel

/// What an evaluation left in a folder below `RUN/evaluations`.
struct ReportedEvaluation: Encodable {
  /// A metric as `metrics.json` has it.
  struct Metric: Codable {
    private enum CodingKeys: String, CodingKey {
      case name, className = "class", subject, unit, trained, random, pixels, difference
    }
    let name: String
    let className: String?
    let subject: String?
    let unit: String
    let trained: EvaluationReport.Value
    let random: EvaluationReport.Value?
    let pixels: EvaluationReport.Value?
    let difference: EvaluationReport.Value?

    var key: String { "\(MetricKey(name, of: className, subject: subject))" }
  }

  /// `metrics.json`.
  struct Record: Codable {
    let evaluation: String
    let step: Int
    let source: String
    let trainImages: Int
    let validationImages: Int
    let testImages: Int
    /// Key of the metric that sums it up.
    let summary: String
    let metrics: [Metric]
    let notes: [String]

    var summaryMetric: Metric? { metrics.first { $0.key == summary } }
  }

  struct File: Codable {
    let name: String
    let bytes: Int
  }

  /// Below the run's folder.
  let folder: String
  /// Nil where the evaluation is not finished, or its file cannot be read.
  let record: Record?
  /// Whether `metrics.json` is there, readable or not.
  let isFinished: Bool
  let pictures: [ReportedPicture]
  /// What else lies there.
  let files: [File]
  let log: String

  /// Every evaluation below the run's folder.
  static func all(_ reader: inout FolderReader, _ room: inout ReportedPicture.Room) -> [ReportedEvaluation] {
    let names = reader.names("evaluations")
    return names.compactMap { name in
      let folder = "evaluations/" + name
      let files = reader.names(folder)
      return files.isEmpty ? nil : ReportedEvaluation(folder, files, &reader, &room)
    }
  }

  private static let metrics = "metrics.json"
  private static let logName = "evaluation.log"

  private init(
    _ folder: String, _ names: [String], _ reader: inout FolderReader, _ room: inout ReportedPicture.Room
  ) {
    self.folder = folder
    isFinished = names.contains(Self.metrics)
    let file = folder + "/" + Self.metrics
    let path = reader.root + "/" + file
    record = reader.optional(file) {
      do {
        return try JsonText.decoded(
          Record.self, from: DurableFile.read(path, limit: 64 << 20), keys: .snakeCase)
      } catch is DecodingError {
        throw StorageError.damaged(
          file: path, expected: "metrics as an evaluation writes them", found: "something else")
      }
    }
    pictures = names.filter { $0.hasSuffix(".png") }.compactMap {
      ReportedPicture.read(folder + "/" + $0, &reader, &room)
    }
    log = names.contains(Self.logName) ? reader.text(folder + "/" + Self.logName, limit: 1 << 16) ?? "" : ""
    let shown = [Self.metrics, Self.logName, "lock"]
    files = names.filter { !shown.contains($0) && !$0.hasSuffix(".png") }.map { name in
      var information = stat()
      let isThere = lstat("\(reader.root)/\(folder)/\(name)", &information) == 0
      return File(name: name, bytes: isThere ? Int(information.st_size) : 0)
    }
  }
}
