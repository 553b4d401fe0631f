import CoreTensor
import Foundation

/// What stays the same from radiograph to radiograph of one patient. Lengths in centimetres.
struct Patient: Sendable {
  let isFemale: Bool
  /// Multiplies every length; 1 is a man of middle height.
  let stature: Float
  /// Breadth against height of the chest.
  let aspect: Float
  /// Fat and muscle on the chest, added to what the beam crosses.
  let padding: Float
  let breast: Float
  let chestDepth: Float
  let apexShare: Float
  let cageShape: Float
  let ribDrop: Float
  let ribRadius: Float
  let boneDensity: Float
  let scoliosis: Float
  let aorta: Float
  let hilum: Float
  let vesselCalibre: Float
  let lungDensity: Float
  /// Where the heart's breadth lies within its class, healthy or enlarged: 0...1.
  let heartSize: Float
  let heartTilt: Float
  /// How much lower the left dome of the diaphragm stands than the right.
  let leftDomeDrop: Float
  let gastricBubble: Float
  let shoulderDrop: Float

  init(random: inout RandomStream) {
    isFemale = random.chance(0.5)
    stature = (isFemale ? 0.94 : 1) * (1 + 0.05 * Float(min(max(random.normal(), -2), 2)))
    aspect = random.draw(0.9, 1.1)
    padding = random.draw(0, 1) * random.draw(0.5, 7)
    breast = isFemale ? random.draw(0.5, 1.25) : random.draw(0, 0.15)
    chestDepth = random.draw(13.5, 16.5) * stature
    apexShare = random.draw(0.30, 0.38)
    cageShape = random.draw(0.62, 0.78)
    ribDrop = random.draw(7.6, 10.4) * stature
    ribRadius = random.draw(0.52, 0.66) * stature
    boneDensity = random.draw(0.75, 1.2)
    scoliosis = random.draw(-1, 1) * random.draw(0, 0.9)
    aorta = random.draw(0.9, 1.25)
    hilum = random.draw(0.85, 1.2)
    vesselCalibre = random.draw(0.85, 1.2)
    lungDensity = random.draw(0.21, 0.30)
    heartSize = random.draw(0, 1)
    heartTilt = random.draw(0.55, 0.85)
    leftDomeDrop = random.draw(0.6, 2.0)
    gastricBubble = random.chance(0.75) ? random.draw(0.5, 1.1) : 0
    shoulderDrop = random.draw(-1.0, 2.2)
  }
}

/// How the patient stood for one radiograph.
struct Posture: Sendable {
  /// 0 for a poor breath, 1 for a full one.
  let inspiration: Float
  /// Turn about the long axis, as a share of `z` that is added to `x`.
  let turn: Float
  /// Sideways lean: `x` gained for each centimetre down.
  let lean: Float
  /// Where the midline stands, from the radiograph's middle.
  let shift: Float
  /// From the radiograph's top edge to the lungs' apices.
  let apex: Float
  /// How far the arms are held from the chest.
  let abduction: Float

  /// - Parameters:
  ///   - placement: 0...1, how much more than a radiographer's best the patient's place varies.
  ///   - room: centimetres of the radiograph beyond the narrowest one, in which the patient may stand.
  init(random: inout RandomStream, placement: Float, room: Float) {
    inspiration = random.draw(0, 1).squareRoot()
    turn = random.draw(-1, 1) * random.draw(0, 0.14 + 0.06 * placement)
    lean = random.draw(-1, 1) * random.draw(0, 0.05 + 0.07 * placement)
    shift = random.draw(-1, 1) * (1.3 + placement * (0.6 + 0.38 * room))
    apex = random.draw(2.6 - 0.8 * placement, 5.4 + 0.5 * placement * room)
    abduction = random.draw(0, 1)
  }
}

/// One patient in one posture, resolved into shapes. Lengths in centimetres.
struct Anatomy: Sendable {
  let patient: Patient
  let posture: Posture
  let rightLung: LungOutline
  let leftLung: LungOutline
  /// Right atrium, left ventricle, pulmonary trunk and what lies between them, in this order.
  let heart: [Ellipsoid]
  let cardiothoracicRatio: Float
  let aorticArch: Ellipsoid
  /// Ascending aorta and superior vena cava.
  let greatVessels: Ellipsoid
  let rightHilum: Point
  let leftHilum: Point
  let carina: Point

