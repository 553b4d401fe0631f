import CoreTensor
import Foundation
import Imaging
import Testing

@Suite struct AppearanceTests {
  static let sizes = [(1, 1), (1, 9), (9, 1), (15, 17), (16, 16), (33, 50), (64, 31)]

  @Test(arguments: sizes) func neutralValuesChangeNoBit(width: Int, height: Int) {
    var image = NaiveImaging.noise(width: width, height: height)
    // Not even a pixel out of range is touched.
    image[0, 0] = 1.5
    #expect(image.brightness(1) == image)
    #expect(image.contrast(1) == image)
    #expect(image.gamma(1) == image)
    #expect(image.gaussianBlurred(0) == image)
  }

  @Test(arguments: sizes) func mirrorReversesRowsAndUndoesItself(width: Int, height: Int) {
    let image = NaiveImaging.noise(width: width, height: height)
    let mirrored = image.mirrored()
    for r in 0..<height {
      for c in 0..<width { #expect(mirrored[r, c] == image[r, width - 1 - c]) }
    }
    #expect(mirrored.mirrored() == image)
  }

  @Test(arguments: [0, 0.6, 0.99, 1.4, 50]) func brightnessMultipliesAndClips(factor: Double) {
    let image = NaiveImaging.noise(width: 37, height: 29)
    let changed = image.brightness(factor)
    for (new, old) in zip(changed.pixels, image.pixels) {
      #expect(abs(Double(new) - min(1, Double(old) * factor)) < 1e-6)
    }
  }

  @Test(arguments: [0, 0.6, 1.4, 30]) func contrastBlendsWithTheMean(factor: Double) {
    let image = NaiveImaging.noise(width: 37, height: 29)
    let mean = image.pixels.reduce(0.0) { $0 + Double($1) } / Double(image.pixels.count)
    #expect(abs(image.meanGray - mean) < 1e-12)
    let changed = image.contrast(factor)
    for (new, old) in zip(changed.pixels, image.pixels) {
      #expect(abs(Double(new) - min(1, max(0, mean + factor * (Double(old) - mean)))) < 5e-6)
    }
  }

  @Test(arguments: [0.05, 0.5, 0.7, 1.3, 2, 9, 300]) func gammaIsThePower(exponent: Double) {
    let count = 4097
    let ramp = GrayImage(
      width: count, height: 1, pixels: (0..<count).map { Float($0) / Float(count - 1) })
    let changed = ramp.gamma(exponent)
    for (new, old) in zip(changed.pixels, ramp.pixels) {
      #expect(abs(Double(new) - pow(Double(old), exponent)) < 2e-6)
    }
    #expect(changed.pixels.first == 0 && changed.pixels.last == 1)
    let faint = GrayImage(width: 3, height: 1, pixels: [1e-30, 1e-7, 2]).gamma(exponent)
    #expect(abs(Double(faint.pixels[0]) - pow(1e-30, exponent)) < 2e-6)
    #expect(abs(Double(faint.pixels[1]) - pow(1e-7, exponent)) < 2e-6)
    #expect(faint.pixels[2] == 1)
  }

  @Test(arguments: sizes, [0.05, 0.5, 1.4, 2, 7.3]) func blurIsThreeBoxes(
    size: (width: Int, height: Int), radius: Double
  ) {
    let image = NaiveImaging.noise(width: size.width, height: size.height)
    let blurred = image.gaussianBlurred(radius)
    #expect(NaiveImaging.largestDifference(blurred, NaiveImaging.blurred(image, radius: radius)) < 2e-6)
  }

  @Test func blurHasTheVarianceAskedFor() {
    var point = GrayImage(width: 101, height: 101)
    point[50, 50] = 1
    for radius in [0.3, 1, 2, 3.7, 8] {
      let blurred = point.gaussianBlurred(radius)
      var (total, second) = (0.0, 0.0)
      for r in 0..<101 {
        for c in 0..<101 {
          total += Double(blurred[r, c])
          second += Double(blurred[r, c]) * Double((r - 50) * (r - 50))
        }
      }
      #expect(abs(total - 1) < 1e-4)
      #expect(abs((second / total).squareRoot() - radius) < 0.02 * radius)
    }
  }

  @Test func everyStepStaysWithinRange() {
    let image = NaiveImaging.noise(width: 50, height: 40)
    var changed = image
    changed.applyBrightness(1.4)
    changed.applyContrast(1.4)
    changed.applyGamma(0.5)
    changed.applyGaussianBlur(1.7)
    #expect(changed.pixels.allSatisfy { (0...1).contains($0) })
    #expect(changed == image.brightness(1.4).contrast(1.4).gamma(0.5).gaussianBlurred(1.7))
  }
}
