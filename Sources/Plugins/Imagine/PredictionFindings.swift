import CoreTensor
import Imagining
import Metrics
import Imagining
import WorldModel

/// What predictions of all groups have shown.
struct PredictionFindings {
  /// By whom a target is predicted.
  enum Subject: String, CaseIterable {
    case trained
    case untrained
    case pixels = "plain pixels"
  }

  private struct Lists {
    /// A list for each prediction, and the place of its true target.
    var distances: [[Double]] = []
    var truth: [Int] = []
    var spreads: [Double] = []
    /// Whose radiograph each list is of.
    var patients: [String] = []
  }

  /// Radiographs of a group, less those that could not be used.
  let size: Int
  private var lists: [TargetKind: [Subject: Lists]] = [:]

  init(size: Int) { self.size = size }

  mutating func add(_ group: PredictionGroup, trained: PredictedFeatures, untrained: PredictedFeatures) {
    for (index, supervision) in group.batch.supervisions.enumerated() {
      let kind = TargetKind(supervision)
      let scores: [Subject: PredictionScores] = [
        .trained: PredictionScores(group, trained, supervision: index),
        .untrained: PredictionScores(group, untrained, supervision: index),
        .pixels: PredictionScores(pixelsOf: group, supervision: index),
      ]
      for (subject, own) in scores {
        var lists = self.lists[kind, default: [:]][subject] ?? Lists()
        lists.distances += own.distances
        lists.truth += own.distances.indices
        lists.spreads += own.spreads
        lists.patients += group.records.map(\.patientKey)
        self.lists[kind, default: [:]][subject] = lists
      }
    }
  }

  private static func explained(_ kind: TargetKind?, _ subject: Subject) -> MetricKey {
    MetricKey("explained variance", of: kind?.rawValue, subject: subject.rawValue)
  }
  private static func recall(_ place: Int, _ kind: TargetKind, _ subject: String) -> MetricKey {
    MetricKey("recall@\(place)", of: kind.rawValue, subject: subject)
  }
  private static let chance = "chance"

  /// - Throws: `ImagineError` where no radiograph could be used, `MetricError` where a feature is no number.
  func result(resamples: Int, seed: UInt64, sheets: [String: PictureSheet]) throws -> EvaluationResult {
    let kinds = TargetKind.allCases.filter { lists[$0] != nil }
    guard !kinds.isEmpty else {
      throw ImagineError("no test radiograph could be decoded; see the warnings above")
    }
    var metrics: [EvaluationMetric] = []
    for subject in [Subject.trained, .untrained] {
      let all = kinds.compactMap { lists[$0]?[subject] }
      metrics.append(
        EvaluationMetric(Self.explained(nil, subject), Self.explained(all)))
      metrics += zip(kinds, all).map { EvaluationMetric(Self.explained($0, subject), Self.explained([$1])) }
    }
    for kind in kinds {
      for subject in Subject.allCases {
        metrics += try recalls(kind, subject, resamples: resamples, seed: seed)
      }
      metrics += ImagineEvaluation.places.map {
        EvaluationMetric(Self.recall($0, kind, Self.chance), RecallAtK.chance($0, candidates: size))
      }
    }
    return EvaluationResult(
      metrics, summary: Self.explained(nil, .trained), tables: [table(kinds)], sheets: sheets,
      notes: [
        "explained variance: of target features over radiographs at each place, beyond their mean there; "
          + "recall: the radiograph's own target among those of \(size)",
        "plain pixels: each patch as grey as the nearest visible one",
      ]
        + (sheets.isEmpty ? [] : ["imagined.png: what is seen, what is predicted, and what is true"]))
  }

  /// Share of the spread that predictions explain; 0 where targets do not differ at all, as collapsed ones.
  private static func explained(_ lists: [Lists]) -> Double {
    let error = lists.reduce(0) { sum, own in
      sum + zip(own.distances, own.truth).reduce(0) { $0 + $1.0[$1.1] }
    }
    let spread = lists.reduce(0) { $0 + $1.spreads.reduce(0, +) }
    return spread > 1e-9 * Double(lists.count) ? 1 - error / spread : 0
  }

  private func recalls(
    _ kind: TargetKind, _ subject: Subject, resamples: Int, seed: UInt64
  ) throws -> [EvaluationMetric] {
    guard let own = lists[kind]?[subject] else { return [] }
    let recalls = try ImagineEvaluation.places.map {
      try RecallAtK($0, distances: own.distances, truth: own.truth)
    }
    let resampled =
      resamples > 0
      ? Bootstrap(groups: own.patients, resamples: resamples, seed: seed).resampled(recalls) : []
    return recalls.enumerated().map { index, recall in
      EvaluationMetric(
        Self.recall(recall.k, kind, subject.rawValue),
        recall.value(weights: [Int32](repeating: 1, count: recall.count)) ?? 0,
        resampled: resampled.isEmpty ? nil : resampled[index])
    }
  }

  private func table(_ kinds: [TargetKind]) -> MetricTable {
    let rows = kinds.flatMap { kind in
      ["explained variance, \(kind.rawValue)"]
        + ImagineEvaluation.places.map { "recall@\($0), \(kind.rawValue)" }
    }
    func column(_ subject: String, _ explains: Subject?) -> MetricTable.Column {
      MetricTable.Column(
        subject,
        kinds.flatMap { kind in
          [explains.map { Self.explained(kind, $0) }]
            + ImagineEvaluation.places.map { Self.recall($0, kind, subject) }
        })
    }
    return MetricTable(
      "", rows: rows,
      columns: [
        column(Subject.trained.rawValue, .trained), column(Subject.untrained.rawValue, .untrained),
        column(Subject.pixels.rawValue, nil), column(Self.chance, nil),
      ])
  }
}
