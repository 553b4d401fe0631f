import CoreTensor
import Imaging
import Imagining
import Metrics
import WorldModel

/// What pictures of all groups have shown.
struct RCDMFindings {
  /// What a picture was drawn from.
  enum Subject: String, CaseIterable {
    case truth = "from the truth's features"
    case prediction = "from the prediction"
  }

  private struct Lists {
    var distances: [[Double]] = []
    var truth: [Int] = []
    var patients: [String] = []
  }

  private var lists: [TargetKind: [Subject: Lists]] = [:]
  /// Radiographs that a list has, at most.
  private var candidates: [TargetKind: Int] = [:]
  private var energies: [Subject: [Double]] = [:]
  private var trueEnergies: [Double] = []
  private var markedPatients: [String] = []
  private static let places = [1, 5]

  /// Takes the first sample of each region: is the picture, seen by the target encoder, nearest to its own region?
  mutating func add(_ shown: ShownRegions, _ model: WorldModel) throws {
    let pictures: [Subject: [GrayImage]] = [
      .truth: shown.fromTruth[0].compactMap { $0 }, .prediction: shown.fromPrediction[0].compactMap { $0 },
    ]
    for (place, mask) in shown.markers.enumerated() {
      guard let mask else { continue }
      trueEnergies.append(MarkerEnergy.energy(shown.truths[place], mask: mask))
      markedPatients.append(shown.group.records[shown.regions[place].sample].patientKey)
      for subject in Subject.allCases {
        energies[subject, default: []].append(MarkerEnergy.energy(pictures[subject]![place], mask: mask))
      }
    }
    let truths = Self.features(shown.truths, model)
    for subject in Subject.allCases {
      let found = Self.features(pictures[subject]!, model)
      for kind in TargetKind.allCases {
        // The largest region of each radiograph and supervision.
        let all = shown.regions.indices.filter { shown.regions[$0].kind == kind }
        for (_, own) in Dictionary(grouping: all, by: { shown.regions[$0].supervision }).sorted(by: {
          $0.key < $1.key
        }) {
          var seen: Set<Int> = []
          let firsts = own.filter { seen.insert(shown.regions[$0].sample).inserted }
          guard firsts.count > 1 else { continue }
          var lists = self.lists[kind, default: [:]][subject] ?? Lists()
          for (number, place) in firsts.enumerated() {
            lists.distances.append(firsts.map { Self.distance(found[place], truths[$0]) })
            lists.truth.append(number)
            lists.patients.append(shown.group.records[shown.regions[place].sample].patientKey)
          }
          self.lists[kind, default: [:]][subject] = lists
          candidates[kind] = max(candidates[kind] ?? 0, firsts.count)
        }
      }
    }
  }

  /// Pictures as the target encoder sees them by themselves, the mean over their tokens.
  private static func features(_ pictures: [GrayImage], _ model: WorldModel) -> [[Float]] {
    let (side, width) = (model.shape.geometry.imageSize, model.shape.encoder.width)
    return stride(from: 0, to: pictures.count, by: 32).flatMap { start -> [[Float]] in
      let part = pictures[start..<min(start + 32, pictures.count)].map { $0.resized(to: (side, side)) }
      let values = meanTokens(model.targetFeatures(InputNormalization.tensor(part))).values
      return part.indices.map { Array(values[$0 * width..<($0 + 1) * width]) }
    }
  }

  private static func distance(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
  }

  // MARK: Figures

  private static func recall(_ place: Int, _ kind: TargetKind, _ subject: String) -> MetricKey {
    MetricKey("recall@\(place)", of: kind.rawValue, subject: subject)
  }
  private static func kept(_ subject: Subject) -> MetricKey {
    MetricKey("marker energy", subject: subject.rawValue)
  }
  private static let regions = MetricKey("marker regions")

  /// - Throws: `ImagineError` where nothing could be compared, `MetricError` where a feature is no number.
  func result(_ settings: RCDMSettings, seed: UInt64, sheets: [String: PictureSheet]) throws
    -> EvaluationResult
  {
    let kinds = TargetKind.allCases.filter { lists[$0] != nil }
    guard let first = kinds.first else {
      throw rcdmError("fewer than two of the shown radiographs have a region; see the warnings above")
    }
    var metrics: [EvaluationMetric] = []
    for kind in kinds {
      for subject in Subject.allCases.reversed() {
        let own = lists[kind]![subject]!
        let recalls = try Self.places.map { try RecallAtK($0, distances: own.distances, truth: own.truth) }
        metrics += measured(
          zip(recalls, Self.places).map { ($0, Self.recall($1, kind, subject.rawValue)) }, own.patients,
          settings.resamples, seed)
      }
      metrics += Self.places.map {
        EvaluationMetric(
          Self.recall($0, kind, Self.chance), RecallAtK.chance($0, candidates: candidates[kind]!))
      }
    }
    let hasMarkers = trueEnergies.contains { $0 > 0 }
    if hasMarkers {
      metrics += measured(
        Subject.allCases.map { (EnergyRatio(energies: energies[$0]!, truth: trueEnergies), Self.kept($0)) },
        markedPatients, settings.resamples, seed)
      metrics.append(EvaluationMetric(Self.regions, Double(trueEnergies.count), unit: "regions"))
    }
    return EvaluationResult(
      metrics, summary: Self.recall(1, first, Subject.prediction.rawValue),
      tables: [table(kinds, hasMarkers)],
      sheets: sheets,
      notes: notes(hasMarkers) + (sheets.isEmpty ? [] : ["imagined.png: what is seen, true, and drawn"]))
  }

  private static let chance = "chance"

  private func measured(
    _ own: [(metric: any Metric, key: MetricKey)], _ patients: [String], _ resamples: Int, _ seed: UInt64
  ) -> [EvaluationMetric] {
    let resampled =
      resamples > 0
      ? Bootstrap(groups: patients, resamples: resamples, seed: seed).resampled(own.map(\.metric)) : []
    return own.enumerated().map { index, one in
      EvaluationMetric(
        one.key, one.metric.value ?? 0, resampled: resampled.isEmpty ? nil : resampled[index])
    }
  }

  private func notes(_ hasMarkers: Bool) -> [String] {
    let most = candidates.values.max() ?? 0
    return [
      "recall: the picture's own region is nearest (or among the five nearest) of those of \(most) radiographs, all seen by "
        + "the target encoder as pictures by themselves"
    ]
      + (hasMarkers
        ? [
          "marker energy: how far the lateral marker's place is brighter than what is around it, squared, as a share of the "
            + "same in the radiograph; over \(trueEnergies.count) regions that hold a whole marker"
        ] : [])
  }

  private func table(_ kinds: [TargetKind], _ hasMarkers: Bool) -> MetricTable {
    let rows =
      kinds.flatMap { kind in Self.places.map { "recall@\($0), \(kind.rawValue)" } }
      + (hasMarkers ? ["marker energy, share of the truth's"] : [])
    func column(_ title: String, _ subject: Subject?) -> MetricTable.Column {
      MetricTable.Column(
        title,
        kinds.flatMap { kind in Self.places.map { Self.recall($0, kind, title) } }
          + (hasMarkers ? [subject.map(Self.kept)] : []))
    }
    return MetricTable(
      "", rows: rows,
      columns: [
        column(Subject.prediction.rawValue, .prediction), column(Subject.truth.rawValue, .truth),
        column(Self.chance, nil),
      ])
  }
}
