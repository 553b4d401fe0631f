import CoreTensor
import Foundation
import WorldModel

/// Which reading finds the most landmarks, on radiographs other than those that are reported.
struct ReadingSearch {
  /// A reading and what it found.
  struct Score: Sendable, Equatable, Codable {
    let reading: Reading
    /// PCK@5%.
    let found: Double
    /// In percent of the width.
    let meanError: Double
  }

  let settings: CorrespondenceSettings
  let matching: Matching
  /// Radiographs whose means at each place are taken away.
  let others: [MarkedRadiograph]
  let workspace: any EvaluationWorkspace

  /// Every reading's score.
  /// - Parameter name: of the encoder, under which work is kept.
  /// - Throws: `EvaluationStopped` where the user asked to stop; what was tried is kept.
  func scores(_ reader: TokenReader, name: String) throws -> [Score] {
    let key = "search-\(name)"
    var done: [[Score]] = []
    if let kept = try workspace.restore(key) {
      done = try JSONDecoder().decode([[Score]].self, from: Data(kept.text.utf8))
    }
    for enlargement in settings.enlargements.dropFirst(done.count) {
      done.append(try scores(reader, enlargement: enlargement))
      let text = String(decoding: try JSONEncoder().encode(done), as: UTF8.self)
      try workspace.save(EvaluationState(tensors: [], text: text), named: key)
      workspace.progress(
        "image size", done.count, of: settings.enlargements.count, radiographs: 0, loss: nil)
      if workspace.isStopRequested { throw EvaluationStopped() }
    }
    return done.flatMap { $0 }
  }

  private func scores(_ reader: TokenReader, enlargement: Int) throws -> [Score] {
    guard let encoder = reader.enlarged(enlargement) else { return [] }
    let layers = settings.layers(of: reader)
    let encoded = reader.tokens(matching.radiographs, meanOf: others, layers: layers, encoder: encoder)
    return layers.flatMap { layer in
      settings.centerings.flatMap { centering in
        let representation = Representation(
          encoded[layer]!, centering: centering, side: settings.searchedPixels)
        let errors = matching.errors(representation, penalties: settings.penalties)
        return zip(settings.penalties, errors).map { penalty, errors in
          Score(
            reading: Reading(
              layer: layer, enlargement: enlargement, centering: centering, penalty: penalty),
            found: PairMetric(kind: .withinFivePercent, errors: errors).value ?? 0,
            meanError: PairMetric(kind: .mean, errors: errors).value ?? 100)
        }
      }
    }
  }

  /// The reading with the most landmarks found, of equal ones that with the smaller mean error.
  static func best(_ scores: [Score]) -> Score? {
    scores.enumerated().min {
      ($1.element.found, $0.element.meanError, $0.offset) < (
        $0.element.found, $1.element.meanError, $1.offset
      )
    }?.element
  }

  /// All scores as a table for scripts.
  static func table(_ scores: [(encoder: String, scores: [Score])]) -> String {
    "encoder,layer,enlargement,centering,penalty,pck_5_percent,mean_error_percent\n"
      + scores.map { encoder, scores in
        scores.map { score in
          let reading = score.reading
          return
            "\(encoder),\(reading.layer),\(reading.enlargement),\(reading.centering),\(reading.penalty),"
            + "\(score.found),\(score.meanError)\n"
        }.joined()
      }.joined()
  }
}
