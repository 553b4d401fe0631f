import Foundation
import Imaging
import WorldModel

/// One context of a radiograph with its true target and the candidates nearest to what is predicted from it.
struct RankedRow {
  let radiograph: EvaluatedRadiograph
  let targets: [GrayImage]
  let contexts: [GrayImage]
  let predictions: [Prediction]
  /// The candidate whose context is shown.
  let query: Int
  private static let nearest = 8

  var sheet: PictureSheet {
    PictureSheet(
      title: "Which of \(targets.count) candidates is nearest to the prediction from context x?",
      notes: [
        "Radiograph \(radiograph.facts.identifier). Candidates y are the radiograph at other brightness, contrast, gamma and blur (pixels); "
          + "context x is the framed one, changed once more by a.",
        "From left to right: context, true target, then the candidates nearest to what is predicted from x.",
      ],
      rows: predictions.indices.filter { [.told, .untold].contains(predictions[$0]) }.map(row))
  }

  private func row(_ index: Int) -> PictureSheet.Row {
    let place = radiograph.place(index, of: query)
    let ranking = radiograph.ranking(index, of: query)
    let distances = radiograph.lists(index)[query]
    return PictureSheet.Row(
      label: heading(predictions[index]) + ": the true target is number \(place) of \(targets.count)",
      groups: [
        [
          PictureSheet.Picture(contexts[query], captions: ["context x"] + action),
          PictureSheet.Picture(targets[query], captions: ["true target y"] + look(query), isFramed: true),
        ],
        ranking.prefix(Self.nearest).enumerated().map { place, candidate in
          PictureSheet.Picture(
            targets[candidate],
            captions: [String(format: "%d: distance %.3f", place + 1, distances[candidate])]
              + look(candidate),
            isFramed: candidate == query)
        },
      ])
  }

  private func heading(_ prediction: Prediction) -> String {
    if prediction == .told { return "Told a" }
    return predictions.contains(.told)
      ? "Not told a (as if x were unchanged)" : "A model that is never told a"
  }

  /// What the predictor is told, two numbers a line; nothing where it is told nothing.
  private var action: [String] {
    let numbers = radiograph.facts.actions[query].map { String(format: "%.2f", $0) }
    return stride(from: 0, to: numbers.count, by: 2).map { start in
      (start == 0 ? "a = " : "  ") + numbers[start..<min(start + 2, numbers.count)].joined(separator: ", ")
    }
  }

  private func look(_ candidate: Int) -> [String] {
    let look = radiograph.facts.candidates[candidate]
    return [
      String(format: "brightness %.2f", look.brightness),
      String(format: "contrast %.2f", look.contrast),
      String(format: "gamma %.2f, blur %.1f", look.gamma, look.blur),
    ]
  }
}
