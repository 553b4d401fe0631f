import CoreTensor
import Foundation

/// A place in the patient, in centimetres: `x` from the midline towards the patient's left (the right of the
/// radiograph), `y` down from the radiograph's top edge, `z` towards the patient's front.
struct Point: Sendable, Equatable {
  var x: Float
  var y: Float
  var z: Float = 0
}

enum Side: Sendable, CaseIterable {
  /// The patient's right, which a frontal radiograph shows at its left.
  case right
  case left

  /// Turns a distance from the midline into an `x`.
  var sign: Float { self == .right ? -1 : 1 }
  var other: Side { self == .right ? .left : .right }
}

/// An ellipsoid whose first two axes lie in the radiograph's plane, the first turned by `angle` from the `x` axis.
struct Ellipsoid: Sendable {
  var centre: Point
  var along: Float
  var across: Float
  /// Half of the longest path through it, along the beam.
  var depth: Float
  var angle: Float = 0
  /// Nothing is drawn above this `y`: a fluid level seen from below.
  var ceiling = -Float.infinity
  /// Nothing is drawn below this `y`: an air-fluid level.
  var floor = Float.infinity

  /// Half of the extent along `x` and along `y`.
  var halfExtent: (x: Float, y: Float) {
    let (sine, cosine) = (sin(angle), cos(angle))
    let width = (along * along * cosine * cosine + across * across * sine * sine).squareRoot()
    let height = (along * along * sine * sine + across * across * cosine * cosine).squareRoot()
    return (width, height)
  }

  /// Whether the beam at `dx`, `dy` from the centre meets the ellipsoid.
  func covers(dx: Float, dy: Float) -> Bool {
    let (sine, cosine) = (sin(angle), cos(angle))
    let first = (dx * cosine + dy * sine) / along
    let second = (dy * cosine - dx * sine) / across
    return first * first + second * second < 1
  }
}

/// A curved tube of varying calibre: a rib, a vessel, a bronchus, a stroke of a letter.
struct Tube: Sendable {
  struct Node: Sendable {
    var place: Point
    /// Half of the width seen on the radiograph, in centimetres.
    var radius: Float
    /// Depth along the beam relative to the width: 1 for a round section.
    var flatness: Float = 1
  }

  var nodes: [Node]
  /// Share of the core that is missing: 0 for a solid tube, towards 1 for a bone with a thin cortex.
  var hollow: Float = 0

  /// A tube along the cubic curve of four control points.
  static func bezier(
    _ control: [Point], from first: Float, to last: Float, steps: Int, flatness: Float = 1, hollow: Float = 0
  ) -> Tube {
    let nodes = (0...steps).map { step -> Node in
      let share = Float(step) / Float(steps)
      return Node(
        place: cubic(control, share), radius: first + (last - first) * share, flatness: flatness)
    }
    return Tube(nodes: nodes, hollow: hollow)
  }

  static func cubic(_ control: [Point], _ share: Float) -> Point {
    let rest = 1 - share
    let weights = [
      rest * rest * rest, 3 * rest * rest * share, 3 * rest * share * share, share * share * share,
    ]
    return zip(weights, control).reduce(into: Point(x: 0, y: 0)) { sum, term in
      sum.x += term.0 * term.1.x
      sum.y += term.0 * term.1.y
      sum.z += term.0 * term.1.z
    }
  }
}

/// Half of the diaphragm: an elliptic arch. `x` is measured from the midline, positive in either half.
struct Dome: Sendable {
  var peak: Float
  var centre: Float
  var halfSpan: Float
  var height: Float

  /// The `y` of the dome's edge.
  func edge(at x: Float) -> Float {
    let offset = (x - centre) / halfSpan
    return peak + height * (1 - max(0, 1 - offset * offset).squareRoot())
  }
}

/// What one lung may fill: between mediastinum and ribs, from apex to diaphragm. `x` is measured from the
/// midline, positive in either half.
struct LungOutline: Sendable {
  var apex: Float
  /// From the apex to where the cage is widest.
  var height: Float
  /// From the midline to the ribs where the cage is widest.
  var halfWidth: Float
  /// Of the apex's centre, relative to `halfWidth`.
  var apexShare: Float
  /// How slowly the cage widens below the apex.
  var shape: Float
  /// From the midline to the mediastinal pleura.
  var medial: Float
  /// Front to back, where deepest.
  var depth: Float
  var dome: Dome

  /// From the midline to the ribs at `y`.
  func outer(at y: Float) -> Float {
    let share = min(max((y - apex) / height, 0), 1)
    let rest = 1 - share
    return halfWidth * (apexShare + (1 - apexShare) * pow(1 - rest * rest * rest, shape))
  }

  /// From the midline to the mediastinum at `y`.
  func inner(at y: Float) -> Float {
    let share = min(max((y - apex) / (0.16 * height), 0), 1)
    let top = apexShare * halfWidth
    return top - (top - medial) * (share * (2 - share)).squareRoot()
  }

  /// Front to back at `y`, where the section is deepest.
  func sectionDepth(at y: Float) -> Float {
    let share = min(max((y - apex) / (0.75 * height), 0), 1)
    return depth * (share * (2 - share)).squareRoot()
  }

  /// Whether the beam at `x`, `y` crosses the lung field, `margin` centimetres within its border.
  func contains(x: Float, y: Float, margin: Float = 0) -> Bool {
    y > apex + margin && x > inner(at: y) + margin && x < outer(at: y) - margin
      && y < dome.edge(at: x) - margin
  }
}

/// 0 below `low`, 1 above `high`, smooth between.
@inline(__always)
func smoothStep(_ low: Float, _ high: Float, _ value: Float) -> Float {
  let share = min(max((value - low) / (high - low), 0), 1)
  return share * share * (3 - 2 * share)
}

extension RandomStream {
  /// Uniform between `low` and `high`.
  mutating func draw(_ low: Float, _ high: Float) -> Float { low + (high - low) * Float(unit()) }
  mutating func side() -> Side { chance(0.5) ? .right : .left }
}
