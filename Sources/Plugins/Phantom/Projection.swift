import CoreTensor
import Foundation

/// Linear attenuation at a chest radiograph's beam quality, in 1/cm.
enum Attenuation {
  static let soft: Float = 0.19
  /// What a centimetre of bone adds to the tissue that it replaces.
  static let boneExcess: Float = 0.36
  /// Lead of a side marker.
  static let lead: Float = 60
}

/// The patient seen along the beam: how many centimetres of each material every pixel's ray crosses.
struct Projection {
  private let anatomy: Anatomy
  private let findings: Findings
  private let geometry: RadiographGeometry
  /// The whole body, air passages outside the lungs taken off.
  private let body: Plane
  /// Room for the lungs, aerated or not: what heart, aorta and diaphragm leave of the rib cage.
  private let cavity: Plane
  /// Tissue within `cavity`.
  private let tissue: Plane
  private let bone: Plane
  private let brush: TubeBrush

  /// - Parameter random: the patient's stream for the lung of a side.
  init(
    _ anatomy: Anatomy, findings: Findings, geometry: RadiographGeometry, random: (Side) -> RandomStream
  ) {
    self.anatomy = anatomy
    self.findings = findings
    self.geometry = geometry
    (body, cavity, tissue) = (Plane(geometry), Plane(geometry), Plane(geometry))
    (bone, brush) = (Plane(geometry), TubeBrush(geometry))
    Trunk(anatomy).project(onto: body, brush: brush)
    let (mediastinum, vessels) = (Plane(geometry), Plane(geometry))
    project(mediastinum: mediastinum)
    for side in Side.allCases {
      var random = random(side)
      let texture = random.nextBits()
      let scan = LungScan(anatomy, side, pneumothorax: findings.pneumothorax, geometry: geometry)
      carve(scan, mediastinum: mediastinum)
      project(vesselsOf: side, onto: vessels, random: random)
      fill(scan, vessels: vessels, texture: texture)
      addPathology(scan)
    }
    Skeleton(anatomy).project(onto: bone, brush: brush)
  }

  /// Beer-Lambert's exponent for every pixel.
  func opticalDepth() -> Plane {
    let depth = Plane(geometry)
    for pixel in 0..<depth.size * depth.size {
      let soft = max(body.values[pixel] - cavity.values[pixel], 0) + tissue.values[pixel]
      depth.values[pixel] = Attenuation.soft * soft + Attenuation.boneExcess * bone.values[pixel]
    }
    return depth
  }

  private func project(mediastinum: Plane) {
    for part in anatomy.heart { mediastinum.unite(part) }
    mediastinum.unite(anatomy.greatVessels)
    mediastinum.unite(anatomy.aorticArch)
    let arch = anatomy.aorticArch.centre
    let radius = 1.15 * anatomy.patient.stature * anatomy.patient.aorta
    let bottom = anatomy.leftLung.dome.peak + 6
    let descending = Tube.bezier(
      [
        Point(x: arch.x + 0.5, y: arch.y, z: -4), Point(x: arch.x + 0.9, y: arch.y + 5, z: -6),
        Point(x: 2, y: bottom - 6, z: -6), Point(x: 0.8, y: bottom, z: -6),
      ], from: radius, to: 0.9 * radius, steps: 10)
    brush.add(descending, to: mediastinum)
    let air = Plane(geometry)
    for airway in airways(anatomy) { brush.unite(airway, with: air) }
    for pixel in 0..<air.size * air.size { body.values[pixel] -= air.values[pixel] }
    if anatomy.patient.gastricBubble > 0 { body.add(gastricBubble(), weight: -0.9) }
  }

  private func gastricBubble() -> Ellipsoid {
    let dome = anatomy.leftLung.dome
    let size = anatomy.patient.gastricBubble * anatomy.patient.stature
    let centre = Point(x: dome.centre - 0.5, y: dome.peak + 1.1 + 1.9 * size)
    return Ellipsoid(
      centre: centre, along: 4.2 * size, across: 1.9 * size, depth: 2.6 * size, angle: 0.12,
      floor: centre.y + 0.5 * size)
  }

  /// Opens the room of one lung.
  private func carve(_ scan: LungScan, mediastinum: Plane) {
    for row in scan.rows {
      let (room, taken) = (cavity.row(row.row), mediastinum.row(row.row))
      let inverse = 1 / row.outer
      for column in row.columns {
        let x = row.x(column)
        let across = (x * inverse) * (x * inverse)
        let rim = min(max((x - row.inner) * (1 / 3.2), 0), 1)
        let section = max(0, 1 - across * across) * rim * (2 - rim)
        let below = max(row.y - scan.lung.dome.edge(at: x), 0)
        room[column] = max(row.depth * section.squareRoot() - taken[column] - 11 * below.squareRoot(), 0)
      }
    }
  }

