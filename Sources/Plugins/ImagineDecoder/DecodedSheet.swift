import Imaging
import WorldModel

/// Decoded predictions beside what is seen and what is true.
struct DecodedSheet {
  private let predictions: [DecodedPredictions]

  init(_ predictions: [DecodedPredictions]) { self.predictions = predictions }

  func sheet(rows: Int) -> PictureSheet {
    let count = min(rows, predictions.first?.records.count ?? 0)
    return PictureSheet(
      title: "What the model expects, decoded into pixels",
      notes: [
        "Imagined pictures are a decoder's, which learnt from target features of other patients; beside a prediction stands "
          + "what the decoder makes of the true features: what both lack, features or decoder lack, not the prediction.",
        predictions.map { kind($0.kind) }.joined(separator: " "),
      ],
      rows: (0..<count).map(row), pictureSide: 120)
  }

  private func kind(_ kind: DecodedKind) -> String {
    switch kind {
    case .hidden: "First group: the hidden part of a view, from the rest."
    case .other: "Next: another view, from the same context and where the view lies."
    case .appearance: "Last: a view before its appearance was changed, from the changed one."
    }
  }

  private func row(_ sample: Int) -> PictureSheet.Row {
    PictureSheet.Row(
      label: predictions[0].records[sample].identifier,
      groups: predictions.map { own in
        [
          .init(own.seen[sample], captions: ["what is seen", own.counts[sample] ? "" : "(not changed)"]),
          .init(own.decodedPrediction[sample], captions: ["imagined:", "decoded prediction"]),
          .init(own.decodedTruth[sample], captions: ["decoded truth"]),
          .init(own.truth[sample], captions: ["truth"], isFramed: true),
        ]
      })
  }
}
