import Console
import Foundation
import Runs
import Training

/// How long the jobs of an ablation take: what was measured of each row and each evaluation.
///
/// Kept in `pace.json`, so that a command that goes on need not measure again.
package final class AblationPace {
  /// What is known of one row's training.
  struct Training: Codable, Equatable {
    /// Optimiser steps of the whole run, and seconds of one.
    let steps: Int
    let secondsPerStep: Double
  }

  private struct Document: Codable {
    /// By the row's name.
    var training: [String: Training] = [:]
    /// Seconds, by the evaluation's command.
    var evaluations: [String: Double] = [:]
  }

  private let plan: AblationPlan
  private let path: String
  private var document: Document

  /// - Throws: `StorageError` where `pace.json` cannot be read; what it says is left aside where it is no pace.
  package init(_ plan: AblationPlan) throws {
    self.plan = plan
    path = plan.out + "/pace.json"
    document =
      access(path, F_OK) == 0
      ? (try? JSONDecoder().decode(Document.self, from: DurableFile.read(path))) ?? Document() : Document()
  }

  private func row(_ job: AblationJob) -> Training? {
    document.training[plan.table.rows[job.cell.row].name]
  }

  func steps(of job: AblationJob) -> Int { row(job)?.steps ?? 0 }

  /// Seconds that the whole job takes; 0 where nobody knows yet.
  func seconds(of job: AblationJob) -> Double {
    switch job.work {
    case .training: row(job).map { Double($0.steps) * $0.secondsPerStep } ?? 0
    case .evaluation(let number): seconds(of: plan.table.evaluations[number])
    }
  }

  private func seconds(of evaluation: AblationTable.Evaluation) -> Double {
    document.evaluations[evaluation.command] ?? 0
  }

  /// Seconds' worth of a job that is going on.
  func secondsDone(of job: AblationJob) -> Double {
    row(job).map { Double(job.stepsDone) * $0.secondsPerStep } ?? 0
  }

  /// Seconds of everything together, as far as it is known.
  package var total: Double {
    plan.cells.reduce(0) { sum, cell in
      let training = document.training[plan.table.rows[cell.row].name]
      return sum + (training.map { Double($0.steps) * $0.secondsPerStep } ?? 0)
        + plan.table.evaluations.reduce(0) { $0 + seconds(of: $1) }
    }
  }

  /// Evaluations of which nobody knows how long they take.
  package var unknownEvaluations: [String] {
    plan.table.evaluations.map(\.command).filter { document.evaluations[$0] == nil }
  }

  func learn(_ job: AblationJob, seconds: Double) {
    guard case .evaluation(let number) = job.work else { return }
    document.evaluations[plan.table.evaluations[number].command] = seconds
    try? save()
  }

  private func save() throws { try DurableFile.write(JsonText.encoded(document), to: path) }

  // MARK: Measuring

  /// Measures a step of each row of which nobody knows how long it takes: the run is begun elsewhere, and ended after
  /// some steps.
  /// - Parameters:
  ///   - program: path of `chex-runner`.
  ///   - threads: that each run will have.
  ///   - isStopRequested: asked between two looks.
  /// - Returns: why some row could not be begun, by its name; empty where all could.
  /// - Throws: `AblationError`, `StorageError`.
  package func measure(
    program: String, threads: Int, isStopRequested: () -> Bool, note: (String) -> Void
  ) throws -> [String: String] {
    var failures: [String: String] = [:]
    for (index, row) in plan.table.rows.enumerated() where document.training[row.name] == nil {
      guard !isStopRequested(), let cell = plan.cells.first(where: { $0.row == index }) else { break }
      if let known = Self.measured(RunFolder(path: cell.run)) {
        document.training[row.name] = known
        continue
      }
      note("measuring a step: \(row.name)")
      let trial = "\(plan.out)/.pace"
      if Folder.exists(trial) { try Folder.remove(trial) }
      defer { try? Folder.remove(trial) }
      let words = cell.words.filter { !$0.hasPrefix("--out=") } + ["--out=\(trial)", "--threads=\(threads)"]
      let log = "\(plan.out)/logs/.pace.log"
      unlink(log)
      let process = try ChildProcess([program] + words, log: log)
      defer { process.destroy() }
      let began = ProgressReporter.systemClock()
      while !process.hasEnded(), !isStopRequested(), ProgressReporter.systemClock() - began < Self.longest,
        AblationJob.lastStep(of: RunFolder(path: trial).path(of: .metrics)) ?? 0 < Self.steps
      {
        usleep(100_000)
      }
      if let end = process.end, end != .exited(0) {
        let text = (try? DurableFile.read(log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        failures[row.name] = text.split(separator: "\n").last.map(String.init) ?? "\(end)"
        continue
      }
      document.training[row.name] = Self.measured(RunFolder(path: trial))
    }
    try save()
    return failures
  }

  /// Steps that are timed, and seconds that they may take.
  private static let steps = 8
  private static let longest = 180.0

  /// A run's steps by its settings and metrics; nil where too few steps are done.
  private static func measured(_ run: RunFolder) -> Training? {
    guard let lines = try? MetricsLog.lines(of: run), lines.count > 1,
      let settings = try? RunSettings(of: run),
      let last = lines.last, let step = last["step"] as? Double, let epoch = last["epoch"] as? Double
    else { return nil }
    func whole(_ key: String) -> Int { settings[key].flatMap { Int($0) } ?? 0 }
    let stepsPerEpoch = (step / epoch).rounded()
    let steps = whole("training.steps")
    let images = Double(whole("training.batch_size") * whole("training.accumulation"))
    // The first step warms up.
    let rates = lines.dropFirst().compactMap { $0["images_per_second"] as? Double }.filter { $0 > 0 }.sorted()
    guard !rates.isEmpty, stepsPerEpoch.isFinite else { return nil }
    return Training(
      steps: steps > 0 ? steps : whole("training.epochs") * Int(stepsPerEpoch),
      secondsPerStep: images / rates[rates.count / 2])
  }
}
