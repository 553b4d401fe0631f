import CoreTensor
import Foundation

/// Pulmonary vessels and airways.
struct VesselTree {
  private(set) var tubes: [Tube] = []
  private let lung: LungOutline
  private let side: Side
  private var random: RandomStream

  /// Grows the vessels of one lung from its hilum outwards, tapering at each fork.
  init(_ anatomy: Anatomy, _ side: Side, random: RandomStream) {
    lung = anatomy.lung(side)
    self.side = side
    self.random = random
    let hilum = anatomy.hilum(side)
    let stems = 11
    for stem in 0..<stems {
      // Measured from straight up towards the ribs, so that the last stems run down behind the dome.
      let angle = 0.15 + 2.85 * (Float(stem) + self.random.draw(0.2, 0.8)) / Float(stems)
      let calibre = (0.36 + 0.16 * Float(stem) / Float(stems)) * anatomy.patient.vesselCalibre
      let offset = self.random.draw(-1.2, 1.2)
      grow(
        from: Point(x: abs(hilum.x) - 0.3, y: hilum.y + offset), angle: angle,
        radius: calibre * self.random.draw(0.75, 1.15), generation: 0)
    }
  }

  private mutating func grow(from start: Point, angle: Float, radius: Float, generation: Int) {
    var place = start
    var angle = angle
    var radius = radius
    let bend = random.draw(-0.09, 0.09)
    let taper = random.draw(0.92, 0.955)
    let length = Int(random.draw(7, 13)) - generation
    var nodes = [Tube.Node(place: onRadiograph(place), radius: radius)]
    for step in 1...length {
      angle += bend + random.draw(-0.13, 0.13)
      place.x += 0.62 * sin(angle)
      place.y -= 0.62 * cos(angle)
      radius *= taper
      guard place.x < lung.outer(at: place.y) - 0.5, place.y > lung.apex + 0.5, place.x > 1.5,
        place.y < lung.dome.edge(at: place.x) + 2
      else { break }
      nodes.append(Tube.Node(place: onRadiograph(place), radius: radius))
      if step % 2 == 0, generation < 3, radius > 0.05 {
        let fork = (random.chance(0.5) ? 1 : -1) * random.draw(0.4, 0.95)
        grow(
          from: place, angle: angle + fork, radius: radius * random.draw(0.5, 0.75),
          generation: generation + 1)
      }
    }
    if nodes.count > 1 { tubes.append(Tube(nodes: nodes)) }
  }

  private func onRadiograph(_ place: Point) -> Point { Point(x: side.sign * place.x, y: place.y, z: 0) }
}

/// Windpipe and main bronchi: tubes of air.
func airways(_ anatomy: Anatomy) -> [Tube] {
  let stature = anatomy.patient.stature
  let carina = anatomy.carina
  let trachea = Tube.bezier(
    [
      Point(x: 0.1, y: -2), Point(x: 0.2, y: carina.y * 0.4), Point(x: -0.3, y: carina.y * 0.7),
      Point(x: carina.x, y: carina.y + 0.2),
    ], from: 0.85 * stature, to: 0.9 * stature, steps: 12, flatness: 1.0)
  return [trachea]
    + Side.allCases.map { side in
      let hilum = anatomy.hilum(side)
      let sag: Float = side == .right ? 0.3 : 0.7
      return Tube.bezier(
        [
          carina, Point(x: 0.35 * hilum.x, y: carina.y + sag * 1.6),
          Point(x: 0.65 * hilum.x, y: carina.y + 0.75 * (hilum.y - carina.y) + 0.3), hilum,
        ], from: 0.68 * stature, to: 0.42 * stature, steps: 8)
    }
}
