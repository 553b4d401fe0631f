/// Recall of the domain sensitivity test as a table: a row for each k, a column for each way to predict.
struct SensitivityReport {
  let report: EvaluationReport

  init(_ report: EvaluationReport) { self.report = report }

  private static let recall = "recall@"
  private static let chance = "chance recall@"
  private static let error = "error "

  func text(for terminal: Terminal) -> String {
    let recalls = report.figures.filter { $0.name.hasPrefix(Self.recall) }.map { row in
      let parts = row.name.dropFirst(Self.recall.count).split(separator: " ", maxSplits: 1)
      return (place: String(parts[0]), subject: parts.count > 1 ? String(parts[1]) : "", row: row)
    }
    let subjects = recalls.reduce(into: [String]()) { all, own in
      if !all.contains(own.subject) { all.append(own.subject) }
    }
    let places = recalls.filter { $0.subject == subjects.first }.map(\.place)
    var table = TextTable(
      columns: [.init("")] + subjects.map { .init($0, .right) } + [.init("chance", .right)])
    for place in places {
      let cells = subjects.map { subject in
        recalls.first { $0.place == place && $0.subject == subject }?.row.trained.text ?? ""
      }
      table.add([Self.recall + place] + cells + [figure(Self.chance + place)])
    }
    table.add(["mean squared error"] + subjects.map { figure(Self.error + $0) } + [""])
    let ratios = report.figures.filter { $0.name.hasPrefix("ratio ") }.map {
      "\($0.name), with a over without a: \($0.trained.text)\n"
    }
    return report.heading + "\n\n" + table.text(for: terminal) + "\n" + ratios.joined()
      + (report.out.map { "ranked rows, places and figures: \($0)" } ?? "")
  }

  private func figure(_ name: String) -> String {
    report.figures.first { $0.name == name }?.trained.text ?? ""
  }
}
