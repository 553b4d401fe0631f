import CoreTensor
import Foundation
import Imaging

/// A lead letter beside the patient that names a side, at times in a ring or above the radiographer's initial.
struct Marker: Sendable {
  /// What is cast beside the letter.
  enum Kind: CaseIterable, Sendable {
    case plain, ringed, initialled
  }

  private typealias Stroke = [(column: Float, row: Float)]

  let side: Side
  let kind: Kind
  /// Of the letter's centre, as shares of the radiograph.
  let row: Float
  let column: Float
  /// Of the letter, as a share of the radiograph.
  private let height: Float
  private let slant: Float
  private let lead: Float

  init(random: inout RandomStream, shutters: [Float]) {
    side = random.side()
    kind = Kind.allCases[min(Int(random.draw(0, 3)), 2)]
    height = random.draw(0.028, 0.055)
    // Most stand above a shoulder, the others anywhere beside the chest.
    let lower: Float = random.chance(0.7) ? 0.13 : 0.6
    row = shutters[0] + random.draw(0.06, lower)
    let inset = random.draw(0.05, 0.11)
    column = side == .right ? shutters[2] + inset : 1 - shutters[3] - inset
    slant = random.draw(-1, 1) * random.draw(0, 0.4)
    lead = random.draw(0.5, 1.2)
  }

  /// Strokes in a box from -0.5 to 0.5, left to right and top to bottom; a ring and an initial reach beyond it.
  private var strokes: [Stroke] { letter + addition }

  private var letter: [Stroke] {
    switch side {
    case .left: [[(-0.28, -0.5), (-0.28, 0.5), (0.3, 0.5)]]
    case .right:
      [
        [
          (-0.3, 0.5), (-0.3, -0.5), (0.08, -0.5), (0.28, -0.38), (0.3, -0.22), (0.24, -0.07), (0.06, 0.02),
          (-0.3, 0.02),
        ],
        [(0.02, 0.02), (0.32, 0.5)],
      ]
    }
  }

  private var addition: [Stroke] {
    switch kind {
    case .plain: []
    case .ringed: [(0...16).map(Self.ring)]
    case .initialled: [[(-0.25, 0.75), (0.25, 0.75)], [(0, 0.75), (0, 1.3)]]
    }
  }

  /// A corner of the ring's sixteen.
  private static func ring(_ corner: Int) -> (column: Float, row: Float) {
    let angle = Float(corner) * .pi / 8
    return (0.85 * cos(angle), 0.85 * sin(angle))
  }

  func project(onto plane: Plane, fieldWidth: Float) {
    let upright = MarkerGeometry(plane.geometry)
    let brush = TubeBrush(plane.geometry)
    for stroke in strokes {
      let nodes = stroke.map { point -> Tube.Node in
        let (sine, cosine) = (sin(slant), cos(slant))
        let x = column + height * (point.column * cosine - point.row * sine)
        let y = row + height * (point.column * sine + point.row * cosine)
        return Tube.Node(place: upright.place(row: y, column: x), radius: 0.075 * height * fieldWidth)
      }
      brush.add(Tube(nodes: nodes), to: plane, weight: Attenuation.lead * lead)
    }
  }
}

extension Marker {
  /// 1 where the marker's lead lies in the beam, else 0, before the image is blurred.
  func mask(_ geometry: RadiographGeometry, fieldWidth: Float) -> GrayImage {
    let plane = Plane(geometry)
    project(onto: plane, fieldWidth: fieldWidth)
    return GrayImage(
      width: plane.size, height: plane.size,
      pixels: (0..<plane.size * plane.size).map { plane.values[$0] > 0 ? 1 : 0 })
  }
}

/// Finds the place in the patient that falls on a given place of the radiograph.
private struct MarkerGeometry {
  private let geometry: RadiographGeometry
  init(_ geometry: RadiographGeometry) { self.geometry = geometry }

  func place(row: Float, column: Float) -> Point {
    let pixels = (row: row * Float(geometry.size), column: column * Float(geometry.size))
    return Point(
      x: (pixels.column - geometry.midline(atRow: pixels.row)) / geometry.pixelsPerCentimetre,
      y: pixels.row / geometry.pixelsPerCentimetre)
  }
}
