import Evaluations
import Foundation
import Pages
import Training

extension RunSections {
  // MARK: Diagnostics

  var diagnostics: Page.Section {
    let title = of.isEmpty ? "Diagnostics" : of + "Diagnostics"
    let body: Html
    if let trained = run.summary?.trained {
      body = measures(trained, run.summary?.randomEncoder) + findings(trained, run.summary?.randomEncoder)
    } else {
      body = .quiet(
        run.status == .finished
          ? "None: fewer than two radiographs were held out." : "They come with the run's end.")
    }
    let lines = run.diagnostics
    let list =
      lines.isEmpty
      ? Html.empty
      : .details(
        "On the way, \(lines.count) lines of the log",
        .element("ul", [:], lines.map { .element("li", [:], Html($0.text)) }))
    return .init(
      prefix + "diagnostics", title, body + list, isBad: run.summary?.trained?.isCollapsed == true)
  }

  private func measures(_ trained: DiagnosticsReport, _ random: DiagnosticsReport?) -> Html {
    func number(_ value: Double?, _ format: String) -> Html {
      Html(value.map { String(format: format, $0) } ?? "–")
    }
    let rows = [
      [
        "effective rank", number(trained.diagnostics.rank, "%.1f"), number(random?.diagnostics.rank, "%.1f"),
      ],
      [
        "standard deviation of features", number(trained.diagnostics.deviation, "%.4f"),
        number(random?.diagnostics.deviation, "%.4f"),
      ],
      [
        "mean AUROC of the linear probe", number(trained.probe?.mean, "%.3f"),
        number(random?.probe?.mean, "%.3f"),
      ],
    ]
    let columns =
      [PageTable.Column("at step \(trained.step)"), .init("trained", isNumber: true)]
      + [.init("random encoder", isNumber: true)]
    let verdict =
      trained.isCollapsed
      ? Html.verdict("Collapsed: features no longer tell radiographs apart.", .bad) : .empty
    return verdict + PageTable("Features of held-out radiographs", columns, rows).html
      + .quiet("On \(trained.diagnostics.radiographs) held-out radiographs.")
  }

  private func findings(_ trained: DiagnosticsReport, _ random: DiagnosticsReport?) -> Html {
    guard let probe = trained.probe else {
      return .quiet("No labels with enough cases, so no linear probe was made.")
    }
    let other = Dictionary(
      (random?.probe?.findings ?? []).map { ($0.name, $0.areaUnderCurve) },
      uniquingKeysWith: { first, _ in first })
    let rows = probe.findings.map { finding in
      [
        Html(finding.name), Html(String(format: "%.3f", finding.areaUnderCurve)),
        Html(other[finding.name].map { String(format: "%.3f", $0) } ?? "–"), "\(finding.positives)",
        "\(finding.radiographs)",
      ]
    }
    let columns =
      [PageTable.Column("finding")]
      + ["AUROC", "random encoder", "positives", "test radiographs"].map { .init($0, isNumber: true) }
    return PageTable("AUROC of the linear probe by finding", showsCaption: true, columns, rows).html
  }

  // MARK: Evaluations

  var evaluations: Page.Section {
    let title = of.isEmpty ? "Evaluations" : of + "Evaluations"
    guard !run.evaluations.isEmpty else {
      return .init(prefix + "evaluations", title, .quiet("None lies below the run's folder."))
    }
    return .init(prefix + "evaluations", title, run.evaluations.map(evaluation).joined())
  }

  private func evaluation(_ evaluation: ReportedEvaluation) -> Html {
    let name = evaluation.folder.split(separator: "/").last.map(String.init) ?? evaluation.folder
    var body = Html.element("h3", [:], Html(name))
    if let record = evaluation.record {
      let of =
        "\(record.evaluation) at step \(record.step); \(record.source): \(record.trainImages) images to learn from, "
        + (record.validationImages > 0 ? "\(record.validationImages) to choose by, " : "")
        + "\(record.testImages) to test on."
      body = body + .paragraph(Html(of))
      if let metric = record.summaryMetric {
        body =
          body
          + .paragraph(.element("b", [:], Html("\(metric.key): \(metric.trained.text(unit: metric.unit))")))
      }
      body = body + MetricTables(record.metrics, caption: name).html
      if !record.notes.isEmpty {
        body = body + .element("ul", [:], record.notes.map { .element("li", [:], Html($0)) })
      }
    } else {
      body =
        body
        + (evaluation.isFinished
          ? Html.verdict("Its metrics could not be read.", .bad)
          : .verdict("Not finished: there are no metrics yet.", .problem))
    }
    for picture in evaluation.pictures {
      let file = picture.file.split(separator: "/").last.map(String.init) ?? picture.file
      body = body + Self.html(picture, alternative: "\(file) of the evaluation \(name)", caption: file)
    }
    return body + files(evaluation)
  }

  private func files(_ evaluation: ReportedEvaluation) -> Html {
    let items = evaluation.files.map { file in
      Html.element("li", [:], Html("\(file.name), \(max(1, file.bytes / 1024)) KiB"))
    }
    let log =
      evaluation.log.isEmpty
      ? Html.empty : .preformatted(evaluation.log, label: "Log of \(evaluation.folder)")
    guard !items.isEmpty || !log.isEmpty else { return .empty }
    return .details(
      "Log and other files of \(evaluation.folder)", log, items.isEmpty ? .empty : .element("ul", [:], items))
  }
}
