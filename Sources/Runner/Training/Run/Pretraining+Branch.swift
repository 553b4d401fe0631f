import Console
import Foundation
import Runs

extension Pretraining {
  /// Begins a new run with the weights, moments and metrics of another at one of its checkpoints, and other settings
  /// from there on. The other run stays as it is, and may still be training.
  /// - Parameters:
  ///   - path: of the other run.
  ///   - step: of the checkpoint; nil for the newest that is intact.
  ///   - settings: over those of the other run.
  ///   - out: folder of the new run.
  /// - Throws: `BranchError` where there is no such checkpoint, or a setting is what `out` says; `StorageError`;
  ///   `WeightsError` where a setting makes another model.
  package static func branch(
    off path: String, step: Int?, settings: [SettingAssignment], out: String, pluginsFile: String?
  ) throws -> Result {
    let other = try RunFolder.open(at: path)
    let folderKey = SettingKey("run", "out")
    guard !settings.contains(where: { $0.key == folderKey }) else {
      throw UsageError("--set run.out and --out: both name the new run's folder; keep --out")
    }
    let checkpoint = try checkpoint(of: other, step: step)
    let own = SettingAssignment(folderKey, .value(.text(out)), from: .flag("--out"))
    let setup = try RunSetup(reopening: other, assignments: settings + [own], pluginsFile: pluginsFile)
    let versions = try RunVersions(of: other)
    warn(of: versions.changes(to: RunVersions(setup)))
    let parts = try RunParts(setup)
    for task in parts.tasks.tasks where task.teacher != nil {
      // The checkpoint has a target encoder, and that is the one that the branch goes on with.
      let deciding = settings.filter { $0.key == SettingKey("run", "tasks") || $0.key.table == task.name }
      if let key = deciding.first?.key { throw BranchError.teacher(task: task.name, setting: "\(key)") }
    }
    if let group = try Worker.group(parts) { return try Worker.run(parts, group) }
    let state = try ModelCheckpoint.load(checkpoint, into: parts.optimization)
    guard state.step < parts.schedule.totalSteps else {
      throw BranchError.nothingLeft(run: path, step: state.step, steps: parts.schedule.totalSteps)
    }
    return try RunFolder.create(at: out) { folder in
      let record = try RunRecord(setup, weightsFamily: versions.weightsFamily)
      try record.write(to: folder)
      for item in [RunFolder.Item.metrics, .diagnostics] where other.has(item) {
        let bytes = try DurableFile.read(other.path(of: item), limit: Int.max)
        try DurableFile.write(Array(bytes), to: folder.path(of: item))
      }
      try ModelCheckpoint.save(
        parts.optimization, step: state.step, seed: setup.configuration.run.seed, record: record,
        to: folder.checkpoints(keep: setup.configuration.training.keptCheckpoints))
      let log = try RunLog(path: folder.path(of: .log), echo: { _ in })
      try log.record("branched off \(path) at step \(state.step)")
      return try train(parts, folder, start: state.step)
    }
  }

  private static func checkpoint(of run: RunFolder, step: Int?) throws -> Checkpoint {
    let store = run.savedCheckpoints
    guard let step else { return try store.latest().checkpoint }
    let all = try store.all()
    guard let found = all.first(where: { $0.step == step }) else {
      throw BranchError.noCheckpoint(run: run.path, step: step, kept: all.map(\.step))
    }
    try found.verify()
    return found
  }
}

package enum BranchError: Error, CustomStringConvertible {
  case noCheckpoint(run: String, step: Int, kept: [Int])
  case teacher(task: String, setting: String)
  case nothingLeft(run: String, step: Int, steps: Int)

  package var description: String {
    switch self {
    case .noCheckpoint(let run, let step, let kept):
      "\(run): expected a checkpoint of step \(step), found those of steps "
        + "\(kept.isEmpty ? "none" : kept.map(String.init).joined(separator: ", ")); give --step one of them"
    case .teacher(let task, let setting):
      "--set \(setting): a branch goes on with the target encoder of its checkpoint, and takes no teacher for task "
        + "\"\(task)\"; leave the setting out, or begin a new run with the teacher"
    case .nothingLeft(let run, let step, let steps):
      "\(run): the checkpoint is of step \(step), and the new run would end at step \(steps); give an earlier "
        + "--step, or more with --set training.steps=N"
    }
  }
}