  /// - Parameter isHeartEnlarged: whether the heart is wider than 0.55 of the chest; otherwise it stays
  ///   below 0.5.
  init(patient: Patient, posture: Posture, isHeartEnlarged: Bool) {
    self.patient = patient
    self.posture = posture
    let stature = patient.stature
    let apex = posture.apex
    let halfWidth = 14.3 * stature * patient.aspect
    let height = 23.5 * stature / patient.aspect
    let rightDome = apex + height - 3.6 * (1 - posture.inspiration)
    func lung(_ side: Side) -> LungOutline {
      LungOutline(
        apex: apex, height: height, halfWidth: halfWidth, apexShare: patient.apexShare,
        shape: patient.cageShape, medial: (side == .right ? 2.3 : 2.0) * stature, depth: patient.chestDepth,
        dome: Dome(
          peak: rightDome + (side == .right ? 0 : patient.leftDomeDrop),
          centre: (side == .right ? 0.46 : 0.52) * halfWidth,
          halfSpan: (side == .right ? 0.58 : 0.53) * halfWidth,
          height: (5.4 + 1.6 * posture.inspiration) * stature))
    }
    rightLung = lung(.right)
    leftLung = lung(.left)
    let size = patient.heartSize
    cardiothoracicRatio = isHeartEnlarged ? 0.56 + 0.11 * size : 0.42 + 0.07 * size
    let hilumLevel = apex + 0.46 * height
    rightHilum = Point(x: -4.9 * stature, y: hilumLevel + 0.7)
    leftHilum = Point(x: 4.8 * stature, y: hilumLevel - 0.5)
    carina = Point(x: -0.2, y: apex + 0.35 * height, z: -1)
    heart = Self.heart(
      width: cardiothoracicRatio * 2 * halfWidth, depth: 0.41 * patient.chestDepth, tilt: patient.heartTilt,
      domes: (rightDome, leftLung.dome.peak),
      trunk: Point(x: 2.0 * stature, y: hilumLevel + 0.2, z: 3))
    greatVessels = Ellipsoid(
      centre: Point(x: -0.5 * stature, y: apex + 0.42 * height, z: 2), along: 3.1 * stature * patient.aorta,
      across: 7.5 * stature, depth: 4.6 * stature, angle: 0.06)
    aorticArch = Ellipsoid(
      centre: Point(x: 2.1 * stature, y: apex + 0.27 * height, z: -1), along: 1.9 * stature * patient.aorta,
      across: 1.75 * stature * patient.aorta, depth: 2.6 * stature * patient.aorta)
  }

  /// - Parameter width: from the right border of the silhouette to its left border; met exactly.
  private static func heart(width: Float, depth: Float, tilt: Float, domes: (Float, Float), trunk: Point)
    -> [Ellipsoid]
  {
    let (right, left) = (0.33 * width, 0.67 * width)
    var ventricle = Ellipsoid(
      centre: Point(x: 0, y: 0, z: 3), along: 0.56 * width, across: 0.40 * width,
      depth: min(0.47 * width, depth), angle: tilt)
    ventricle.centre.x = left - ventricle.halfExtent.x
    ventricle.centre.y = domes.1 - 0.66 * ventricle.halfExtent.y
    let atrium = Ellipsoid(
      centre: Point(x: 0.29 * width - right, y: domes.0 - 0.24 * width, z: 3), along: 0.29 * width,
      across: 0.40 * width, depth: min(0.40 * width, depth))
    let conus = Ellipsoid(
      centre: trunk, along: min(0.30 * width, 4), across: min(0.17 * width, 2.6),
      depth: min(0.33 * width, depth), angle: 1.2)
    let septum = Ellipsoid(
      centre: Point(x: 0.17 * width, y: (atrium.centre.y + ventricle.centre.y) / 2, z: 3),
      along: 0.42 * width,
      across: 0.36 * width, depth: min(0.46 * width, depth), angle: 0.3)
    return [atrium, ventricle, conus, septum]
  }

  func lung(_ side: Side) -> LungOutline { side == .right ? rightLung : leftLung }
  func hilum(_ side: Side) -> Point { side == .right ? rightHilum : leftHilum }
}
