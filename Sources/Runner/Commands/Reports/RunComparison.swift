import Console
import Figures
import Foundation
import Runs
import Training

/// Several runs beside one another: what an ablation comes to.
struct RunComparison {
  /// One part of a loss.
  struct Term: Codable, Equatable {
    let name: String
    /// Of a target's patches, those that it is taken over, mean over steps; nil for a task's own term, and where the
    /// run did not record it.
    let patches: Double?
  }

  struct Row: Codable {
    let run: String
    let tasks: [String]
    let steps: Int
    let isFinished: Bool
    /// Mean of the last tenth of the steps.
    let loss: Double
    let terms: [Term]
    /// Runs of one number have losses that can be compared; from 1.
    let lossGroup: Int
    /// Mean AUROC of the linear probe, of the trained and of the random encoder; nil without a probe.
    let probe: Double?
    let randomProbe: Double?
    /// Effective rank of held-out features.
    let rank: Double?
    let imagesPerSecond: Double
    /// The step since which features have been falling where the run collapsed and did not recover; nil where it did
    /// not, and where nobody looked.
    let collapsedSince: Int?
    /// Settings that are not the same in all runs, as this one has them.
    let settings: [String: String]
  }

  let rows: [Row]
  private let curves: [LineChart.Series]
  /// Settings that differ, in their order.
  private let differences: [String]
  private let losses: LossGroups

  /// - Parameter paths: folders of runs, finished or not.
  /// - Throws: `StorageError` naming the folder that holds no run, or the file that is damaged.
  init(_ paths: [String]) throws {
    let names = Self.names(paths)
    let folders = try paths.map { try RunFolder.open(at: $0) }
    let settings = try folders.map(RunSettings.init)
    let lines = try folders.map(MetricsLog.lines)
    let differences = RunSettings.differences(settings)
    let losses = LossGroups(names, settings, lines.map(Self.terms), differences)
    (self.differences, self.losses) = (differences, losses)
    rows = try folders.indices.map { index in
      let folder = folders[index]
      let summary = try RunSummary(of: folder)
      return Row(
        run: names[index], tasks: settings[index].tasks, steps: summary.steps,
        isFinished: folder.has(.summary), loss: summary.lastLoss, terms: losses.terms[index],
        lossGroup: losses.numbers[index], probe: summary.trained?.probe?.mean,
        randomProbe: summary.randomEncoder?.probe?.mean, rank: summary.trained?.diagnostics.rank,
        imagesPerSecond: summary.imagesPerSecond, collapsedSince: summary.collapsedSince,
        settings: Dictionary(
          uniqueKeysWithValues: differences.compactMap { key in settings[index][key].map { (key, $0) } }))
    }
    curves = zip(names, lines).map { name, lines in
      let points = lines.compactMap { fields -> Point? in
        guard let step = fields["step"] as? Double, let loss = fields["loss"] as? Double else { return nil }
        return Point(step, loss)
      }
      return LineChart.Series(name: name, points: points, isSmoothed: true)
    }
  }

  static func terms(_ lines: [[String: Any]]) -> [Term] {
    let names = (lines.first?.keys).map(Array.init) ?? []
    return names.filter(MetricsLog.isLossTerm).sorted().map { name in
      let counts = lines.compactMap { $0["patches." + name] as? Double }
      return Term(
        name: name, patches: counts.isEmpty ? nil : counts.reduce(0, +) / Double(counts.count))
    }
  }

  /// The last part of each path, with as many before it as tell them apart.
  static func names(_ paths: [String]) -> [String] {
    let parts = paths.map { URL(fileURLWithPath: $0).pathComponents.filter { $0 != "/" } }
    for count in 1...max(1, parts.map(\.count).max() ?? 1) {
      let names = parts.map { $0.suffix(count).joined(separator: "/") }
      if Set(names).count == names.count { return names }
    }
    return paths
  }

  func table(for terminal: Terminal) -> String {
    let collapsed = rows.filter { $0.collapsedSince != nil }
    var table = TextTable(
      columns: [.init("run"), .init("tasks")]
        + ["steps", "loss", "patches", "probe AUROC", "random encoder", "effective rank", "images/s"]
        .map { .init($0, .right) } + (collapsed.isEmpty ? [] : [.init("collapsed")]))
    func text(_ value: Double?, _ format: String) -> String {
      value.map { String(format: format, $0) } ?? "-"
    }
    for row in rows {
      table.add(
        [
          row.run, row.tasks.joined(separator: ","), "\(row.steps)" + (row.isFinished ? "" : " so far"),
          text(row.loss, "%.4f"), LossGroups.total(row.terms), text(row.probe, "%.3f"),
          text(row.randomProbe, "%.3f"), text(row.rank, "%.1f"), text(row.imagesPerSecond, "%.1f"),
        ] + (collapsed.isEmpty ? [] : [row.collapsedSince.map { "since step \($0)" } ?? "no"]))
    }
    return [table.text(for: terminal), losses.text, settingsTable(for: terminal)]
      .compactMap { $0.nonEmpty }.joined(separator: "\n")
  }

  private func settingsTable(for terminal: Terminal) -> String {
    let keys = differences.filter { $0 != "run.tasks" }
    guard !keys.isEmpty else { return "" }
    var table = TextTable(columns: [.init("setting that differs")] + rows.map { .init($0.run) })
    for key in keys { table.add([key] + rows.map { $0.settings[key] ?? "-" }) }
    return table.text(for: terminal)
  }

  var chart: LineChart {
    LineChart(
      title: "Loss of \(rows.count) runs",
      subtitle: losses.count > 1
        ? "losses of \(losses.count) kinds, which cannot be compared; faint: each step"
        : "prediction error of all terms; faint: each step",
      xLabel: "step", yLabel: "loss", series: curves)
  }
}
