import Console
import Foundation
import Runs
import Training

/// Does the runs and evaluations of an ablation, some at a time, each in a process of its own.
///
/// All of them run on the main thread's watch: it starts what may start, looks at what is going on, and shows how far
/// everything is. What is finished is never done again.
package final class AblationScheduler {
  /// A job that did not come to its end.
  package struct Failure: Codable, Equatable, Sendable {
    /// The row and seed, and the evaluation.
    package let name: String
    package let reason: String
    package let log: String
  }

  package struct Outcome {
    package var failures: [Failure] = []
    /// Whether the user asked to stop.
    package var isStopped = false
  }

  private let plan: AblationPlan
  private let program: String
  private let slots: Int
  private let threads: Int
  private let view: AblationProgress
  private var waiting: [AblationJob]
  private var running: [(job: AblationJob, process: ChildProcess, began: Double)] = []
  /// Training that is finished or failed, by the run's folder.
  private var trained: [String: Bool] = [:]
  private var outcome = Outcome()
  /// When a folder that another process held was first met.
  private var met: [String: Double] = [:]

  /// - Parameters:
  ///   - program: path of `chex-runner`.
  ///   - jobs: processes at a time.
  ///   - cores: shared among them.
  package init(_ plan: AblationPlan, program: String, jobs: Int, cores: Int, view: AblationProgress) throws {
    (self.plan, self.program, self.view) = (plan, program, view)
    slots = jobs
    threads = max(1, cores / jobs)
    waiting = try plan.cells.flatMap { cell in
      try [AblationJob(plan, cell, .training)]
        + plan.table.evaluations.indices.map { try AblationJob(plan, cell, .evaluation($0)) }
    }
  }

  /// Does everything that is missing.
  /// - Throws: `AblationError` where no process can be started; what runs is stopped then.
  package func run() throws -> Outcome {
    Interruption.watch()
    waiting.removeAll { job in
      if job.isDone { finish(job) }
      return job.isDone
    }
    defer { for item in running { item.process.destroy() } }
    while !waiting.isEmpty || !running.isEmpty {
      if Interruption.isRequested && !outcome.isStopped {
        outcome.isStopped = true
        view.message("stopping: each run finishes its step and is saved; the same command goes on")
        for item in running { item.process.stop() }
      }
      if outcome.isStopped { waiting = [] }
      try collect()
      try startWhatMay()
      view.show(running.map(\.job))
      if !waiting.isEmpty || !running.isEmpty { usleep(Self.pause) }
    }
    view.finish()
    return outcome
  }

  /// Microseconds between two looks.
  private static let pause: UInt32 = 200_000
  /// Seconds that a folder may be held by a process that is saving its last step.
  private static let patience = 120.0

  private func collect() throws {
    for place in running.indices.reversed() where running[place].process.hasEnded() {
      let (job, process, began) = running.remove(at: place)
      if job.isDone, process.end == .exited(0) {
        view.finished(job, seconds: ProgressReporter.systemClock() - began)
        finish(job)
      } else if !(outcome.isStopped && process.end == .exited(130)) {
        fail(
          job,
          ([Self.reason(process.end), AblationJob.lastWords(of: job.log)].compactMap { $0 }).joined(
            separator: ": "))
      }
    }
  }

  private func finish(_ job: AblationJob) {
    if case .training = job.work { trained[job.folder] = true }
    view.done(job)
  }

  private func fail(_ job: AblationJob, _ reason: String) {
    if case .training = job.work { trained[job.folder] = false }
    let failure = Failure(name: job.name, reason: reason, log: job.log)
    outcome.failures.append(failure)
    view.message("failed: \(failure.name): \(failure.reason) (\(failure.log))")
  }

  private func startWhatMay() throws {
    // Evaluations first: they free a run's row for the eye, and are short.
    for wantsEvaluations in [true, false] {
      var place = 0
      while running.count < slots, place < waiting.count {
        let job = waiting[place]
        if (job.work != .training) == wantsEvaluations, try start(job) {
          waiting.remove(at: place)
        } else {
          place += 1
        }
      }
    }
  }

  /// - Returns: whether the job waits no longer.
  private func start(_ job: AblationJob) throws -> Bool {
    if case .evaluation = job.work {
      guard let isTrained = trained[job.cell.run] else { return false }
      guard isTrained else {
        fail(job, "its run was not trained to the end")
        return true
      }
    }
    if let owner = job.owner {
      let now = ProgressReporter.systemClock()
      let since = met[job.folder] ?? now
      met[job.folder] = since
      guard now - since > Self.patience else { return false }
      fail(job, "\(job.folder) is in use by process \(owner)")
      return true
    }
    let process = try ChildProcess([program] + job.words(threads: threads), log: job.log)
    running.append((job, process, ProgressReporter.systemClock()))
    return true
  }

  private static func reason(_ end: ChildProcess.End?) -> String {
    switch end {
    case .exited(130): "it was stopped by a signal from elsewhere"
    case .exited(let status): "exit status \(status)"
    case .killed(SIGKILL): "killed, by the system where memory ran out"
    case .killed(let signal): "ended by signal \(signal)"
    case nil: "it has not ended"
    }
  }
}
