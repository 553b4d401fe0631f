import Audit
import Runs
import Training

extension RunsReport: Encodable {
  private enum Key: CodingKey { case runs, differingSettings, lossGroups, audit, problems }

  /// What the page shows, without the pictures' bytes and the single values of curves, which `metrics.jsonl` has.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(runs.map(Run.init), forKey: .runs)
    try container.encode(differences, forKey: .differingSettings)
    try container.encodeIfPresent(losses?.numbers, forKey: .lossGroups)
    try container.encodeIfPresent(audit.map(Audit.init), forKey: .audit)
    try container.encode(problems, forKey: .problems)
  }

  private struct Audit: Encodable {
    let folder: String
    let passed: Bool?
    let sentence: String?

    init(_ audit: AuditVerdict) {
      (folder, passed, sentence) = (audit.path, audit.report?.passed, audit.report?.sentence)
    }
  }

  private struct Setting: Encodable {
    let key: String
    let value: String
    let origin: String?
  }

  private struct Run: Encodable {
    let run: String
    let path: String
    let status: ReportedRun.Status
    let sentence: String
    let steps: Int
    let plannedSteps: Int?
    let commands: [String]
    let machines: [String]
    let preset: String?
    let settings: [Setting]
    let versions: RunVersions?
    let data: ReportedData
    let curves: [ReportedCurves.Outline]
    let summary: RunSummary?
    let batchSheet: ReportedPicture?
    let evaluations: [ReportedEvaluation]
    let checkpoints: [Int]
    let warnings: [String]
    let problems: [FolderReader.Problem]

    init(_ run: ReportedRun) {
      (self.run, path, status, sentence) = (run.name, run.path, run.status, run.sentence)
      (steps, plannedSteps, preset) = (run.steps, run.plannedSteps, run.preset)
      (commands, machines) = (run.commands.map(\.text), run.machines.map(\.text))
      settings = (run.settings?.values ?? []).map { Setting(key: $0.key, value: $0.value, origin: $0.origin) }
      (versions, data, summary) = (run.versions, run.data, run.summary)
      curves = ReportedCurves(run.lines).outlines
      (batchSheet, evaluations, checkpoints) = (run.batchSheet, run.evaluations, run.checkpoints)
      (warnings, problems) = (run.warnings.map(\.text), run.problems)
    }
  }
}
