import CoreTensor
import Foundation

/// What a radiograph may show besides a healthy chest.
enum Finding: String, CaseIterable, Sendable {
  case cardiomegaly, consolidation, effusion, nodule, pneumothorax
}

/// A round, dense spot in a lung.
struct Nodule: Sendable {
  let side: Side
  /// `x` from the midline, positive in either half.
  let centre: Point
  let radius: Float
  /// Its attenuation against soft tissue's: 1 for a solid nodule, 2 for one that is calcified throughout.
  let density: Float
  /// Height and turn of three waves around its border.
  let waves: [(height: Float, turn: Float)]

  /// From the centre to the border in direction `angle`.
  func border(at angle: Float) -> Float {
    var border = radius
    for (index, wave) in waves.enumerated() {
      border += radius * wave.height * cos(Float(index + 2) * angle + wave.turn)
    }
    return border
  }

  /// Path length through the nodule of the beam at `x`, `y`.
  func path(x: Float, y: Float) -> Float {
    let (dx, dy) = (x - centre.x, y - centre.y)
    let distance = dx * dx + dy * dy
    guard distance < 2 * radius * radius else { return 0 }
    let border = border(at: atan2(dy, dx))
    return 2 * max(0, border * border - distance).squareRoot()
  }
}

/// Fluid in a pleural space: level in the middle, rising to a meniscus at the ribs.
struct Effusion: Sendable {
  let side: Side
  /// Where the fluid meets the ribs.
  let top: Float
  /// How much lower it stands at the mediastinum.
  let sag: Float
  let softness: Float

  /// Share of the air at `x`, `y` that is fluid, where the lung's field runs from `inner` to `outer`.
  @inline(__always)
  func share(x: Float, y: Float, inner: Float, outer: Float) -> Float {
    let across = min(max((x - inner) / (outer - inner), 0), 1)
    let level = top + sag * (1 - across * across * across)
    return smoothStep(level - 0.3 * softness, level + softness, y)
  }
}

/// Air between a lung and its ribs.
struct Pneumothorax: Sendable {
  let side: Side
  /// How far the lung has come away from the ribs at mid-height.
  let retraction: Float
  /// How far its apex has come down, relative to `retraction`.
  let apicalShare: Float
  /// Share of the lung's shadow that is missing in the free air.
  let clearing: Float

  /// The border of the lung that is left: from the midline at `y`.
  func pleura(at y: Float, lung: LungOutline) -> Float {
    let level = (y - lung.apex) / lung.height
    let gap = retraction * min(max(1.25 - 0.75 * level, 0.35), 1.25)
    return lung.outer(at: y - apicalShare * retraction) - gap
  }

  func apex(lung: LungOutline) -> Float { lung.apex + apicalShare * retraction }

  /// 1 in free air, 0 in the lung that is left.
  @inline(__always)
  func share(x: Float, pleura: Float) -> Float { smoothStep(-0.06, 0.06, x - pleura) }
}

/// Air spaces filled with fluid or pus: a hazy patch whose bronchi stay black.
struct Consolidation: Sendable {
  let side: Side
  /// Of the patch; `x` from the midline, positive in either half.
  let patch: Ellipsoid
  let strength: Float
  /// `y` of a fissure that bounds the patch below, where there is one.
  let fissure: Float?
  /// Seed of the cloudy texture.
  let texture: UInt32

  /// Share of the air at `x`, `y` that is filled.
  func share(x: Float, y: Float) -> Float {
    let (sine, cosine) = (sin(patch.angle), cos(patch.angle))
    let (dx, dy) = (x - patch.centre.x, y - patch.centre.y)
    let first = (dx * cosine + dy * sine) / patch.along
    let second = (dy * cosine - dx * sine) / patch.across
    let distance = first * first + second * second
    guard distance < 2 else { return 0 }
    let cloud = valueNoise(x * 0.9, y * 0.9, texture) * 0.6 + valueNoise(x * 2.1, y * 2.1, texture &+ 7) * 0.4
    var share = strength * (1 - smoothStep(0, 1, distance.squareRoot() + 0.8 * (cloud - 0.5)))
    share *= 0.6 + 0.8 * cloud
    if let fissure { share *= 1 - smoothStep(-0.25, 0.25, y - fissure) }
    return min(share, 1)
  }

  /// Bronchi that run from the hilum through the patch and stay full of air.
  func bronchi(from hilum: Point) -> [Tube] {
    let heart = Point(x: abs(hilum.x), y: hilum.y)
    let (dx, dy) = (patch.centre.x - heart.x, patch.centre.y - heart.y)
    return (-1...1).map { lane in
      let spread = Float(lane) * 0.32
      func at(_ share: Float) -> Point {
        let bent = spread * (0.4 + share)
        return Point(
          x: side.sign * (heart.x + share * (dx - bent * dy)), y: heart.y + share * (dy + bent * dx))
      }
      return Tube.bezier([at(0.55), at(0.75), at(1), at(1.2)], from: 0.2, to: 0.09, steps: 6)
    }
  }
}

/// The findings of one radiograph, each with its place.
struct Findings: Sendable {
  let present: Set<Finding>
  let nodule: Nodule?
  let effusion: Effusion?
  let pneumothorax: Pneumothorax?
  let consolidation: Consolidation?

