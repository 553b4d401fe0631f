import Foundation

/// Several runs beside one another: what an ablation comes to.
struct RunComparison {
  struct Row: Codable {
    let run: String
    let steps: Int
    let isFinished: Bool
    /// Mean of the last tenth of the steps.
    let loss: Double
    /// Mean AUROC of the linear probe, of the trained and of the random encoder; nil without a probe.
    let probe: Double?
    let randomProbe: Double?
    /// Effective rank of held-out features.
    let rank: Double?
    let filmsPerSecond: Double
  }

  let rows: [Row]
  private let curves: [LineChart.Series]

  /// - Parameter paths: folders of runs, finished or not.
  /// - Throws: `StorageError` naming the folder that holds no run, or the file that is damaged.
  init(_ paths: [String]) throws {
    let names = Self.names(paths)
    var rows: [Row] = []
    var curves: [LineChart.Series] = []
    for (name, path) in zip(names, paths) {
      let folder = try RunFolder.open(at: path)
      let summary = try RunSummary(of: folder)
      rows.append(
        Row(
          run: name, steps: summary.steps, isFinished: folder.has(.summary), loss: summary.lastLoss,
          probe: summary.trained?.probe?.mean, randomProbe: summary.randomEncoder?.probe?.mean,
          rank: summary.trained?.health.rank, filmsPerSecond: summary.filmsPerSecond))
      let points = try MetricsLog.lines(of: folder).compactMap { fields -> Point? in
        guard let step = fields["step"] as? Double, let loss = fields["loss"] as? Double else { return nil }
        return Point(step, loss)
      }
      curves.append(LineChart.Series(name: name, points: points, isSmoothed: true))
    }
    (self.rows, self.curves) = (rows, curves)
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
    var table = TextTable(columns: [
      .init("run"), .init("steps", .right), .init("loss", .right), .init("probe AUROC", .right),
      .init("random encoder", .right), .init("effective rank", .right), .init("films/s", .right),
    ])
    func text(_ value: Double?, _ format: String) -> String {
      value.map { String(format: format, $0) } ?? "-"
    }
    for row in rows {
      table.add([
        row.run, "\(row.steps)" + (row.isFinished ? "" : " so far"), text(row.loss, "%.4f"),
        text(row.probe, "%.3f"), text(row.randomProbe, "%.3f"), text(row.rank, "%.1f"),
        text(row.filmsPerSecond, "%.1f"),
      ])
    }
    return table.text(for: terminal)
  }

  var chart: LineChart {
    LineChart(
      title: "Loss of \(rows.count) runs", subtitle: "prediction error of all terms; faint: each step",
      xLabel: "step", yLabel: "loss", series: curves)
  }
}
