import Foundation
import Training

/// Steps that give every row of an ablation the first row's computing time. Waiting for radiographs does not count, since
/// it is the same for every row, and later epochs find in memory what the first reads.
///
/// Each row is timed in turn, several times over, and its shortest time counts: what else the machine does makes a step
/// longer, never shorter.
package struct EqualCompute {
  private static let turns = 3
  /// Steps of one timing.
  private static let steps = 60

  private let plan: AblationPlan

  package init(_ plan: AblationPlan) { self.plan = plan }

  /// Rows that are to be given steps and have none yet.
  package func missing(_ known: [String: Int]) -> [String] {
    plan.table.rows.filter { !$0.setsSteps && known[$0.name] == nil }.map(\.name)
  }

  /// - Parameters:
  ///   - program: path of `chex-runner`.
  ///   - threads: that each run will have.
  ///   - isStopRequested: asked between two looks.
  ///   - note: is told each row that is measured.
  /// - Returns: steps, and seconds of one, of each row that sets none itself, by its name; nil where a stop was requested.
  /// - Throws: `AblationError` where a row cannot be timed; `StorageError`.
  package func measured(
    program: String, threads: Int, isStopRequested: @escaping () -> Bool, note: @escaping (String) -> Void
  ) throws -> [String: AblationPace.Training]? {
    var (shortest, seconds): ([String: Double], [String: Double]) = ([:], [:])
    var steps: Int?
    for turn in 1...Self.turns {
      let trial = StepTrial(
        plan: plan, program: program, threads: threads, isStopRequested: isStopRequested,
        note: { note("\($0) (\(turn) of \(Self.turns))") })
      for (index, row) in plan.table.rows.enumerated() where !row.setsSteps {
        guard let cell = plan.cells.first(where: { $0.row == index }) else { continue }
        let time: (training: AblationPace.Training, computing: Double)?
        do { time = try trial.time(cell, steps: Self.steps) } catch let error as AblationError {
          throw AblationError("--equal compute: row \"\(row.name)\" cannot be timed: \(error)")
        }
        if isStopRequested() { return nil }
        guard let time else {
          throw AblationError(
            "--equal compute: row \"\(row.name)\" cannot be timed: it did no step within three minutes; "
              + "give the row training.steps of its own, or leave --equal out")
        }
        seconds[row.name] = min(seconds[row.name] ?? .infinity, time.training.secondsPerStep)
        shortest[row.name] = min(shortest[row.name] ?? .infinity, time.computing)
        if steps == nil { steps = time.training.steps }
      }
    }
    let given = Self.steps(shortest, first: plan.table.rows.first { !$0.setsSteps }?.name, of: steps ?? 0)
    return Dictionary(
      uniqueKeysWithValues: given.map { name, count in
        (name, AblationPace.Training(steps: count, secondsPerStep: seconds[name] ?? 0))
      })
  }

  /// - Parameters:
  ///   - seconds: of a step, by the row's name.
  ///   - first: the row whose time all are given.
  ///   - count: steps of that row.
  static func steps(_ seconds: [String: Double], first: String?, of count: Int) -> [String: Int] {
    guard let first, let whole = seconds[first] else { return [:] }
    return seconds.mapValues { max(1, Int((Double(count) * whole / $0).rounded())) }
  }
}