  /// Places the findings of `present`.
  ///
  /// Every draw is made whether it is used or not, so that a finding that is added or left out moves no
  /// other, except that none shares a lung with free air.
  init(present: Set<Finding>, anatomy: Anatomy, random: RandomStream) {
    var random = random
    self.present = present
    let airSide = random.side()
    let free = present.contains(.pneumothorax)
    let drawn = (random.side(), random.side(), random.side())
    func side(_ side: Side) -> Side { free ? airSide.other : side }
    pneumothorax = free ? Self.pneumothorax(airSide, &random) : nil
    if !free { _ = Self.pneumothorax(airSide, &random) }
    let effusion = Self.effusion(anatomy, side(drawn.0), &random)
    self.effusion = present.contains(.effusion) ? effusion : nil
    let nodule = Self.nodule(anatomy, side(drawn.1), &random)
    self.nodule = present.contains(.nodule) ? nodule : nil
    let consolidation = Self.consolidation(anatomy, side(drawn.2), &random)
    self.consolidation = present.contains(.consolidation) ? consolidation : nil
  }

  private static func pneumothorax(_ side: Side, _ random: inout RandomStream) -> Pneumothorax {
    Pneumothorax(
      side: side, retraction: random.draw(1.3, 5), apicalShare: random.draw(0.7, 1.1),
      clearing: random.draw(0.4, 0.85))
  }

  private static func effusion(
    _ anatomy: Anatomy, _ side: Side, _ random: inout RandomStream
  ) -> Effusion {
    let lung = anatomy.lung(side)
    let angle = lung.dome.edge(at: lung.outer(at: lung.dome.peak))
    let amount = random.draw(0, 1)
    let height = min(3.2 + 9.5 * amount * amount.squareRoot(), 0.5 * lung.height)
    return Effusion(
      side: side, top: angle - height, sag: random.draw(2, 4.5), softness: random.draw(0.8, 2))
  }

  private static func nodule(
    _ anatomy: Anatomy, _ side: Side, _ random: inout RandomStream
  ) -> Nodule {
    let lung = anatomy.lung(side)
    let y = lung.apex + lung.height * random.draw(0.16, 0.72)
    let inner = max(lung.inner(at: y), abs(anatomy.hilum(side).x)) + 1.2
    let x = inner + (lung.outer(at: y) - 1.8 - inner) * random.draw(0, 1)
    return Nodule(
      side: side, centre: Point(x: x, y: y), radius: random.draw(0.8, 1.8) * anatomy.patient.stature,
      density: random.draw(1, 2),
      waves: (0..<3).map { _ in (random.draw(0, 0.07), random.draw(0, 2 * .pi)) })
  }

  private static func consolidation(
    _ anatomy: Anatomy, _ side: Side, _ random: inout RandomStream
  ) -> Consolidation {
    let lung = anatomy.lung(side)
    let level = random.draw(0.2, 0.8)
    let y = lung.apex + lung.height * level
    let inner = lung.inner(at: y) + 1.5
    let x = inner + (lung.outer(at: y) - 1.5 - inner) * random.draw(0.25, 0.8)
    let patch = Ellipsoid(
      centre: Point(x: x, y: y), along: random.draw(4, 8), across: random.draw(3.4, 6), depth: 1,
      angle: random.draw(-0.8, 0.8))
    let bounded = random.chance(0.5) && level < 0.5
    return Consolidation(
      side: side, patch: patch, strength: random.draw(0.28, 0.75),
      fissure: bounded ? y + random.draw(0.8, 1.8) : nil, texture: random.nextBits())
  }
}

/// Smooth noise in [0, 1] with one independent value at each whole `x`, `y`.
@inline(__always)
func valueNoise(_ x: Float, _ y: Float, _ seed: UInt32) -> Float {
  let (left, top) = (x.rounded(.down), y.rounded(.down))
  let (column, row) = (Int32(left), Int32(top))
  let (u, v) = (x - left, y - top)
  let (across, down) = (u * u * (3 - 2 * u), v * v * (3 - 2 * v))
  let upper = lattice(column, row, seed) * (1 - across) + lattice(column &+ 1, row, seed) * across
  let lower = lattice(column, row &+ 1, seed) * (1 - across) + lattice(column &+ 1, row &+ 1, seed) * across
  return upper * (1 - down) + lower * down
}

@inline(__always)
private func lattice(_ column: Int32, _ row: Int32, _ seed: UInt32) -> Float {
  Float(
    scramble(UInt32(bitPattern: column) &* 0x9E37_79B1 ^ UInt32(bitPattern: row) &* 0x85EB_CA77 ^ seed) >> 8)
    * 0x1p-24
}

/// Spreads every input bit over the word (Wellons' low-bias 32-bit hash).
@inline(__always)
func scramble(_ value: UInt32) -> UInt32 {
  var bits = value
  bits = (bits ^ (bits >> 16)) &* 0x7FEB_352D
  bits = (bits ^ (bits >> 15)) &* 0x846C_A68B
  return bits ^ (bits >> 16)
}
