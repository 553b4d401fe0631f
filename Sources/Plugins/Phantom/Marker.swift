import CoreTensor
import Foundation

/// A lead letter beside a shoulder that names the patient's side.
struct Marker: Sendable {
  let side: Side
  /// Of the letter's centre, as shares of the radiograph.
  private let row: Float
  private let column: Float
  /// Of the letter, as a share of the radiograph.
  private let height: Float
  private let slant: Float
  private let lead: Float

  init(random: inout RandomStream, shutters: [Float]) {
    side = random.side()
    height = random.draw(0.032, 0.05)
    row = shutters[0] + random.draw(0.05, 0.13)
    let inset = random.draw(0.045, 0.1)
    column = side == .right ? shutters[2] + inset : 1 - shutters[3] - inset
    slant = random.draw(-1, 1) * random.draw(0, 0.25)
    lead = random.draw(0.5, 1.2)
  }

  /// Strokes of the letter in a box from -0.5 to 0.5, left to right and top to bottom.
  private var strokes: [[(Float, Float)]] {
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

  func project(onto plane: Plane, fieldWidth: Float) {
    let upright = MarkerGeometry(plane.geometry)
    let brush = TubeBrush(plane.geometry)
    for stroke in strokes {
      let nodes = stroke.map { point -> Tube.Node in
        let (sine, cosine) = (sin(slant), cos(slant))
        let x = column + height * (point.0 * cosine - point.1 * sine)
        let y = row + height * (point.0 * sine + point.1 * cosine)
        return Tube.Node(place: upright.place(row: y, column: x), radius: 0.075 * height * fieldWidth)
      }
      brush.add(Tube(nodes: nodes), to: plane, weight: Attenuation.lead * lead)
    }
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
