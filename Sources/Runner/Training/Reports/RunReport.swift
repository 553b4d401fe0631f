import Console
import Runs

/// Something that is made of a run's folder beside checkpoints: a picture of its losses. To add one, write it in a file
/// of this folder and name it in `all`.
struct RunReport {
  /// Writes the report into the run's folder, over the one before; leaves it out where the run has too few steps.
  let write: @Sendable (RunFolder) throws -> Void

  static let all = [RunReport(write: LossChart.draw)]

  static func writeAll(_ folder: RunFolder) throws { for report in all { try report.write(folder) } }
}

/// Writes reports while a run goes on, for no more than a fiftieth of its time: a report reads all that the run has
/// recorded, so that each takes longer than the one before.
struct PacedReports {
  private static let share = 50.0
  private let now: () -> Double
  private let writeAll: () throws -> Void
  /// No report is written before.
  private var next = -Double.infinity
  /// Whether something was left out since the last ones.
  private var isBehind = false

  /// - Parameter now: seconds on any clock.
  init(
    now: @escaping () -> Double = ProgressReporter.systemClock, writeAll: @escaping () throws -> Void
  ) {
    (self.now, self.writeAll) = (now, writeAll)
  }

  /// Beside a checkpoint.
  mutating func write() throws {
    guard now() >= next else { return isBehind = true }
    try writeAlways()
  }

  /// Where the run ends or stops.
  mutating func finish() throws { if isBehind { try writeAlways() } }

  private mutating func writeAlways() throws {
    let began = now()
    try writeAll()
    let end = now()
    (next, isBehind) = (end + Self.share * (end - began), false)
  }
}
