import Foundation
import Runs
import Training

/// Everything that a report shows of a run, as its folder has it. What is missing or damaged is named in `problems`,
/// and never stands for a success.
struct ReportedRun {
  enum Status: String, Codable {
    /// All steps were done.
    case finished
    /// It can go on, or still does.
    case unfinished
    /// It ended by a fault.
    case failed
    /// Weights that were brought in; no step was trained here.
    case imported
    /// Its files do not say.
    case unknown
  }

  let name: String
  let path: String
  let status: Status
  /// Steps that are recorded, and steps that there are to be, where the log says so.
  let steps: Int
  let plannedSteps: Int?
  let settings: RunSettings?
  let versions: RunVersions?
  let data: ReportedData
  let lines: [[String: Any]]
  let summary: RunSummary?
  let batchSheet: ReportedPicture?
  let evaluations: [ReportedEvaluation]
  /// Steps of checkpoints that are kept.
  let checkpoints: [Int]
  let log: [RunLogLine]
  /// `failure.json`, where a loss was not finite.
  let failure: String?
  let problems: [FolderReader.Problem]

  /// - Parameters:
  ///   - name: what the report calls the run.
  ///   - path: its folder.
  ///   - room: for pictures; what this run takes of it goes.
  /// - Throws: `StorageError.notARun` where the folder holds no run.
  init(_ name: String, _ path: String, _ room: inout ReportedPicture.Room) throws {
    (self.name, self.path) = (name, path)
    let folder = try RunFolder.open(at: path)
    var reader = FolderReader(root: path)
    let versions = reader.part(RunFolder.Item.versions.rawValue) { try RunVersions(of: folder) }
    self.versions = versions
    settings = reader.part(RunFolder.Item.configuration.rawValue) {
      try Self.settings(folder, expected: versions?.settings)
    }
    log = RunLogLine.lines(reader.text(RunFolder.Item.log.rawValue) ?? "")
    lines = reader.optional(RunFolder.Item.metrics.rawValue) { try MetricsLog.lines(of: folder) } ?? []
    data = ReportedData(sources: settings?.sources ?? [], log: log, &reader)
    let written = reader.optional(RunFolder.Item.summary.rawValue) { try RunSummary(of: folder) }
    let metricsFile = RunFolder.Item.metrics.rawValue
    if let written, lines.count != written.steps, !reader.problems.contains(where: { $0.part == metricsFile })
    {
      reader.note(
        metricsFile,
        "expected \(written.steps) steps, as \(RunFolder.Item.summary.rawValue) says, found \(lines.count)")
    }
    batchSheet =
      reader.exists(RunFolder.Item.batchSheet.rawValue)
      ? ReportedPicture.read(RunFolder.Item.batchSheet.rawValue, &reader, &room) : nil
    evaluations = ReportedEvaluation.all(&reader, &room)
    checkpoints = reader.names(RunFolder.Item.checkpoints.rawValue).compactMap(Checkpoint.step(ofFolder:))
      .sorted()
    failure = reader.text(RunFolder.Item.failure.rawValue, limit: 1 << 16)
    let isImported = lines.isEmpty && !checkpoints.isEmpty && !log.contains { $0.text.hasPrefix("run: ") }
    let hasSummary = folder.has(.summary)
    status =
      if written != nil, reader.problems.isEmpty || !lines.isEmpty { .finished } else if hasSummary {
        .unknown
      } else if failure != nil || folder.has(.backtrace) { .failed } else if isImported { .imported } else {
        .unfinished
      }
    // A run that goes on is summed up by the steps that it has; the words beside it say so.
    summary = written ?? (lines.isEmpty ? nil : try? RunSummary(lines, file: metricsFile))
    (steps, plannedSteps) = (max(lines.count, written?.steps ?? 0), Self.plannedSteps(log))
    problems = reader.problems
  }

  /// - Parameter expected: what the run's versions say that its settings are; nil where they do not.
  /// - Throws: `StorageError` where the file is damaged, or is another than the run began with.
  private static func settings(_ folder: RunFolder, expected: FileSeal?) throws -> RunSettings {
    let path = folder.path(of: .configuration)
    let found = try DurableFile.seal(of: path)
    if let expected, found != expected {
      throw StorageError.damaged(
        file: path,
        expected:
          "the settings that the run began with (\(expected.bytes) bytes, checksum \(expected.crc32))",
        found: "\(found.bytes) bytes, checksum \(found.crc32)")
    }
    let settings = try RunSettings(of: folder)
    guard !settings.values.isEmpty else {
      throw StorageError.damaged(file: path, expected: "the settings of a run", found: "none")
    }
    return settings
  }

  /// From the log's "… trained parameters; 60 steps of 16 radiographs, …".
  private static func plannedSteps(_ log: [RunLogLine]) -> Int? {
    log.reversed().lazy.compactMap { line -> Int? in
      guard line.text.hasPrefix("model: "), let part = line.text.range(of: " steps of ") else { return nil }
      return line.text[..<part.lowerBound].split(separator: " ").last.flatMap { Int($0) }
    }.first
  }

  /// What became of the run, in a sentence that takes nothing unread for a success.
  var sentence: String {
    let unread =
      problems.isEmpty ? "" : "; \(problems.count) of its files could not be read, which are named below"
    let before = steps == 1 ? "1 step" : "\(steps) steps"
    let soFar = plannedSteps.map { "\(steps) of \($0) steps" } ?? before
    return switch status {
    case .finished: "Finished: \(before)\(unread)."
    case .unfinished: "Unfinished: \(soFar) so far, so that nothing here is the run's result yet\(unread)."
    case .failed: "Failed after \(soFar): what the run left of it is below\(unread)."
    case .imported: "Weights that were imported; no step was trained here\(unread)."
    case .unknown: "Not known whether it finished\(unread)."
    }
  }

  /// Command lines that began the run and went on with it, with their times; none in runs of versions that did not
  /// record them.
  var commands: [RunLogLine] { records("command: ") }
  var machines: [RunLogLine] { records("machine: ") }
  var warnings: [RunLogLine] {
    log.filter { $0.text.hasPrefix("warning: ") || $0.text.hasPrefix("COLLAPSE") }
  }
  /// What the log says of features on the way.
  var diagnostics: [RunLogLine] {
    log.filter { $0.text.hasPrefix("diagnostics at step") || $0.text.hasPrefix("linear probe at step") }
  }

  private func records(_ prefix: String) -> [RunLogLine] {
    log.filter { $0.text.hasPrefix(prefix) }.map {
      RunLogLine(time: $0.time, text: String($0.text.dropFirst(prefix.count)))
    }
  }

  /// The preset that the run's settings name; nil where none is named.
  var preset: String? {
    settings?.values.lazy.compactMap(\.origin).first { $0.hasPrefix("preset ") }.map {
      String($0.dropFirst(7))
    }
  }

  /// Settings that came neither from a default nor from a preset.
  var chosenSettings: [(key: String, value: String, origin: String?)] {
    (settings?.values ?? []).filter { setting in
      guard let origin = setting.origin else { return false }
      return origin != "default" && !origin.hasPrefix("preset ")
    }
  }
}
