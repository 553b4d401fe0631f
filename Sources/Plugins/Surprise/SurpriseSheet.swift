import CoreTensor
import Foundation
import Imaging
import WorldModel

/// Maps over radiographs: of the most surprising ones, and of some that are usual.
struct SurpriseSheet {
  private let found: SurpriseFindings
  private let count: Int

  init(_ found: SurpriseFindings, count: Int) { (self.found, self.count) = (found, count) }

  private var subject: MapSubject { found.reference.subjects[0] }

  /// Places among the cases: the most surprising by the maximum of their map, then those in the middle of all.
  func shown() -> [(place: Int, isSurprising: Bool)] {
    let peaks = found.cases.map { $0.maps[subject]!.max()! }
    let order = peaks.indices.sorted { (peaks[$0], $1) > (peaks[$1], $0) }
    let wanted = min(count, order.count)
    let most = (wanted + 1) / 2
    let usual = wanted - most
    let start = min(max(most, order.count / 2 - usual / 2), order.count - usual)
    return order[..<most].map { ($0, true) } + order[start..<start + usual].map { ($0, false) }
  }

  private static let words: [Centering: String] = [
    .none: "Errors are as they are.",
    .place: "Errors are less what is usual at their place; the nearest patch's distance is as it is.",
    .standardized:
      "Errors are less what is usual at their place, in deviations there; the nearest patch's distance is as it is.",
  ]

  /// - Returns: nil where nothing is to be drawn.
  func sheet(_ input: ModelEvaluationInput) throws -> PictureSheet? {
    count > 0 ? try sheet(input, shown()) : nil
  }

  /// - Parameter shown: places among the cases.
  func sheet(
    _ input: ModelEvaluationInput, _ shown: [(place: Int, isSurprising: Bool)]
  ) throws -> PictureSheet {
    let subjects = found.reference.subjects.filter {
      $0 != .place && ($0.isTrained || $0.kind == subject.kind)
    }
    let scales = subjects.map { subject in HeatScale(found.cases.flatMap { $0.maps[subject]! }) }
    let radiographs = try ReadRadiograph.read(
      input, shown.map { found.cases[$0.place].index }, findings: found.findings)
    let rows = zip(shown, radiographs).map { shown, radiograph in
      let own = found.cases[shown.place]
      let findings = own.record.findings.sorted().joined(separator: ", ")
      return PictureSheet.Row(
        label: own.record.identifier + (findings.isEmpty ? "" : ": " + findings)
          + (shown.isSurprising ? "" : " (of those in the middle)"),
        groups: [
          [.init(Self.outlined(ColorImage(radiograph.picture), radiograph.masks), captions: ["radiograph"])]
            + zip(subjects, scales).map { subject, scale in
              let heat = ColorImage(
                heat: scale.heat(own.maps[subject]!, radiograph.picture), over: radiograph.picture)
              return .init(
                Self.outlined(heat, radiograph.masks), captions: captions(subject, own.maps[subject]!))
            }
        ])
    }
    let isMarked = radiographs.contains { !$0.masks.isEmpty }
    return PictureSheet(
      title: "Where radiographs surprise the model",
      notes: [
        "Heat: the error of each patch, from the median over \(found.cases.count) radiographs' patches (no colour) to the "
          + "highest 0.5 % (yellow); each column has its own scale.",
        Self.words[found.settings.centering]!,
        "First the most surprising radiographs, by the maximum of the first map, then some from the middle."
          + (isMarked ? " Green: outlines of findings." : ""),
      ], rows: rows, pictureSide: 180)
  }

  private func captions(_ subject: MapSubject, _ map: [Float]) -> [String] {
    let isStandardized = found.settings.centering == .standardized && subject.kind != .nearest
    return [
      subject.label, String(format: "at most %.2f", map.max()!) + (isStandardized ? " deviations" : ""),
    ]
  }

  /// With the edges of all masks in green.
  static func outlined(_ image: ColorImage, _ masks: [String: GrayImage]) -> ColorImage {
    var rgb = image.rgb
    for mask in masks.values where mask.width == image.width && mask.height == image.height {
      for row in 0..<mask.height {
        for column in 0..<mask.width where mask[row, column] > 0 {
          let isEdge = [(-1, 0), (1, 0), (0, -1), (0, 1)].contains { down, right in
            let (y, x) = (row + down, column + right)
            return y < 0 || x < 0 || y >= mask.height || x >= mask.width || mask[y, x] == 0
          }
          guard isEdge else { continue }
          let place = 3 * (row * mask.width + column)
          (rgb[place], rgb[place + 1], rgb[place + 2]) = (60, 255, 120)
        }
      }
    }
    return ColorImage(width: image.width, height: image.height, rgb: rgb)
  }
}

/// What of a map is cold and what is hot.
private struct HeatScale {
  let cold: Float
  let hot: Float

  init(_ values: [Float]) {
    let sorted = values.sorted()
    cold = sorted[sorted.count / 2]
    hot = sorted[Int((0.995 * Double(sorted.count - 1)).rounded())]
  }

  /// In [0, 1], at the picture's size.
  func heat(_ map: [Float], _ picture: GrayImage) -> GrayImage {
    let gridSize = Int(Double(map.count).squareRoot())
    let enlarged = PatchMap(map, gridSize: gridSize).enlarged(height: picture.height, width: picture.width)
    let range = max(hot - cold, .leastNormalMagnitude)
    // Never wholly covered: the radiograph stays visible below.
    return GrayImage(
      width: picture.width, height: picture.height,
      pixels: enlarged.map { 0.85 * min(max(($0 - cold) / range, 0), 1) })
  }
}

extension ColorImage {
  /// A grey image.
  fileprivate init(_ image: GrayImage) { self.init(red: image, green: image, blue: image) }
}
