import CoreTensor
import Metrics
import WorldModel

/// The evaluation at work: searches readings, measures them, and says what was found.
struct CorrespondenceWork {
  static let trained = "trained"
  static let random = "random"
  private static let asInPaper = "as in the paper"
  private static let best = "best reading"
  private static let windows = "windows of pixels"

  let settings: CorrespondenceSettings
  let input: ModelEvaluationInput
  let test: [MarkedRadiograph]
  /// Radiographs whose means at each place are taken.
  let others: [MarkedRadiograph]

  /// A way to find landmarks, and its errors.
  private struct Row {
    let subject: String
    let errors: PairErrors
  }

  func result(
    _ readers: [(name: String, reader: TokenReader)], landmarks: [String]
  ) throws -> EvaluationResult {
    let matching = Matching(test)
    var rows = guesses(matching)
    let search = try search()
    rows += windowRows(matching, search)
    var (notes, tables): ([String], [(encoder: String, scores: [ReadingSearch.Score])]) = ([], [])
    var sheets: [String: PictureSheet] = [:]
    for (name, reader) in readers.reversed() {
      let paper = Reading(
        parts: [.init(layer: reader.depth, enlargement: 1, density: 1, centering: 0)], penalty: 0)
      var readings = [(words: Self.asInPaper, reading: paper)]
      if let search {
        let scores = try search.scores(reader, name: name)
        tables.append((name, scores))
        if let best = ReadingSearch.best(scores) {
          readings.append((Self.best, best.reading))
          notes.append("\(name), \(Self.best): \(best.reading)")
        }
      }
      for (words, reading) in readings {
        let maps = DistanceMaps(
          matching: matching, parts: try reading.parts.map { try representation(reader, $0) })
        let errors = matching.errors(side: settings.pixels, penalties: [reading.penalty]) { maps($0) }
        rows.append(Row(subject: "\(name), \(words)", errors: errors[0]))
        if settings.pictures > 0 && (name == Self.trained || words == Self.asInPaper) {
          sheets[name + (words == Self.best ? "-best" : "")] = CorrespondenceSheet(
            maps: maps, side: settings.pixels,
            title: "Where a landmark's features are found again: \(name), \(words)", reading: reading
          ).sheet(landmarks, pictures: settings.pictures)
        }
      }
    }
    if !tables.isEmpty { try input.workspace.write(ReadingSearch.table(tables), named: "search.csv") }
    return result(rows, landmarks, notes: notes, sheets: sheets)
  }

  private func guesses(_ matching: Matching) -> [Row] {
    [
      Row(subject: "same place", errors: matching.errors { query, _ in query.place }),
      Row(
        subject: "mean place",
        errors: matching.errors { query, test in matching.meanPlace(query.landmark, without: test) }),
    ]
  }

  /// Windows of pixels with and without the penalty that finds most on the searched radiographs.
  private func windowRows(_ matching: Matching, _ search: ReadingSearch?) -> [Row] {
    var penalties = [0.0]
    if let search {
      let candidates = settings.penalties.filter { $0 > 0 }
      let errors = windowErrors(search.matching, penalties: candidates)
      let found = errors.map { PairMetric(kind: .withinFivePercent, errors: $0).value ?? 0 }
      if let most = found.max() { penalties.append(candidates[found.firstIndex(of: most)!]) }
    }
    return zip(penalties, windowErrors(matching, penalties: penalties)).map { penalty, errors in
      Row(
        subject: penalty == 0 ? Self.windows : "\(Self.windows), distance penalty", errors: errors)
    }
  }

  private func windowErrors(_ matching: Matching, penalties: [Double]) -> [PairErrors] {
    let maps = DistanceMaps(
      matching: matching, parts: [Representation(windowsOf: matching.radiographs)])
    return matching.errors(side: PixelWindows.side, penalties: penalties) { maps($0) }
  }

  /// Nil where no reading is searched, of which the user is told.
  private func search() throws -> ReadingSearch? {
    guard settings.searched > 0 else { return nil }
    let side = settings.side(input.model.shape.encoder.imageSize)
    var radiographs = try MarkedRadiograph.among(
      input.validation, atMost: settings.searched, of: input, side: side)
    if radiographs.count < settings.searched {
      radiographs += try MarkedRadiograph.among(
        input.train, atMost: settings.searched - radiographs.count, of: input, side: side)
    }
    guard radiographs.count > 1 else {
      try input.workspace.warn(
        "no reading is searched: of the validation and training radiographs \(radiographs.count) have landmarks, and two "
          + "are needed; encoders are read as in the paper alone")
      return nil
    }
    try input.workspace.note("readings are searched on \(radiographs.count) other radiographs")
    return ReadingSearch(
      settings: settings, matching: Matching(radiographs), others: others, workspace: input.workspace)
  }

