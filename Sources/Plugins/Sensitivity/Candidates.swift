import CoreTensor
import Foundation
import Imaging

/// How a candidate looks: what was done to the radiograph, in this order.
struct Appearance: Sendable, Equatable, Codable {
  var brightness: Double
  var contrast: Double
  var gamma: Double
  /// Standard deviation in pixels.
  var blur: Double

  func apply(to image: inout GrayImage) {
    image.applyBrightness(brightness)
    image.applyContrast(contrast)
    image.applyGamma(gamma)
    image.applyGaussianBlur(blur)
  }

  var numbers: [Double] { [brightness, contrast, gamma, blur] }
}

/// Over which candidates are spread.
struct AppearanceRanges: Sendable, Equatable {
  let brightness: ClosedRange<Double>
  let contrast: ClosedRange<Double>
  let gamma: ClosedRange<Double>
  let blur: ClosedRange<Double>

  /// - Parameter place: in the unit cube; gamma goes by its logarithm.
  func appearance(at place: [Double]) -> Appearance {
    func linear(_ range: ClosedRange<Double>, _ place: Double) -> Double {
      range.lowerBound + (range.upperBound - range.lowerBound) * place
    }
    return Appearance(
      brightness: linear(brightness, place[0]), contrast: linear(contrast, place[1]),
      gamma: exp(linear(log(gamma.lowerBound)...log(gamma.upperBound), place[2])),
      blur: linear(blur, place[3]))
  }
}

/// How candidates are spread evenly over their ranges.
enum CandidateSpread: String, Sendable, CaseIterable {
  /// A Halton sequence in bases 2, 3, 5 and 7, shifted: 64 points lie evenly along every axis and in every plane, which
  /// a grid of 64 over four axes, 2.8 along each, cannot.
  case sequence
  /// Middles of the cells of a cube over brightness, contrast and log gamma, without blur.
  case grid

  private static let bases = [2, 3, 5, 7]

  /// - Parameters:
  ///   - count: of a grid, a cube.
  ///   - random: where the sequence is shifted to; a grid takes nothing of it.
  func candidates(_ count: Int, _ ranges: AppearanceRanges, _ random: inout RandomStream) -> [Appearance] {
    switch self {
    case .sequence:
      let shift = Self.bases.map { _ in random.unit() }
      return (0..<count).map { index in
        ranges.appearance(
          at: zip(Self.bases, shift).map { base, shift in
            (Self.radicalInverse(index, base) + shift).truncatingRemainder(dividingBy: 1)
          })
      }
    case .grid:
      let side = Self.gridSide(count)!
      return (0..<count).map { index in
        let cell = [index / (side * side), index / side % side, index % side]
        var appearance = ranges.appearance(at: cell.map { (Double($0) + 0.5) / Double(side) } + [0])
        appearance.blur = 0
        return appearance
      }
    }
  }

  /// Cells along a side of a cube of `count`; nil where it is no cube.
  static func gridSide(_ count: Int) -> Int? {
    let side = Int(cbrt(Double(count)).rounded())
    return side * side * side == count ? side : nil
  }

  /// The digits of `index` in `base`, mirrored at the point (van der Corput).
  static func radicalInverse(_ index: Int, _ base: Int) -> Double {
    var (rest, value, weight) = (index, 0.0, 1 / Double(base))
    while rest > 0 {
      value += Double(rest % base) * weight
      rest /= base
      weight /= Double(base)
    }
    return value
  }
}
