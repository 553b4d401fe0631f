import Console
import Foundation

/// One bar over all runs of an ablation, counted in optimiser steps, with what is going on.
package final class AblationProgress {
  private let terminal: Terminal
  private let output: (String) -> Void
  private let clock: () -> Double
  private let pace: AblationPace
  private let runs: Int
  private let evaluations: Int
  private var doneRuns = 0
  private var doneEvaluations = 0
  private var doneSeconds = 0.0
  private var lastShown = -Double.infinity
  private var line = ""
  private static let clearing = "\r\u{1B}[K"

  /// - Parameters:
  ///   - pace: how long each job takes.
  ///   - clock: seconds that only ever rise.
  package init(
    _ plan: AblationPlan, pace: AblationPace, terminal: Terminal,
    clock: @escaping () -> Double = ProgressReporter.systemClock,
    output: @escaping (String) -> Void = ProgressReporter.standardError
  ) {
    (self.terminal, self.pace, self.clock, self.output) = (terminal, pace, clock, output)
    runs = plan.cells.count
    evaluations = plan.cells.count * plan.table.evaluations.count
  }

  /// Tells of a job that is done, now or by an earlier call.
  func done(_ job: AblationJob) {
    switch job.work {
    case .training: doneRuns += 1
    case .evaluation: doneEvaluations += 1
    }
    doneSeconds += pace.seconds(of: job)
  }

  /// Tells how long a job took.
  func finished(_ job: AblationJob, seconds: Double) {
    pace.learn(job, seconds: seconds)
    message("done: \(job.name), \(ProgressReporter.duration(seconds))")
  }

  func message(_ text: String) {
    output(line.isEmpty ? text + "\n" : Self.clearing + text + "\n" + line)
  }

  /// Seconds of work that are left, on one slot.
  private func rest(_ running: [AblationJob]) -> Double {
    let begun = running.reduce(0) { $0 + pace.secondsDone(of: $1) }
    return max(0, pace.total - doneSeconds - begun)
  }

  func show(_ running: [AblationJob]) {
    let interval = terminal.isInteractive ? 1.0 : 60.0
    guard clock() - lastShown >= interval, !running.isEmpty else { return }
    lastShown = clock()
    let rest = rest(running)
    let share = pace.total > 0 ? 1 - rest / pace.total : 0
    let now = running.map { job in
      job.work == .training && pace.steps(of: job) > 0
        ? "\(job.name): step \(job.stepsDone)/\(pace.steps(of: job))" : job.name
    }
    var words = ["runs \(doneRuns)/\(runs)"]
    if evaluations > 0 { words.append("evaluations \(doneEvaluations)/\(evaluations)") }
    words.append(ProgressReporter.duration(rest / Double(max(running.count, 1))) + " left")
    words.append(now.joined(separator: "; "))
    let text = words.joined(separator: "  ")
    guard terminal.isInteractive else { return output(text + "\n") }
    let width = 20
    let full = Int((min(max(share, 0), 1) * Double(width)).rounded(.down))
    let bar =
      terminal.styled(String(repeating: "━", count: full), .green)
      + terminal.styled(String(repeating: terminal.hasColor ? "━" : "·", count: width - full), .faint)
    line = bar + "  " + String(text.prefix(max(terminal.width - width - 3, 10)))
    output(Self.clearing + line)
  }

  func finish() {
    if !line.isEmpty { output("\n") }
    line = ""
  }
}