  private func representation(_ reader: TokenReader, _ part: Reading.Part) throws -> Representation {
    guard let encoded = reader.tokens(test, meanOf: others, [part.layer], part.enlargement, part.density)
    else {
      throw CorrespondenceError(
        "the encoder cannot be read at \(part); give --enlargements 1, or --layers of its own")
    }
    return Representation(encoded[part.layer]!, centering: part.centering, side: settings.pixels)
  }

  // MARK: - Figures

  private static func key(_ kind: PairMetric.Kind, of landmark: String? = nil, _ subject: String) -> MetricKey
  {
    let name =
      switch kind {
      case .mean: "mean error"
      case .median: "median error"
      case .withinFivePercent: "PCK@5%"
      }
    return MetricKey(name, of: landmark, subject: subject)
  }

  private func result(
    _ rows: [Row], _ landmarks: [String], notes: [String], sheets: [String: PictureSheet]
  ) -> EvaluationResult {
    let kinds = PairMetric.Kind.allCases
    let figures = rows.flatMap { row in kinds.map { PairMetric(kind: $0, errors: row.errors) } }
    let bootstrap =
      settings.resamples > 0
      ? Bootstrap(
        groups: test.map(\.record.patientKey), resamples: settings.resamples,
        seed: input.seed &+ settings.seed &* 0x9E37_79B9_7F4A_7C15) : nil
    let resampled = bootstrap?.resampled(figures)
    var metrics = figures.enumerated().map { index, figure in
      EvaluationMetric(
        Self.key(figure.kind, rows[index / kinds.count].subject), figure.value ?? 0,
        unit: figure.kind == .withinFivePercent ? "" : "% of width", resampled: resampled?[index])
    }
    for row in rows {
      metrics += landmarks.compactMap { landmark in
        PairMetric(kind: .withinFivePercent, errors: row.errors.of(landmark)).value.map {
          EvaluationMetric(Self.key(.withinFivePercent, of: landmark, row.subject), $0)
        }
      }
    }
    let subjects = rows.map(\.subject)
    let (differences, rowsOfDifferences) = Self.differences(metrics, subjects)
    let summary = Self.key(.withinFivePercent, subjects.last!)
    return EvaluationResult(
      metrics + differences, summary: summary,
      tables: tables(subjects, landmarks, metrics) + rowsOfDifferences,
      sheets: sheets,
      notes: notes + [
        "errors are in percent of the radiograph's width; PCK@5% is the share of pairs within 5%"
      ],
      predictions: rows.map { row in
        PredictionTable(
          subject: row.subject, radiographs: test.map(\.record),
          columns: [
            .measure("PCK@5%", values: row.errors.perTest { $0 <= PairMetric.near ? 1 : 0 }),
            .measure("mean error", values: row.errors.perTest { 100 * $0 }),
          ])
      })
  }

  /// The last way, the best reading of the trained encoder, less those that it must be better than.
  private static func differences(
    _ metrics: [EvaluationMetric], _ subjects: [String]
  ) -> ([EvaluationMetric], [MetricTable]) {
    func metric(_ subject: String) -> EvaluationMetric? {
      metrics.first { $0.key == key(.withinFivePercent, subject) }
    }
    let words = subjects.last!.hasSuffix(best) ? best : asInPaper
    let others = [windows, "\(random), \(words)"]
    guard let own = metric(subjects.last!) else { return ([], []) }
    let found = others.compactMap { other in
      metric(other).map { other in
        EvaluationMetric(
          MetricKey("PCK@5% difference", subject: "\(own.key.subject!) less \(other.key.subject!)"),
          own.value - other.value,
          resampled: own.resampled.flatMap { own in other.resampled.map { own - $0 } })
      }
    }
    return (
      found,
      [
        MetricTable(
          "", rows: found.map { $0.key.subject! }, columns: [.init("PCK@5% difference", found.map(\.key))])
      ]
    )
  }

  /// Every way's figures, and by landmark those of pixels and of both encoders, which the last ways are.
  private func tables(
    _ subjects: [String], _ landmarks: [String], _ metrics: [EvaluationMetric]
  ) -> [MetricTable] {
    let known = Set(metrics.map(\.key))
    let kinds: [(String, PairMetric.Kind)] = [
      ("mean error, %", .mean), ("median, %", .median), ("PCK@5%", .withinFivePercent),
    ]
    let words = subjects.last!.hasSuffix(Self.best) ? Self.best : Self.asInPaper
    return [
      MetricTable(
        "", rows: subjects,
        columns: kinds.map { title, kind in
          .init(title, subjects.map { Self.key(kind, $0) }, isBrief: kind == .median)
        }),
      MetricTable(
        "PCK@5% by landmark, encoders read as \(words == Self.best ? "was best" : "in the paper")",
        rows: landmarks,
        columns: [
          (Self.windows, Self.windows), (Self.random, "\(Self.random), \(words)"),
          (Self.trained, "\(Self.trained), \(words)"),
        ].map { title, subject in
          .init(
            title,
            landmarks.map { Self.key(.withinFivePercent, of: $0, subject) }.map {
              known.contains($0) ? $0 : nil
            },
            isBrief: true)
        }),
    ]
  }
}