  private func project(vesselsOf side: Side, onto vessels: Plane, random: RandomStream) {
    let stature = anatomy.patient.stature
    let hilum = anatomy.hilum(side)
    let size = anatomy.patient.hilum * stature
    vessels.add(
      Ellipsoid(
        centre: hilum, along: 1.0 * size, across: 2.1 * size, depth: 0.9 * size, angle: side.sign * -0.3))
    vessels.add(
      Ellipsoid(
        centre: Point(x: hilum.x - 0.2 * side.sign, y: hilum.y - 1.1 * size), along: 1.3 * size,
        across: 0.9 * size, depth: 0.6 * size))
    for tube in VesselTree(anatomy, side, random: random).tubes { brush.add(tube, to: vessels) }
  }

  /// Fills one lung with its spongy tissue and vessels, less where it has come away from the ribs.
  private func fill(_ scan: LungScan, vessels: Plane, texture: UInt32) {
    let free = findings.pneumothorax.flatMap { $0.side == scan.side ? $0 : nil }
    let density = anatomy.patient.lungDensity
    for row in scan.rows {
      let (room, target, vessel) = (cavity.row(row.row), tissue.row(row.row), vessels.row(row.row))
      for column in row.columns where room[column] > 0 {
        let x = row.x(column)
        let grain = valueNoise(x * 1.7, row.y * 1.7, texture) + valueNoise(x * 4.1, row.y * 4.1, texture &+ 1)
        var share = density * (0.86 + 0.14 * grain)
        var calibre = vessel[column]
        if let free {
          let bare = free.share(x: x, pleura: row.pleura)
          share *= 1 - free.clearing * bare
          calibre *= 1 - bare
        }
        target[column] = min(share * room[column] + calibre, room[column])
      }
    }
  }

  private func addPathology(_ scan: LungScan) {
    let side = scan.side
    if let free = findings.pneumothorax, free.side == side { addPleuralLine(free, scan.lung) }
    if let patch = findings.consolidation, patch.side == side {
      addConsolidation(patch, scan)
    }
    if let nodule = findings.nodule, nodule.side == side {
      forEachPixel(scan, from: nodule.centre.y - 2 * nodule.radius, to: nodule.centre.y + 2 * nodule.radius) {
        x, y, _ in nodule.path(x: x, y: y) * nodule.density
      }
    }
    if let fluid = findings.effusion, fluid.side == side {
      for row in scan.rows where row.y > fluid.top - fluid.softness {
        let (room, target) = (cavity.row(row.row), tissue.row(row.row))
        for column in row.columns {
          let share = fluid.share(x: row.x(column), y: row.y, inner: row.inner, outer: row.outer)
          target[column] += (room[column] - target[column]) * share
        }
      }
    }
  }

  /// Adds what `path` gives to the lung's tissue, never more than fits.
  @inline(__always)
  private func forEachPixel(
    _ scan: LungScan, from top: Float, to bottom: Float, _ path: (Float, Float, Float) -> Float
  ) {
    for row in scan.rows where row.y > top && row.y < bottom {
      let (room, target) = (cavity.row(row.row), tissue.row(row.row))
      for column in row.columns {
        let free = max(room[column] - target[column], 0)
        target[column] += min(path(row.x(column), row.y, free), free)
      }
    }
  }

  /// Fills air spaces, then opens the bronchi that stay black within.
  private func addConsolidation(_ patch: Consolidation, _ scan: LungScan) {
    let reach = 1.5 * max(patch.patch.along, patch.patch.across)
    let centre = patch.patch.centre
    forEachPixel(scan, from: centre.y - reach, to: centre.y + reach) { x, y, free in
      free * patch.share(x: x, y: y)
    }
    for bronchus in patch.bronchi(from: anatomy.hilum(scan.side)) {
      brush.add(bronchus, to: tissue, weight: -0.7 * patch.strength)
    }
  }

  /// The lung's surface, seen edge-on as a hair line.
  private func addPleuralLine(_ free: Pneumothorax, _ lung: LungOutline) {
    let apex = free.apex(lung: lung)
    let bottom = lung.dome.peak + 1
    let steps = 40
    let nodes = (0...steps).map { step -> Tube.Node in
      let share = Float(step) / Float(steps)
      let y = apex + (bottom - apex) * share * share
      let x = max(free.pleura(at: y, lung: lung), lung.inner(at: y))
      return Tube.Node(place: Point(x: free.side.sign * x, y: y), radius: 0.07, flatness: 4.5)
    }
    brush.add(Tube(nodes: nodes), to: tissue)
  }
}
