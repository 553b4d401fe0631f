import CoreTensor
import Metrics
import WorldModel

/// Figures of all maps, finding by finding.
struct SurpriseSummary {
  private let found: SurpriseFindings
  private let bootstrap: Bootstrap?

  init(_ found: SurpriseFindings, seed: UInt64) {
    self.found = found
    let resamples = found.settings.resamples
    bootstrap =
      resamples > 0
      ? Bootstrap(groups: found.cases.map(\.record.patientKey), resamples: resamples, seed: seed) : nil
  }

  /// One number of a whole map.
  enum Pooling: String, CaseIterable {
    case mean
    case maximum

    func callAsFunction(_ map: [Float]) -> Double {
      self == .mean ? Double(map.reduce(0, +)) / Double(map.count) : Double(map.max()!)
    }
  }

  private static let pixelNames = ["pixel AUROC", "pixel AUPRC"]
  private static let chance = "chance"

  private var subjects: [MapSubject] { found.reference.subjects }
  private var cases: [SurpriseCase] { found.cases }

  /// Findings with masks in a test radiograph.
  private var marked: [String] {
    found.findings.filter { finding in cases.contains { !($0.pixels[finding] ?? [:]).isEmpty } }
  }

  /// Findings that some test radiographs have and others have not.
  private var labelled: [String] {
    found.findings.filter { finding in
      let labels = cases.compactMap { $0.record.label(of: finding) }
      return labels.contains(true) && labels.contains(false)
    }
  }

  /// The trained model's own map: of pixels where findings have masks, else of whole radiographs, else its error.
  func summaryKey(_ metrics: [EvaluationMetric]) -> MetricKey {
    let label = subjects[0].label
    let wanted = [
      MetricKey(Self.pixelNames[0], subject: label), MetricKey("AUROC", subject: label + ", mean"),
      MetricKey("mean squared error", subject: label),
    ]
    return wanted.first { key in metrics.contains { $0.key == key } }!
  }

  func tables() throws -> (metrics: [EvaluationMetric], tables: [MetricTable]) {
    var (metrics, tables): ([EvaluationMetric], [MetricTable]) = ([], [])
    for name in Self.pixelNames where !marked.isEmpty {
      let columns = subjects.map { subject in
        (subject.label, marked.map { (name: $0, metric: pixelMetric(name, $0, subject) as any Metric) })
      }
      let own = self.metrics(name, columns)
      metrics += own
      let chances = marked.map { finding in chance(name, finding) }
      metrics += chances
      tables.append(
        table(
          name == Self.pixelNames[0] ? "AUROC over pixels" : "Average precision over pixels", name, marked,
          subjects.map(\.label), marked.map { finding in cases.count { $0.pixels[finding] != nil } },
          chance: chances.map(\.key)))
    }
    for pooling in Pooling.allCases where !labelled.isEmpty {
      let subjects = subjects.filter { $0 != .place }
      let columns = try subjects.map { subject in
        (
          subject.label + ", " + pooling.rawValue,
          try labelled.map {
            (name: $0, metric: try imageMetric($0, subject, pooling) as any Metric)
          }
        )
      }
      metrics += self.metrics("AUROC", columns)
      tables.append(
        table(
          "AUROC over radiographs, by the \(pooling.rawValue) of the map", "AUROC", labelled,
          columns.map(\.0),
          labelled.map { finding in cases.count { $0.record.label(of: finding) == true } },
          titles: subjects.map(\.label)))
    }
    let errors = subjects.filter { $0 != .place }.map { subject in
      EvaluationMetric(
        MetricKey("mean squared error", subject: subject.label),
        cases.reduce(0) { $0 + $1.errors[subject]! } / Double(cases.count))
    }
    tables.append(
      MetricTable(
        "", rows: ["mean squared error"],
        columns: zip(subjects.filter { $0 != .place }, errors).map { .init($0.label, [$1.key]) }))
    return (metrics + errors, tables)
  }

  private func pixelMetric(_ name: String, _ finding: String, _ subject: MapSubject) -> MeanMeasure {
    MeanMeasure(
      cases.map { own in
        own.pixels[finding]?[subject].map {
          name == Self.pixelNames[0] ? $0.auroc : $0.averagePrecision
        }
      })
  }

