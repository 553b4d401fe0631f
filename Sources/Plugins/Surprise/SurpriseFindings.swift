import CoreTensor
import Imaging
import Metrics
import WorldModel

/// One test radiograph's maps and what they have shown.
struct SurpriseCase {
  /// In the source.
  let index: Int
  let record: RadiographRecord
  /// By subject, in raster order; those of hidden patches less the usual map where that is asked for.
  let maps: [MapSubject: [Float]]
  /// By subject, the mean of the map before anything was subtracted.
  let errors: [MapSubject: Double]
  /// By finding, then subject, where it has a mask.
  let pixels: [String: [MapSubject: PixelScores]]
  /// By finding, the share of its pixels.
  let chances: [String: Double]
}

/// What maps of all test radiographs have shown.
struct SurpriseFindings {
  let settings: SurpriseSettings
  let reference: SurpriseReference
  /// Sorted.
  let findings: [String]
  private(set) var cases: [SurpriseCase] = []

  init(_ settings: SurpriseSettings, _ reference: SurpriseReference, findings: [String]) {
    (self.settings, self.reference, self.findings) = (settings, reference, findings)
  }

  /// - Throws: `MetricError` where an error is not finite.
  mutating func add(_ radiographs: [ReadRadiograph], _ maps: [MapSubject: [[Float]]]) throws {
    let (reference, centering) = (reference, settings.centering)
    let gridSize = Int(Double(maps.values.first![0].count).squareRoot())
    let results = Compute.map(radiographs.count) { index in
      Result { () throws -> SurpriseCase in
        var own: [MapSubject: [Float]] = [:]
        for subject in reference.subjects where subject != .place {
          let map = maps[subject]![index]
          own[subject] = reference.beyondUsual(map, subject, centering)
        }
        if !reference.means.isEmpty { own[.place] = reference.means[reference.subjects[0]]! }
        let radiograph = radiographs[index]
        var pixels: [String: [MapSubject: PixelScores]] = [:]
        for finding in radiograph.masks.keys {
          for subject in reference.subjects {
            pixels[finding, default: [:]][subject] = try PixelScores(
              own[subject]!, gridSize: gridSize, finding, radiograph.masks)
          }
        }
        return SurpriseCase(
          index: radiograph.index, record: radiograph.record, maps: own,
          errors: maps.mapValues { Double($0[index].reduce(0, +)) / Double($0[index].count) },
          pixels: pixels,
          chances: Dictionary(
            uniqueKeysWithValues: radiograph.masks.keys.map {
              ($0, PixelScores.chance($0, radiograph.masks)!)
            }))
      }
    }
    cases += try results.map { try $0.get() }
  }

  /// - Throws: `SurpriseError` where no radiograph could be used.
  func result(_ input: ModelEvaluationInput) throws -> EvaluationResult {
    guard !cases.isEmpty else {
      throw SurpriseError("no test radiograph could be decoded; see the warnings above")
    }
    let seed = input.seed &+ settings.seed &* 0x9E37_79B9_7F4A_7C15
    let summary = SurpriseSummary(self, seed: seed)
    let (metrics, tables) = try summary.tables()
    let sheet = try SurpriseSheet(self, count: settings.pictures).sheet(input)
    return EvaluationResult(
      metrics, summary: summary.summaryKey(metrics), tables: tables,
      sheets: sheet.map { ["surprise": $0] } ?? [:],
      notes: summary.notes + (sheet == nil ? [] : ["surprise.png: where radiographs are surprising"]),
      predictions: summary.predictions())
  }
}
