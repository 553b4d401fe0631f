import Foundation

/// The bones of an anatomy, as tubes and ellipsoids.
struct Skeleton {
  private let anatomy: Anatomy
  private let stature: Float
  private let apex: Float

  init(_ anatomy: Anatomy) {
    self.anatomy = anatomy
    stature = anatomy.patient.stature
    apex = anatomy.posture.apex
  }

  /// Ribs 1 to 11 of both sides, back and front in one tube each.
  ///
  /// A rib is a tilted ring: seen from the front, its back half runs outwards nearly level and then falls;
  /// its front half comes back inwards, lower and fainter.
  func ribs() -> [Tube] {
    Side.allCases.flatMap { side in (1...11).map { rib($0, side) } }
  }

  private func rib(_ number: Int, _ side: Side) -> Tube {
    let lung = anatomy.lung(side)
    let order = Float(number)
    let pitch = (lung.height + 1.2) / 9.7
    let start = apex - 0.7 + (order - 1) * pitch * (0.9 + 0.012 * order)
    let drop = anatomy.patient.ribDrop * min(1, 0.36 + 0.19 * (order - 1))
    let breadth = lung.outer(at: start + 0.5 * drop) + 0.3
    let end: Float = number <= 7 ? 2.62 - 0.02 * order : (number == 11 ? 1.45 : 2.45 - 0.16 * (order - 7))
    let first = asin(min(1.9 * stature / breadth, 0.9))
    let steps = 26
    let nodes = (0...steps).map { step -> Tube.Node in
      let angle = first + (end - first) * Float(step) / Float(steps)
      let front = smoothStep(1.2, 1.9, angle)
      let place = Point(
        x: side.sign * breadth * sin(angle), y: start + drop * (1 - cos(angle)) / 2,
        z: -0.5 * lung.depth * cos(angle))
      let radius = anatomy.patient.ribRadius * (0.95 + 0.2 * front)
      return Tube.Node(place: place, radius: radius, flatness: 0.74 - 0.36 * front)
    }
    return Tube(nodes: nodes, hollow: 0.6)
  }

  /// Control points of a clavicle, from sternum to shoulder.
  func clavicle(_ side: Side) -> [Point] {
    let drop = anatomy.patient.shoulderDrop
    let sign = side.sign * stature
    return [
      Point(x: 1.9 * sign, y: apex + 3.9 * stature, z: 6),
      Point(x: 6.2 * sign, y: apex + 3.6 * stature, z: 6.5),
      Point(x: 9.5 * sign, y: apex - 1.4 + 0.6 * drop, z: 3),
      Point(x: 15.6 * sign, y: apex - 0.4 + drop, z: 0),
    ]
  }

  func clavicles() -> [Tube] {
    Side.allCases.map { side in
      Tube.bezier(
        clavicle(side), from: 0.82 * stature, to: 0.6 * stature, steps: 18, flatness: 0.8, hollow: 0.55)
    }
  }

  /// Borders and spine of the shoulder blades, and the shafts of the arms.
  func shoulders() -> [Tube] {
    let drop = anatomy.patient.shoulderDrop
    let half = anatomy.rightLung.halfWidth
    let abduction = anatomy.posture.abduction
    return Side.allCases.flatMap { side -> [Tube] in
      func at(_ x: Float, _ y: Float) -> Point { Point(x: side.sign * x, y: apex + drop + y * stature) }
      let joint = 15.4 * stature
      let tip = at(half * 0.93 + 2.2 * abduction, 13.6)
      let medial = Tube.bezier(
        [
          at(half * 0.66 + abduction, 1.6), at(half * 0.70 + abduction, 6), at(half * 0.74 + abduction, 10),
          tip,
        ],
        from: 0.16, to: 0.3, steps: 12, flatness: 0.5)
      let lateral = Tube.bezier(
        [at(joint - 1.2, 3.2), at(joint - 1.6, 6), at(half * 0.98 + 2 * abduction, 10), tip], from: 0.5,
        to: 0.3,
        steps: 12, flatness: 0.4, hollow: 0.3)
      let spine = Tube.bezier(
        [at(half * 0.67 + abduction, 3.0), at(half * 0.8, 2.0), at(joint - 1.5, 0.4), at(joint + 1.6, -0.3)],
        from: 0.35, to: 0.75, steps: 10, flatness: 0.6, hollow: 0.3)
      let arm = 2 + 3 * abduction
      let shaft = Tube.bezier(
        [at(joint + 1.9, 3), at(joint + 2.6, 7), at(joint + 2.2 + arm, 15), at(joint + 2.6 + 1.4 * arm, 26)],
        from: 1.5 * stature, to: 1.15 * stature, steps: 12, flatness: 0.9, hollow: 0.75)
      return [medial, lateral, spine, shaft]
    }
  }