  private func imageMetric(
    _ finding: String, _ subject: MapSubject, _ pooling: Pooling
  ) throws -> AreaUnderCurve {
    try AreaUnderCurve(
      cases.map { pooling($0.maps[subject]!) }, cases.map { $0.record.label(of: finding) })
  }

  private func chance(_ name: String, _ finding: String) -> EvaluationMetric {
    let shares = cases.compactMap { own in own.pixels[finding] == nil ? nil : own.chances[finding] }
    return EvaluationMetric(
      MetricKey(name, of: finding, subject: Self.chance),
      name == Self.pixelNames[0] ? 0.5 : shares.reduce(0, +) / Double(shares.count))
  }

  /// Of each finding and subject, and of each subject the mean over findings.
  private func metrics(
    _ name: String, _ columns: [(subject: String, figures: [(name: String, metric: any Metric)])]
  ) -> [EvaluationMetric] {
    columns.flatMap { subject, figures -> [EvaluationMetric] in
      let resampled = bootstrap?.resampled(figures.map(\.metric))
      let each = figures.enumerated().map { index, figure in
        EvaluationMetric(
          MetricKey(name, of: figure.name, subject: subject), figure.metric.value!,
          resampled: resampled?[index])
      }
      let mean = each.reduce(0) { $0 + $1.value } / Double(each.count)
      return each
        + [
          EvaluationMetric(MetricKey(name, subject: subject), mean, resampled: resampled.map(Resampled.mean))
        ]
    }
  }

  private func table(
    _ title: String, _ name: String, _ findings: [String], _ subjects: [String], _ counts: [Int],
    titles: [String]? = nil, chance: [MetricKey]? = nil
  ) -> MetricTable {
    MetricTable(
      title, rows: zip(findings, counts).map { "\($0) (\($1))" } + ["mean"],
      columns: subjects.enumerated().map { index, subject in
        MetricTable.Column(
          titles?[index] ?? subject,
          findings.map { MetricKey(name, of: $0, subject: subject) } + [MetricKey(name, subject: subject)],
          isBrief: index > 0)
      } + (chance.map { [MetricTable.Column(Self.chance, $0 + [nil])] } ?? []))
  }

  var notes: [String] {
    let settings = found.settings
    return [
      "a map: the mean squared error of each patch when it is hidden"
        + Self.words(settings.centering),
      marked.isEmpty
        ? "no finding of these radiographs has a mask, so that nothing is said of pixels"
        : "over pixels: the mean over radiographs that have the finding, in brackets how many; pixels of other findings alone "
          + "are left out",
    ]
      + (subjects.contains(.place) && !marked.isEmpty
        ? [
          "place alone: the usual map of \(found.reference.count) radiographs in place of each radiograph's own"
        ] : [])
      + (found.reference.banks.isEmpty
        ? []
        : [
          "nearest patch: the distance of a patch's features, when all is seen, from the nearest patch of these "
            + "radiographs; untrained: by features of the untrained encoder"
        ])
  }

  private static func words(_ centering: Centering) -> String {
    switch centering {
    case .none: ""
    case .place: ", less what is usual at its place"
    case .standardized: ", less what is usual at its place, over the deviation there"
    }
  }

  /// For each subject, what it found of each radiograph.
  func predictions() -> [PredictionTable] {
    let radiographs = cases.map { PredictionTable.Radiograph($0.record) }
    let pixels = subjects.compactMap { subject -> PredictionTable? in
      guard !marked.isEmpty else { return nil }
      return PredictionTable(
        subject: subject.label, radiographs: radiographs,
        columns: Self.pixelNames.flatMap { name in
          marked.map { .measure("\(name) of \($0)", values: pixelMetric(name, $0, subject).values) }
        })
    }
    let images = subjects.filter { $0 != .place }.flatMap { subject in
      Pooling.allCases.compactMap { pooling -> PredictionTable? in
        guard !labelled.isEmpty else { return nil }
        let scores = cases.map { pooling($0.maps[subject]!) }
        return PredictionTable(
          subject: subject.label + ", " + pooling.rawValue, radiographs: radiographs,
          columns: labelled.map { finding in
            .scores(of: finding, truth: cases.map { $0.record.label(of: finding) }, scores: scores)
          })
      }
    }
    return pixels + images
  }
}
