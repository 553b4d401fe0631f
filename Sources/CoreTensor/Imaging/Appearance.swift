import CKernels
import CoreTensor

// What a radiograph looks like: each step works in place, clips to [0, 1], and does nothing at all at its neutral
// value.
extension GrayImage {
  /// Mirrors left to right.
  public mutating func mirror() {
    let (height, width) = (Int32(height), Int32(width))
    pixels.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      chex_mirror_rows(base, height, width)
    }
  }

  /// Multiplies every pixel by `factor`; 1 changes nothing.
  /// - Precondition: `factor` is finite and not negative.
  public mutating func applyBrightness(_ factor: Double) {
    require(
      factor >= 0 && factor.isFinite, "GrayImage.applyBrightness: factor \(factor) must be 0 or more")
    guard factor != 1 else { return }
    withPixels { chex_scale_clip($0, $1, Float(factor)) }
  }

  /// Blends with the mean grey: `mean + factor · (v - mean)`; 1 changes nothing. Pillow's definition, except
  /// that the mean is not rounded to a whole grey level.
  /// - Precondition: `factor` is finite and not negative.
  public mutating func applyContrast(_ factor: Double) {
    require(
      factor >= 0 && factor.isFinite, "GrayImage.applyContrast: factor \(factor) must be 0 or more")
    guard factor != 1 else { return }
    withPixels { chex_blend_clip($0, $1, Float(chex_mean($0, $1)), Float(factor)) }
  }

  /// Raises every pixel, clipped to [0, 1], to the power `exponent`, to within 2e-6; 1 changes nothing.
  /// - Precondition: `exponent` is finite and positive.
  public mutating func applyGamma(_ exponent: Double) {
    require(
      exponent > 0 && exponent.isFinite, "GrayImage.applyGamma: exponent \(exponent) must be positive")
    guard exponent != 1 else { return }
    withPixels { chex_power_clip($0, $1, Float(exponent)) }
  }

  /// Gaussian blur of standard deviation `radius` in pixels, by three passes of an extended box blur along
  /// each axis with the edge pixels repeated (Gwosdek et al. 2011), as Pillow does it, except that Pillow
  /// rounds to whole grey levels after each of the six passes; 0 changes nothing.
  /// - Precondition: `radius` lies within 0...10 000.
  public mutating func applyGaussianBlur(_ radius: Double) {
    require(
      (0...10_000).contains(radius), "GrayImage.applyGaussianBlur: radius \(radius) must lie in 0...10000")
    guard radius != 0 else { return }
    let (height, width) = (Int32(height), Int32(width))
    pixels.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let status = chex_gaussian_blur(base, height, width, radius)
      require(status == 0, "GrayImage.applyGaussianBlur: no memory for lines of \(max(height, width))")
    }
  }

  private mutating func withPixels(_ body: (UnsafeMutablePointer<Float>, Int) -> Void) {
    pixels.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      body(base, buffer.count)
    }
  }
}

extension GrayImage {
  /// The mean grey, summed in double precision; 0 for an image without pixels.
  public var meanGray: Double {
    pixels.isEmpty ? 0 : pixels.withUnsafeBufferPointer { chex_mean($0.baseAddress!, $0.count) }
  }

  /// The image mirrored left to right.
  public func mirrored() -> GrayImage { changed { $0.mirror() } }
  /// The image multiplied by `factor`; see ``applyBrightness(_:)``.
  public func brightness(_ factor: Double) -> GrayImage { changed { $0.applyBrightness(factor) } }
  /// The image blended with its mean grey; see ``applyContrast(_:)``.
  public func contrast(_ factor: Double) -> GrayImage { changed { $0.applyContrast(factor) } }
  /// The image raised to `exponent`; see ``applyGamma(_:)``.
  public func gamma(_ exponent: Double) -> GrayImage { changed { $0.applyGamma(exponent) } }
  /// The image blurred with standard deviation `radius` pixels; see ``applyGaussianBlur(_:)``.
  public func gaussianBlurred(_ radius: Double) -> GrayImage { changed { $0.applyGaussianBlur(radius) } }

  private func changed(_ change: (inout GrayImage) -> Void) -> GrayImage {
    var copy = self
    change(&copy)
    return copy
  }
}
