import CoreTensor
import Foundation
import Imaging

/// How one radiograph was exposed, read out and printed.
struct Device: Sendable {
  /// Side of the square radiograph on the patient, in centimetres.
  let fieldWidth: Float
  /// What the field is wider than the narrowest one, before it is fitted to the patient's stature.
  let room: Float
  /// Optical depth printed as middle grey, from that of the middle of the chest.
  let exposure: Float
  /// Slope of the response curve at middle grey, in grey per unit of optical depth.
  let contrast: Float
  /// Above 1 the response is darker in its lower half.
  let gamma: Float
  /// Standard deviation of focal spot and detector blur, in centimetres.
  let blur: Float
  /// Standard deviation of optical depth where one unit of light arrives.
  let noise: Float
  /// Share of the light that is scattered over the whole neighbourhood.
  let scatter: Float
  /// Share of slow brightness changes that the printer evens out.
  let equalisation: Float
  /// Closed shutters at top, bottom, left and right, as shares of the radiograph.
  let shutters: [Float]
  let marker: Marker?
  let noiseSeed: UInt32

  /// - Parameter placement: 0...1, how much more than a radiographer's best the radiograph's width varies.
  init(random: inout RandomStream, stature: Float, placement: Float) {
    room = random.draw(0, 6.5 + 8.5 * placement)
    fieldWidth = (34 + room) * (0.6 + 0.4 * stature)
    exposure = random.draw(0.05, 0.75)
    contrast = random.draw(0.26, 0.46)
    gamma = random.draw(0.8, 1.3)
    blur = random.draw(0.03, 0.13)
    noise = Float(random.logUniform(in: 0.003...0.02))
    scatter = random.draw(0.03, 0.22)
    equalisation = random.draw(0.05, 0.55)
    let collimated = random.chance(0.4)
    shutters = (0..<4).map { _ in
      let width = random.draw(0, 1) * random.draw(0, 0.06)
      return collimated ? width : 0
    }
    let marked = random.chance(0.8)
    let marker = Marker(random: &random, shutters: shutters)
    self.marker = marked ? marker : nil
    noiseSeed = random.nextBits()
  }

  /// Prints optical depth as grey: bones white, air black.
  /// - Parameters:
  ///   - depth: used up.
  ///   - middle: optical depth expected in the middle of the chest.
  func develop(_ depth: Plane, middle: Float) -> GrayImage {
    if let marker { marker.project(onto: depth, fieldWidth: fieldWidth) }
    blur(depth)
    let size = depth.size
    let light = CoarseField(of: depth) { exp(-$0) }
    let haze = CoarseField(of: depth) { min($0, 6) }
    var image = GrayImage(width: size, height: size)
    let slope = 4 * contrast
    image.pixels.withUnsafeMutableBufferPointer { pixels in
      for row in 0..<size {
        let values = depth.row(row)
        var (glare, slow) = (light.row(row), haze.row(row))
        for column in 0..<size {
          let arriving = (1 - scatter) * exp(-values[column]) + scatter * glare.next()
          let seen = noise * normalNoise(noiseSeed, row, column) / arriving.squareRoot() - log(arriving)
          let level = seen - equalisation * (slow.next() - middle) - middle - exposure
          let grey = 1 / (1 + exp(-slope * level))
          pixels[row * size + column] = gamma == 1 ? grey : pow(grey, gamma)
        }
      }
    }
    close(&image)
    return image
  }

  /// Darkens what the shutters cover, with a penumbra of a millimetre or two.
  private func close(_ image: inout GrayImage) {
    guard shutters.contains(where: { $0 > 0 }) else { return }
    let size = image.width
    func gate(_ first: Float, _ last: Float) -> [Float] {
      (0..<size).map { index in
        let share = (Float(index) + 0.5) / Float(size)
        return (first > 0 ? smoothStep(first - 0.003, first + 0.003, share) : 1)
          * (last > 0 ? 1 - smoothStep(0.997 - last, 1.003 - last, share) : 1)
      }
    }
    let (rows, columns) = (gate(shutters[0], shutters[1]), gate(shutters[2], shutters[3]))
    for row in 0..<size {
      for column in 0..<size { image[row, column] *= 0.02 + 0.98 * rows[row] * columns[column] }
    }
  }

  /// A separable Gaussian.
  private func blur(_ plane: Plane) {
    let deviation = blur * plane.geometry.pixelsPerCentimetre
    let reach = max(1, Int((2.5 * deviation).rounded(.up)))
    var kernel = (0...reach).map { exp(-Float($0 * $0) / (2 * deviation * deviation)) }
    let total = kernel[0] + 2 * kernel.dropFirst().reduce(0, +)
    kernel = kernel.map { $0 / total }
    let size = plane.size
    let across = Plane(plane.geometry)
    for row in 0..<size {
      let (source, target) = (plane.row(row), across.row(row))
      for column in 0..<size { target[column] = kernel[0] * source[column] }
      for offset in 1...reach {
        let weight = kernel[offset]
        for column in 0..<offset {
          target[column] += weight * (source[0] + source[column + offset])
          let mirror = size - 1 - column
          target[mirror] += weight * (source[mirror - offset] + source[size - 1])
        }
        for column in offset..<size - offset {
          target[column] += weight * (source[column - offset] + source[column + offset])
        }
      }
    }
    for row in 0..<size {
      let (source, target) = (across.row(row), plane.row(row))
      for column in 0..<size { target[column] = kernel[0] * source[column] }
      for offset in 1...reach {
        let weight = kernel[offset]
        let (above, below) = (across.row(max(row - offset, 0)), across.row(min(row + offset, size - 1)))
        for column in 0..<size { target[column] += weight * (above[column] + below[column]) }
      }
    }
  }
}

/// A standard normal number, nearly: the sum of four uniform bytes of a hash of the pixel.
@inline(__always)
private func normalNoise(_ seed: UInt32, _ row: Int, _ column: Int) -> Float {
  let bits = scramble(
    seed &+ UInt32(truncatingIfNeeded: row) &* 0x9E37_79B1 &+ UInt32(truncatingIfNeeded: column))
  let sum = (bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + bits >> 24
  return (Float(sum) - 510) * (1 / 147.8)
}
