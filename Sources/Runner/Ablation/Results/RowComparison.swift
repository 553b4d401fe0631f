import Foundation
import Runs
import Training

/// Which rows were trained alike but for what the table varies, seed by seed.
struct RowComparison {
  /// Why each row is not compared; nil where it is.
  let refusals: [String?]
  /// What the table itself makes unequal.
  private(set) var notes: [String] = []

  /// Settings that decide where and how fast a run computes, and nothing of what comes out.
  private static let indifferent: Set = [
    "run.out", "run.threads", "run.loader_threads", "data.cache_mib", "training.checkpoint_activations",
    "training.checkpoint_every_steps", "training.keep_checkpoints",
  ]

  /// - Throws: `StorageError` where a run's files are damaged.
  init(_ plan: AblationPlan) throws {
    var refusals: [String?] = []
    var unequal: [String] = []
    for (index, row) in plan.table.rows.enumerated() {
      let varied = Set((row.assignments + plan.table.rows[0].assignments).map(\.key))
      unequal += varied.filter(Self.decidesAmount)
      refusals.append(try Self.refusal(plan, row: index, varied: varied))
    }
    self.refusals = refusals
    let keys = Set(unequal).sorted()
    if !keys.isEmpty {
      notes.append(
        "rows differ in \(keys.joined(separator: ", ")), as the table has it: they did not see the same radiographs as often"
      )
    }
  }

  private static func decidesAmount(_ key: String) -> Bool {
    key.hasPrefix("data.")
      || ["training.steps", "training.epochs", "training.batch_size", "training.accumulation"].contains(key)
  }

  private static func refusal(_ plan: AblationPlan, row: Int, varied: Set<String>) throws -> String? {
    for seed in plan.seeds {
      guard let own = try run(plan, row, seed), let first = try run(plan, 0, seed) else { continue }
      if own.seed != "\(seed)" { return "seed \(seed): the run in \(own.folder.path) has seed \(own.seed)" }
      for setting in plan.table.rows[row].assignments
      where own.settings[setting.key].map({
        $0 != setting.value && Double($0) != Double(setting.value) ?? .nan
      }) ?? true {
        return
          "seed \(seed): \(setting.key) is \(own.settings[setting.key] ?? "not set"), the table has \(setting.value)"
      }
      let different = RunSettings.differences([first.settings, own.settings])
        .filter { !varied.contains($0) && !indifferent.contains($0) }
      if let key = different.first {
        return "seed \(seed): \(key) is \(own.settings[key] ?? "not set"), of the first row "
          + "\(first.settings[key] ?? "not set")"
      }
      if let one = own.split, let other = first.split, one != other, !varied.contains(where: decidesAmount) {
        return "seed \(seed): trained on other radiographs, checksum \(one), of the first row \(other)"
      }
      if own.steps != first.steps && !varied.contains(where: decidesAmount) {
        return "seed \(seed): \(own.steps) steps, of the first row \(first.steps)"
      }
    }
    return nil
  }

  private struct Run {
    let folder: RunFolder
    let settings: RunSettings
    let steps: Int
    /// Checksum of which radiographs are pre-trained on and which held out; nil in runs of earlier versions.
    let split: String?
    var seed: String { settings["run.seed"] ?? "0" }
  }

  /// A finished run; nil where it is missing or not finished.
  private static func run(_ plan: AblationPlan, _ row: Int, _ seed: Int) throws -> Run? {
    guard let cell = plan.cells.first(where: { $0.row == row && $0.seed == seed }) else { return nil }
    let folder = RunFolder(path: cell.run)
    guard folder.has(.summary) else { return nil }
    return Run(
      folder: folder, settings: try RunSettings(of: folder), steps: try RunSummary(of: folder).steps,
      split: try RunVersions(of: folder).split?.checksum)
  }
}
