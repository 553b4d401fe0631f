import Foundation

/// The outline of neck, shoulders, chest and belly, and how thick they are front to back.
struct Trunk: Sendable {
  private let anatomy: Anatomy
  private let stature: Float
  private let neck: Float
  private let shoulder: Float
  private let chestHalfWidth: Float
  private let thickness: Float

  init(_ anatomy: Anatomy) {
    self.anatomy = anatomy
    let patient = anatomy.patient
    stature = patient.stature
    neck = (patient.isFemale ? 4.9 : 5.6) * stature + 0.15 * patient.padding
    shoulder = anatomy.posture.apex - 2.6 * stature + patient.shoulderDrop
    chestHalfWidth = anatomy.rightLung.halfWidth + 2.6 + 0.45 * patient.padding
    thickness = patient.chestDepth + 5.2 + 0.8 * patient.padding
  }

  /// Skin over the shoulder at `x` from the midline: steep along the neck, level over the shoulder.
  @inline(__always)
  private func skin(at x: Float) -> Float {
    let beside = max(x - neck, 0) / (4 * stature)
    let tip = max(x - 15.5 * stature, 0) / stature
    return shoulder + 1.6 - 2.6 / (beside + 0.12) + 0.16 * tip * tip
  }

  private func halfWidth(at y: Float) -> Float {
    let axilla = smoothStep(anatomy.posture.apex + 3, anatomy.posture.apex + 11, y)
    let waist = smoothStep(anatomy.posture.apex + 18, anatomy.posture.apex + 30, y)
    let broad = 19.5 * stature + 0.2 * anatomy.patient.padding
    return broad + (chestHalfWidth - broad) * axilla - (anatomy.patient.isFemale ? 0.9 : 0.3) * waist
  }

  private func depth(at y: Float) -> Float {
    let chest = smoothStep(anatomy.posture.apex - 5, anatomy.posture.apex + 9, y)
    let belly = smoothStep(anatomy.posture.apex + 17, anatomy.posture.apex + 27, y)
    return 11 * stature + (thickness - 11 * stature) * chest + 2.2 * belly
  }

  /// Sets `plane` to the thickness of the body, arms and breasts included.
  func project(onto plane: Plane, brush: TubeBrush) {
    let geometry = plane.geometry
    let step = 1 / geometry.pixelsPerCentimetre
    let softness = 5.5 * stature
    for row in 0..<plane.size {
      let y = geometry.y(ofRow: row)
      let firstX = geometry.firstX(ofRow: row)
      let (inverse, depth) = (1 / halfWidth(at: y), depth(at: y))
      let pixels = plane.row(row)
      for column in 0..<plane.size {
        let x = abs(firstX + Float(column) * step)
        let across = x * inverse
        let square = across * across
        let below = min(max((y - skin(at: x)) / softness, 0), 1)
        let rounding = max(0, 1 - square * square) * below * (2 - below)
        pixels[column] = depth * rounding.squareRoot()
      }
    }
    for arm in arms() { brush.unite(arm, with: plane) }
    for breast in breasts() { plane.add(breast) }
  }

  private func arms() -> [Tube] {
    let abduction = anatomy.posture.abduction
    let top = anatomy.posture.apex + anatomy.patient.shoulderDrop
    let girth = 4.2 * stature + 0.15 * anatomy.patient.padding
    return Side.allCases.map { side in
      func at(_ x: Float, _ y: Float) -> Point { Point(x: side.sign * x * stature, y: top + y * stature) }
      let reach = 2 + 3 * abduction
      return Tube.bezier(
        [at(17.5, 3), at(18.5, 8), at(18.6 + reach, 16), at(19 + 1.4 * reach, 28)], from: girth,
        to: 0.85 * girth,
        steps: 10, flatness: 0.85)
    }
  }

  /// Breasts, or the pectoral muscles of a man.
  private func breasts() -> [Ellipsoid] {
    let patient = anatomy.patient
    let lung = anatomy.rightLung
    let size = patient.isFemale ? patient.breast : 0.7
    let level = lung.apex + (patient.isFemale ? 0.72 : 0.42) * lung.height + 1.2 * size
    return Side.allCases.map { side in
      Ellipsoid(
        centre: Point(x: side.sign * (0.58 * lung.halfWidth + 0.6 * size), y: level, z: 8),
        along: (patient.isFemale ? 4.6 + 2 * size : 6.2) * stature,
        across: (patient.isFemale ? 4.0 + 2.2 * size : 5) * stature,
        depth: patient.isFemale ? 1.15 * size + 0.12 * patient.padding : 0.55, angle: side.sign * -0.35)
    }
  }
}
