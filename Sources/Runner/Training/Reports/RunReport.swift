import Runs

/// Something that is made of a run's folder whenever a checkpoint is saved: a picture of its losses. To add one, write
/// it in a file of this folder and name it in `all`.
struct RunReport {
  /// Writes the report into the run's folder, over the one before; leaves it out where the run has too few steps.
  let write: @Sendable (RunFolder) throws -> Void

  static let all = [RunReport(write: LossChart.draw)]

  static func writeAll(_ folder: RunFolder) throws { for report in all { try report.write(folder) } }
}
