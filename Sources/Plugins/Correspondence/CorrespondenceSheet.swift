import CoreTensor
import Imaging
import WorldModel

/// Maps of heat as in the paper's Figure 6: a landmark of one radiograph, and how near others' features come to its.
struct CorrespondenceSheet {
  let maps: DistanceMaps
  /// Pixels along a side of a map.
  let side: Int
  let title: String
  let reading: Reading
  /// Of a radiograph as it is drawn, its longer side.
  private static let drawn = 220.0
  /// Share of a map's pixels that are warm at all.
  private static let warm = 0.35

  private var matching: Matching { maps.matching }

  func sheet(_ landmarks: [String], pictures: Int) -> PictureSheet {
    PictureSheet(
      title: title,
      notes: [
        "Left: a landmark (ring) of one radiograph. Beside it other radiographs: the lighter, the nearer their features "
          + "come to the landmark's, of the nearest third of the pixels; the cross is the nearest, the ring where the "
          + "landmark truly is.",
        reading.description,
      ],
      rows: landmarks.compactMap { row($0, pictures) }, pictureSide: Self.drawn)
  }

  private func row(_ landmark: String, _ pictures: Int) -> PictureSheet.Row? {
    let marked = matching.radiographs.indices.filter {
      matching.radiographs[$0].landmarks[landmark] != nil
    }
    guard let reference = marked.first,
      let query = matching.queries.firstIndex(where: {
        $0.reference == reference && $0.landmark == landmark
      })
    else { return nil }
    let place = matching.queries[query].place
    let own = matching.radiographs[reference]
    // From all over the list: neighbours in it are often of one patient.
    let tests = MarkedRadiograph.spread(Array(marked.dropFirst())).prefix(pictures)
    return PictureSheet.Row(
      label: landmark,
      groups: [
        [
          PictureSheet.Picture(
            own.image, captions: ["reference", own.record.identifier], isFramed: true,
            marks: [mark(.ring, place, own)])
        ],
        tests.map { picture(query, $0) },
      ])
  }

  private func picture(_ query: Int, _ test: Int) -> PictureSheet.Picture {
    let radiograph = matching.radiographs[test]
    let scores = Matching.penalized(
      maps.maps(of: [query], test)[...], side: side,
      from: matching.queries[query].place, penalty: reading.penalty, radiograph)
    let best = Place(pixel: scores.indices.min { scores[$0] < scores[$1] }!, side: side)
    let truth = radiograph.landmarks[matching.queries[query].landmark]!
    let error = 100 * radiograph.distance(best, truth)
    return PictureSheet.Picture(
      ColorImage(heat: Self.heat(scores, side: side), over: radiograph.image),
      captions: ["error \((error * 10).rounded() / 10)% of the width", radiograph.record.identifier],
      marks: [mark(.ring, truth, radiograph), mark(.cross, best, radiograph)])
  }

  private func mark(
    _ shape: PictureSheet.Mark.Shape, _ place: Place, _ radiograph: MarkedRadiograph
  ) -> PictureSheet.Mark {
    PictureSheet.Mark(
      shape, row: place.row * Double(radiograph.image.height) - 0.5,
      column: place.column * Double(radiograph.image.width) - 0.5)
  }

  /// 1 for the nearest pixel, 0 for all but the nearest third.
  static func heat(_ scores: [Float], side: Int) -> GrayImage {
    let sorted = scores.sorted()
    let (least, limit) = (sorted[0], sorted[Int(warm * Double(sorted.count - 1))])
    let scale = 1 / max(limit - least, .leastNormalMagnitude)
    return GrayImage(
      width: side, height: side, pixels: scores.map { min(max((limit - $0) * scale, 0), 1) })
  }
}
