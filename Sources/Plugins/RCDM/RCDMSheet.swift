import Imaging
import Imagining
import WorldModel

/// Regions as pictures: what is seen, what is there, and samples from both kinds of features.
struct RCDMSheet {
  private let shown: ShownRegions

  init(_ shown: ShownRegions) { self.shown = shown }

  static func sheet(_ rows: [PictureSheet.Row]) -> PictureSheet {
    PictureSheet(
      title: "What a prediction looks like",
      notes: [
        "Every sample of a column begins with the same noise. What differs between samples of one row is what the features "
          + "leave open. Samples from the truth's own features show what the mean of features can tell at all."
      ], rows: rows)
  }

  /// - Parameter radiographs: of the group, at most.
  func rows(_ radiographs: Int) -> [PictureSheet.Row] {
    (0..<min(max(radiographs, 0), shown.group.count)).flatMap { sample in
      TargetKind.allCases.compactMap { kind -> PictureSheet.Row? in
        // The first supervision of each kind.
        let all = shown.regions.indices.filter {
          shown.regions[$0].sample == sample && shown.regions[$0].kind == kind
        }
        guard let first = all.first.map({ shown.regions[$0] }) else { return nil }
        return row(first, all.filter { shown.regions[$0].supervision == first.supervision }, kind)
      }
    }
  }

  private func row(_ first: Region, _ regions: [Int], _ kind: TargetKind) -> PictureSheet.Row {
    let supervision = shown.group.batch.supervisions[first.supervision]
    let seen = shown.group.seen(supervision, of: first.sample)
    let truth = shown.target(first).pixels
    func samples(_ pictures: [[GrayImage?]], _ words: [String]) -> [PictureSheet.Picture] {
      pictures.indices.map { sample in
        var image = kind == .own ? seen : truth
        for place in regions {
          guard let picture = pictures[sample][place] else { continue }
          shown.regions[place].paste(picture, on: &image, patchSize: shown.group.geometry.patchSize)
        }
        return .init(image, captions: words + ["sample \(sample + 1)"])
      }
    }
    return PictureSheet.Row(
      label: "\(shown.group.records[first.sample].identifier): \(kind.rawValue)",
      groups: [
        [
          .init(seen, captions: ["what is seen"]),
          .init(truth, captions: ["true:", kind == .own ? "the view" : "another view"], isFramed: true),
        ],
        samples(shown.fromPrediction, ["from the", "prediction,"]),
        samples(shown.fromTruth, ["from the", "truth's features,"]),
      ])
  }
}
