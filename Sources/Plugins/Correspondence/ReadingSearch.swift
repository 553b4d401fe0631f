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
  /// Bytes that are kept of one kind: of tokens of several layers, and of maps of what was chosen before; where they would
  /// take more, they are computed again.
  private static let mostBytes = 1 << 29

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
      let base = try base(reader, work.parts)
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

  /// Maps of what was chosen before; nil where nothing was.
  private func base(_ reader: TokenReader, _ parts: [Reading.Part]) throws -> ((Int) -> [Float])? {
    guard !parts.isEmpty else { return nil }
    let maps = DistanceMaps(
      matching: matching,
      parts: try parts.map { part in
        guard
          let encoded = reader.tokens(
            matching.radiographs, meanOf: others, [part.layer], part.enlargement,
            part.density)
        else {
          throw CorrespondenceError(
            "the encoder cannot be read at \(part); give --enlargements 1, or --layers of its own")
        }
        return Representation(encoded[part.layer]!, centering: part.centering, side: side)
      })
    let bytes = 4 * matching.radiographs.count * matching.queries.count * side * side
    guard bytes <= Self.mostBytes else { return { maps($0) } }
    let kept = matching.radiographs.indices.map { maps($0) }
    return { kept[$0] }
  }

  private var side: Int { settings.searchedPixels }

  private func scores(
    _ reader: TokenReader, enlargement: Int, beside parts: [Reading.Part], _ base: ((Int) -> [Float])?
  ) throws -> [Score] {
    let layers = settings.layers(of: reader)
    return try settings.densities.flatMap { density in
      try self.scores(reader, layers, enlargement, density, beside: parts, base)
    }
  }

  private func scores(
    _ reader: TokenReader, _ layers: [Int], _ enlargement: Int, _ density: Int, beside parts: [Reading.Part],
    _ base: ((Int) -> [Float])?
  ) throws -> [Score] {
    let count = matching.radiographs.count + others.count
    let bytes = reader.bytes(of: count, enlargement * density)
    let together = max(1, Self.mostBytes / max(bytes, 1))
    var scores: [Score] = []
    for start in stride(from: 0, to: layers.count, by: together) {
      let some = Array(layers[start..<min(start + together, layers.count)])
      guard let encoded = reader.tokens(matching.radiographs, meanOf: others, some, enlargement, density)
      else {
        return scores
      }
      for layer in some {
        for centering in settings.centerings {
          let part = Reading.Part(
            layer: layer, enlargement: enlargement, density: density, centering: centering)
          guard !parts.contains(part) else { continue }
          scores += self.scores(
            parts, adding: part, Representation(encoded[layer]!, centering: centering, side: side), base)
        }
      }
    }
    return scores
  }

  private func scores(
    _ parts: [Reading.Part], adding part: Reading.Part, _ representation: Representation,
    _ base: ((Int) -> [Float])?
  ) -> [Score] {
    let own = DistanceMaps(matching: matching, parts: [representation])
    let errors = matching.errors(side: side, penalties: settings.penalties) { test in
      guard let base else { return own(test) }
      return DistanceMaps.mean([base(test), own(test)], weights: [parts.count, 1])
    }
    return zip(settings.penalties, errors).map { penalty, errors in
      Score(
        reading: Reading(parts: parts + [part], penalty: penalty),
        found: PairMetric(kind: .withinFivePercent, errors: errors).value ?? 0,
        meanError: PairMetric(kind: .mean, errors: errors).value ?? 100)
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
