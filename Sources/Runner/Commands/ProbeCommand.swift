import WorldModel

extension Command {
  /// Linear probes and nearest neighbours on a run's frozen features.
  static let probe = Command(
    name: "probe",
    summary:
      "Linear probes and nearest neighbours on frozen features, beside random encoder and plain pixels",
    options: [CommandOption("--json", help: "One line of JSON.")] + JudgedRun.options,
    arguments: [CommandArgument("RUN", help: "The run's folder.")],
    examples: [
      CommandExample("chex-runner probe runs/first", "on the run's own films, of patients that it never saw"),
      CommandExample(
        "chex-runner probe runs/first --data vindr:FOLDER --label \"Pleural effusion,Cardiomegaly\"",
        "on another collection, two findings"),
      CommandExample(
        "chex-runner probe runs/first --set probes.neighbours=50 --set probes.resamples=10000",
        "options of the plugin"),
    ],
    run: { arguments in
      let judged = try JudgedRun(arguments, evaluation: ProbeReport.evaluation)
      guard let found = try RunEvaluation(judged).run(ProbeReport.evaluation, out: nil) else { return 130 }
      let report = ProbeReport(found, findings: try judged.findingNames())
      if arguments.has("--json") {
        try Output.printJson(report)
      } else {
        Output.print(report.text(for: Terminal.current()))
      }
      return 0
    })
}

/// Figures of the plugin `probes`, by finding.
struct ProbeReport: Codable {
  static let evaluation = "probes"

  /// AUROC of each subject, with intervals.
  struct Areas: Codable {
    let trained: EvaluationReport.Row.Value
    let random: EvaluationReport.Row.Value?
    let pixels: EvaluationReport.Row.Value?
    /// Trained less random, paired by resample.
    let difference: EvaluationReport.Row.Value?

    init(_ row: EvaluationReport.Row) {
      (trained, random, pixels, difference) = (row.trained, row.random, row.pixels, row.difference)
    }

    var texts: [String] { [trained, random, pixels, difference].map { $0?.text ?? "" } }
  }

  struct Finding: Codable {
    let name: String
    /// Of the test films of which the finding is known.
    let positives: Int
    let films: Int
    let linear: Areas
    let neighbours: Areas
  }

  let run: String
  let step: Int
  let films: String
  let trainFilms: Int
  let validationFilms: Int
  let testFilms: Int
  let findings: [Finding]
  /// Means over findings.
  let linear: Areas?
  let neighbours: Areas?
  /// Findings with too few cases.
  let leftOut: [String]
  private let heading: String

  /// - Parameter findings: those that were to be judged.
  init(_ report: EvaluationReport, findings names: [String]) {
    let rows = Dictionary(uniqueKeysWithValues: report.figures.map { ($0.name, $0) })
    findings = names.compactMap { name in
      guard let linear = rows["linear AUROC of \(name)"], let neighbours = rows["k-NN AUROC of \(name)"],
        let positives = rows["test positives of \(name)"], let films = rows["test films of \(name)"]
      else { return nil }
      return Finding(
        name: name, positives: Int(positives.trained.value), films: Int(films.trained.value),
        linear: Areas(linear), neighbours: Areas(neighbours))
    }
    linear = rows["mean linear AUROC"].map(Areas.init)
    neighbours = rows["mean k-NN AUROC"].map(Areas.init)
    let probed = Set(findings.map(\.name))
    leftOut = names.filter { !probed.contains($0) }
    (run, step, films, heading) = (report.run, report.step, report.films, report.heading)
    (trainFilms, validationFilms, testFilms) = (report.trainFilms, report.validationFilms, report.testFilms)
  }

  func text(for terminal: Terminal) -> String {
    var text =
      heading + "\n\n" + table("linear probe, AUROC", \.linear, linear, terminal) + "\n"
      + table("nearest neighbours, AUROC", \.neighbours, neighbours, terminal)
    if !leftOut.isEmpty {
      text +=
        "\nleft out, since fewer than 8 films with or without them are there to learn from, or 4 to test "
        + "on: \(leftOut.joined(separator: ", "))\n"
    }
    return text
  }

  private func table(
    _ title: String, _ areas: (Finding) -> Areas, _ mean: Areas?, _ terminal: Terminal
  ) -> String {
    var table = TextTable(
      columns: [.init(title)]
        + ["trained", "random encoder", "plain pixels", "trained − random", "positives", "films"]
        .map { .init($0, .right) })
    for finding in findings {
      table.add([finding.name] + areas(finding).texts + ["\(finding.positives)", "\(finding.films)"])
    }
    if let mean { table.add(["mean"] + mean.texts + ["", ""]) }
    return table.text(for: terminal)
  }
}