  func humeralHeads() -> [Ellipsoid] {
    Side.allCases.map { side in
      Ellipsoid(
        centre: Point(
          x: side.sign * 16.6 * stature, y: apex + 2.2 * stature + anatomy.patient.shoulderDrop),
        along: 2.3 * stature, across: 2.5 * stature, depth: 1.2 * stature)
    }
  }

  /// One vertebra: where it stands and how large it is.
  struct Vertebra {
    let y: Float
    let pitch: Float
    let halfWidth: Float
  }

  /// Vertebrae from above the radiograph's top edge to below its lower edge.
  func vertebrae(to bottom: Float) -> [Vertebra] {
    var vertebrae: [Vertebra] = []
    var y: Float = -1.5
    while y < bottom + 2 {
      let level = min(max((y - apex) / anatomy.rightLung.height, -0.3), 1.3)
      let pitch = (1.95 + 0.75 * level) * stature
      vertebrae.append(Vertebra(y: y + pitch / 2, pitch: pitch, halfWidth: (1.55 + 0.45 * level) * stature))
      y += pitch
    }
    return vertebrae
  }

  func sternum() -> [Ellipsoid] {
    [
      Ellipsoid(
        centre: Point(x: 0, y: apex + 4.6 * stature, z: 6.5), along: 2.6 * stature, across: 2.3 * stature,
        depth: 0.4),
      Ellipsoid(
        centre: Point(x: 0, y: apex + 11.5 * stature, z: 7.5), along: 1.5 * stature, across: 5.4 * stature,
        depth: 0.35),
    ]
  }

  /// Adds all bones to `plane`, in centimetres of bone.
  func project(onto plane: Plane, brush: TubeBrush) {
    let density = anatomy.patient.boneDensity
    for tube in ribs() + clavicles() { brush.add(tube, to: plane, weight: density) }
    for tube in shoulders() { brush.add(tube, to: plane, weight: density) }
    for head in humeralHeads() { plane.add(head, weight: 0.5 * density) }
    for plate in sternum() { plane.add(plate, weight: 0.5 * density) }
    for vertebra in vertebrae(to: Float(plane.size) / plane.geometry.pixelsPerCentimetre) {
      project(vertebra, onto: plane, density: density)
    }
  }

  /// A vertebral body with dense end plates, its pedicles and spinous process.
  private func project(_ vertebra: Vertebra, onto plane: Plane, density: Float) {
    let geometry = plane.geometry
    let middle = Point(x: 0, y: vertebra.y, z: -5)
    let half = 0.40 * vertebra.pitch
    let scale = geometry.pixelsPerCentimetre
    let (centreRow, _) = geometry.project(middle)
    let rows = (centreRow - 0.6 * vertebra.pitch * scale, centreRow + 0.6 * vertebra.pitch * scale)
    for row in max(Int(rows.0), 0)..<max(min(Int(rows.1) + 1, plane.size), max(Int(rows.0), 0)) {
      let dy = abs(geometry.y(ofRow: row) - vertebra.y)
      let core = 1 - smoothStep(half - 0.12, half + 0.16, dy)
      let plate = 0.35 * (1 - smoothStep(0.05, 0.28, abs(dy - half)))
      // Bodies are waisted: narrowest at mid-height.
      let width = vertebra.halfWidth * (0.93 + 0.10 * (dy / half) * (dy / half))
      let firstX = geometry.firstX(ofRow: row) - geometry.turn * middle.z
      let first = min(max(Int((-width - firstX) * scale), 0), plane.size)
      let last = max(min(Int((width - firstX) * scale) + 1, plane.size), first)
      let pixels = plane.row(row)
      for column in first..<last {
        let across = (firstX + Float(column) / scale) / width
        let square = across * across
        let rounding = max(0, 1 - square * square).squareRoot()
        pixels[column] += density * (0.75 * core + plate) * rounding
      }
    }
    for sign: Float in [-1, 1] {
      let pedicle = Point(x: sign * 0.62 * vertebra.halfWidth, y: vertebra.y - 0.12 * vertebra.pitch, z: -7)
      plane.add(Ellipsoid(centre: pedicle, along: 0.3, across: 0.48, depth: 0.2), weight: density)
    }
    let spine = Point(x: 0, y: vertebra.y + 0.45 * vertebra.pitch, z: -10)
    plane.add(Ellipsoid(centre: spine, along: 0.3, across: 0.75, depth: 0.3), weight: density)
  }
}
