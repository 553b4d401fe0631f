import Foundation
import Imaging
import WorldModel

/// A radiograph of which landmarks are known.
struct MarkedRadiograph: Sendable {
  let record: PredictionTable.Radiograph
  /// No larger than is looked at.
  let image: GrayImage
  /// By name.
  let landmarks: [String: Place]

  /// - Parameters:
  ///   - landmarks: in pixels of `image`.
  ///   - side: pixels along the longer side that are looked at; a larger image is reduced to it.
  init(
    _ record: RadiographRecord, _ image: GrayImage, _ landmarks: [String: RadiographTruth.Landmark], side: Int
  ) {
    self.record = PredictionTable.Radiograph(record)
    self.image = image.reduced(toLongerSide: side)
    self.landmarks = landmarks.mapValues {
      Place(
        row: ($0.row + 0.5) / Double(image.height), column: ($0.column + 0.5) / Double(image.width))
    }
  }

  /// Distance of two places of it, as a share of its width.
  func distance(_ one: Place, _ other: Place) -> Double {
    let aspect = Double(image.height) / Double(image.width)
    return hypot((one.row - other.row) * aspect, one.column - other.column)
  }

  /// The whole of it as a square.
  func square(_ side: Int) -> GrayImage { image.resized(to: (side, side)) }

  /// Those of `candidates` with a landmark or more, at most `count`: every candidate is asked in turn, from all over
  /// the list, until there are enough. Radiographs that cannot be used are left out, with a warning.
  static func among(
    _ candidates: [Int], atMost count: Int, of input: ModelEvaluationInput, side: Int
  ) throws -> [MarkedRadiograph] {
    var found: [(index: Int, radiograph: MarkedRadiograph)] = []
    for index in spread(candidates) {
      guard found.count < count else { break }
      if input.workspace.isStopRequested { throw EvaluationStopped() }
      do {
        guard let truth = try input.radiographs.truth(at: index), !truth.landmarks.isEmpty else { continue }
        let radiograph = MarkedRadiograph(
          input.radiographs.records[index], try input.radiographs.radiograph(at: index), truth.landmarks,
          side: side)
        found.append((index, radiograph))
      } catch let unusable as UnusableRadiograph {
        try input.workspace.warn("left out: \(unusable)")
      }
    }
    return found.sorted { $0.index < $1.index }.map(\.radiograph)
  }

  /// The same elements, so that any first few of them come from all over the list: the bits of their positions reversed.
  static func spread(_ candidates: [Int]) -> [Int] {
    var bits = 0
    while 1 << bits < candidates.count { bits += 1 }
    return (0..<1 << bits).compactMap { position in
      var reversed = 0
      for bit in 0..<bits where position >> bit & 1 == 1 { reversed |= 1 << (bits - 1 - bit) }
      return reversed < candidates.count ? candidates[reversed] : nil
    }
  }
}
