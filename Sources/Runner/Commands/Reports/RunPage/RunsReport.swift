import Audit
import Console
import Figures
import Foundation
import Runs
import Training

/// What a page of runs shows, read from their folders.
struct RunsReport {
  /// Verdict of an audit of radiographs.
  struct AuditVerdict {
    let path: String
    /// Nil where `audit.json` cannot be read.
    let report: AuditReport?
    let problem: String?
  }

  let runs: [ReportedRun]
  /// The settings that are not the same in all runs whose settings could be read, in their order.
  let differences: [String]
  /// Which losses can be compared; nil for one run.
  let losses: LossGroups?
  let audit: AuditVerdict?

  /// - Parameters:
  ///   - paths: folders of runs.
  ///   - audit: folder of an audit.
  ///   - room: for pictures of all runs together.
  /// - Throws: `StorageError` naming the folder that holds no run.
  init(_ paths: [String], audit: String? = nil, room: ReportedPicture.Room = .standard) throws {
    var room = room
    runs = try zip(RunComparison.names(paths), paths).map { try ReportedRun($0, $1, &room) }
    let readable = runs.filter { $0.settings != nil }
    let settings = readable.compactMap(\.settings)
    differences = readable.count > 1 ? RunSettings.differences(settings) : []
    losses =
      readable.count > 1
      ? LossGroups(
        readable.map(\.name), settings, readable.map { RunComparison.terms($0.lines) }, differences) : nil
    self.audit = audit.map(Self.verdict)
  }

  private static func verdict(_ folder: String) -> AuditVerdict {
    let path = folder + "/audit.json"
    do {
      let report = try JsonText.decoded(
        AuditReport.self, from: DurableFile.read(path, limit: 1 << 28), keys: .snakeCase)
      return AuditVerdict(path: folder, report: report, problem: nil)
    } catch let error as DecodingError {
      return AuditVerdict(
        path: folder, report: nil, problem: "\(path): expected an audit, found \(JsonText.reason(error))")
    } catch {
      return AuditVerdict(path: folder, report: nil, problem: "\(error)")
    }
  }

  /// What could not be read, of all runs; a sentence each.
  var problems: [String] {
    runs.flatMap { run in run.problems.map { "\(run.path)/\($0.part): \($0.reason)" } }
      + [audit?.problem].compactMap { $0 }
  }

  /// The losses of several runs in one chart.
  var lossChart: LineChart? {
    guard runs.count > 1, runs.contains(where: { !$0.lines.isEmpty }) else { return nil }
    let kinds = losses?.count ?? 1
    return LineChart(
      title: "Loss of \(runs.count) runs",
      subtitle: kinds > 1
        ? "losses of \(kinds) kinds, which cannot be compared with one another; faint: each step"
        : "prediction error of all terms; faint: each step",
      xLabel: "step", yLabel: "loss",
      series: runs.map { ReportedCurves($0.lines).series("loss", name: $0.name, isSmoothed: true) })
  }
}
