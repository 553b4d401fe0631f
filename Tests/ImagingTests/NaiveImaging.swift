import CoreTensor
import Foundation
import Imaging

/// Slow double-precision counterparts of the Imaging module, written from the definitions.
enum NaiveImaging {
  static func noise(width: Int, height: Int, seed: UInt64 = 7) -> GrayImage {
    var random = RandomStream(seed: seed, stream: "imaging-tests", step: width, index: height)
    return GrayImage(
      width: width, height: height, pixels: (0..<width * height).map { _ in Float(random.unit()) })
  }

  /// Keys' cubic with a = -0.5.
  static func cubic(_ x: Double) -> Double {
    let a = -0.5
    let d = abs(x)
    if d < 1 { return (a + 2) * d * d * d - (a + 3) * d * d + 1 }
    return d < 2 ? a * d * d * d - 5 * a * d * d + 8 * a * d - 4 * a : 0
  }

  /// One axis: `line` resized to `count` values.
  static func resize(line: [Double], to count: Int) -> [Double] {
    let scale = Double(line.count) / Double(count)
    let stretch = max(scale, 1)
    return (0..<count).map { place in
      let center = (Double(place) + 0.5) * scale
      let first = max(0, Int((center - 2 * stretch + 0.5).rounded(.towardZero)))
      let end = min(line.count, Int((center + 2 * stretch + 0.5).rounded(.towardZero)))
      var (sum, total) = (0.0, 0.0)
      for source in first..<end {
        let weight = cubic((Double(source) - center + 0.5) / stretch)
        sum += weight * line[source]
        total += weight
      }
      return sum / total
    }
  }

  static func cropped(
    _ image: GrayImage, row: Int, column: Int, height: Int, width: Int, to size: (height: Int, width: Int)
  ) -> GrayImage {
    let narrow = (row..<row + height).map { r in
      resize(line: (column..<column + width).map { Double(image[r, $0]) }, to: size.width)
    }
    var result = GrayImage(width: size.width, height: size.height)
    for c in 0..<size.width {
      let line = resize(line: narrow.map { $0[c] }, to: size.height)
      for r in 0..<size.height { result[r, c] = Float(min(1, max(0, line[r]))) }
    }
    return result
  }

  /// Three extended box blurs of a line, edges repeated.
  static func blur(line: [Double], radius: Double) -> [Double] {
    let variance = radius * radius / 3
    let whole = (((12 * variance + 1).squareRoot() - 1) / 2).rounded(.down)
    let part =
      (2 * whole + 1) * (whole * (whole + 1) - 3 * variance) / (6 * (variance - (whole + 1) * (whole + 1)))
    let reach = Int(whole) + 1
    let length = 2 * (whole + part) + 1
    var current = line
    for _ in 0..<3 {
      let before = current
      current = before.indices.map { place in
        (-reach...reach).reduce(0.0) { sum, step in
          let value = before[min(before.count - 1, max(0, place + step))]
          return sum + value * (abs(step) == reach ? part : 1)
        } / length
      }
    }
    return current
  }

  static func blurred(_ image: GrayImage, radius: Double) -> GrayImage {
    var result = image
    for r in 0..<image.height {
      let line = blur(line: (0..<image.width).map { Double(image[r, $0]) }, radius: radius)
      for c in 0..<image.width { result[r, c] = Float(line[c]) }
    }
    for c in 0..<image.width {
      let line = blur(line: (0..<image.height).map { Double(result[$0, c]) }, radius: radius)
      for r in 0..<image.height { result[r, c] = Float(line[r]) }
    }
    return result
  }

  static func largestDifference(_ first: GrayImage, _ second: GrayImage) -> Float {
    guard first.width == second.width, first.height == second.height else { return .infinity }
    return zip(first.pixels, second.pixels).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }
}
