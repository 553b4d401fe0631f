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

  /// What was tried, and what the next round builds on.
  struct Work: Codable {
    var scores: [Score] = []
    /// Rounds that are done.
    var rounds = 0
    /// Sizes of image of the round at hand that are done.
    var sizes = 0
    var parts: [Reading.Part] = []
    var isDone = false
  }

  /// Every reading's score: first of single parts, then of the best with each one beside it, as long as that finds more
  /// and `settings.parts` allows.
  /// - Parameter name: of the encoder, under which work is kept.
  /// - Throws: `EvaluationStopped` where the user asked to stop; what was tried is kept.
  func scores(_ reader: TokenReader, name: String) throws -> [Score] {
    let key = "search-\(name)"
    var work = Work()
    if let kept = try workspace.restore(key) {
      work = try JSONDecoder().decode(Work.self, from: Data(kept.text.utf8))
    }
    let sizes = settings.enlargements
    while !work.isDone {
      let base = try work.parts.map { try distances(reader, $0) }
      for enlargement in sizes.dropFirst(work.sizes) {
        work.scores += try scores(reader, enlargement: enlargement, beside: work.parts, base)
        work.sizes += 1
        try keep(work, key)
        workspace.progress(
          "image size", work.rounds * sizes.count + work.sizes, of: settings.parts * sizes.count,
          radiographs: 0, loss: nil)
        if workspace.isStopRequested { throw EvaluationStopped() }
      }
      let best = Self.best(work.scores)?.reading.parts ?? []
      (work.rounds, work.sizes) = (work.rounds + 1, 0)
      work.isDone = best.count == work.parts.count || work.rounds == settings.parts
      work.parts = best
      try keep(work, key)
    }
    return work.scores
  }

  private func keep(_ work: Work, _ key: String) throws {
    let text = String(decoding: try JSONEncoder().encode(work), as: UTF8.self)
    try workspace.save(EvaluationState(tensors: [], text: text), named: key)
  }

  private func distances(_ reader: TokenReader, _ part: Reading.Part) throws -> [[Float]] {
    guard let encoded = reader.tokens(matching.radiographs, meanOf: others, [part.layer], part.enlargement)
    else { throw CorrespondenceError("the encoder cannot be read at \(part)") }
    return matching.distances(
      Representation(encoded[part.layer]!, centering: part.centering, side: settings.searchedPixels))
  }

  private func scores(
    _ reader: TokenReader, enlargement: Int, beside parts: [Reading.Part], _ base: [[[Float]]]
  ) throws -> [Score] {
    let (layers, side) = (settings.layers(of: reader), settings.searchedPixels)
    guard let encoded = reader.tokens(matching.radiographs, meanOf: others, layers, enlargement) else {
      return []
    }
    return layers.flatMap { layer in
      settings.centerings.flatMap { centering -> [Score] in
        let part = Reading.Part(layer: layer, enlargement: enlargement, centering: centering)
        guard !parts.contains(part) else { return [] }
        let own = matching.distances(Representation(encoded[layer]!, centering: centering, side: side))
        let errors = matching.errors(Matching.mean(base + [own]), side: side, penalties: settings.penalties)
        return zip(settings.penalties, errors).map { penalty, errors in
          Score(
            reading: Reading(parts: parts + [part], penalty: penalty),
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
    "encoder,reading,pck_5_percent,mean_error_percent\n"
      + scores.map { encoder, scores in
        scores.map { "\(encoder),\"\($0.reading)\",\($0.found),\($0.meanError)\n" }.joined()
      }.joined()
  }
}
