import Foundation
import Runs

/// How long the jobs of an ablation take: what was measured of each row and each evaluation.
///
/// Kept in `pace.json`, so that a command that goes on need not measure again.
package final class AblationPace {
  /// What is known of one row's training.
  package struct Training: Codable, Equatable {
    /// Optimiser steps of the whole run, and seconds of one.
    package let steps: Int
    package let secondsPerStep: Double
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

  /// - Parameter known: of rows that were timed just now, by their names.
  /// - Throws: `StorageError` where `pace.json` cannot be read; what it says is left aside where it is no pace.
  package init(_ plan: AblationPlan, known: [String: Training] = [:]) throws {
    self.plan = plan
    path = plan.out + "/pace.json"
    document =
      access(path, F_OK) == 0
      ? (try? JSONDecoder().decode(Document.self, from: DurableFile.read(path))) ?? Document() : Document()
    document.training.merge(known) { $1 }
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

  /// Measures a step of each row of which nobody knows how long it takes.
  /// - Parameters:
  ///   - program: path of `chex-runner`.
  ///   - threads: that each run will have.
  ///   - isStopRequested: asked between two looks.
  ///   - note: is told each row that is measured.
  /// - Returns: why some row could not be begun, by its name; empty where all could.
  /// - Throws: `AblationError`, `StorageError`.
  package func measure(
    program: String, threads: Int, isStopRequested: @escaping () -> Bool, note: @escaping (String) -> Void
  ) throws -> [String: String] {
    let trial = StepTrial(
      plan: plan, program: program, threads: threads, isStopRequested: isStopRequested, note: note)
    var failures: [String: String] = [:]
    for (index, row) in plan.table.rows.enumerated() where document.training[row.name] == nil {
      guard !isStopRequested(), let cell = plan.cells.first(where: { $0.row == index }) else { break }
      if let known = StepTrial.measured(RunFolder(path: cell.run))?.training {
        document.training[row.name] = known
        continue
      }
      do { document.training[row.name] = try trial.time(cell, steps: Self.steps)?.training } catch let error
        as AblationError
      {
        failures[row.name] = "\(error)"
      }
    }
    try save()
    return failures
  }

  /// Steps that are timed of a row for an estimate.
  private static let steps = 30
}
