import CoreTensor
import Imaging

/// How crops are cut from a radiograph (spec sections 3 and 4).
public struct ViewSettings: Sendable, Equatable, Codable {
  /// Area of a crop as a fraction of the radiograph's, uniform.
  public var area: ClosedRange<Double>
  /// Width to height of a crop in radiograph pixels, log-uniform.
  public var aspect: ClosedRange<Double>
  /// Of each crop to be mirrored left to right.
  public var mirrorProbability: Double
  /// Of the whole radiograph's brightness and contrast to be changed before cutting.
  public var jitterProbability: Double
  public var jitterBrightness: ClosedRange<Double>
  public var jitterContrast: ClosedRange<Double>

  public init(
    area: ClosedRange<Double> = 0.3...1, aspect: ClosedRange<Double> = 0.75...4.0 / 3,
    mirrorProbability: Double = 0.5,
    jitterProbability: Double = 0.8, jitterBrightness: ClosedRange<Double> = 0.6...1.4,
    jitterContrast: ClosedRange<Double> = 0.6...1.4
  ) {
    self.area = area
    self.aspect = aspect
    self.mirrorProbability = mirrorProbability
    self.jitterProbability = jitterProbability
    self.jitterBrightness = jitterBrightness
    self.jitterContrast = jitterContrast
  }

  /// The shorter side that a radiograph needs for its smallest crop to have `imageSize` pixels along either side: a
  /// crop of area fraction A and aspect r takes at least √(A / max(r, 1/r)) of it.
  public func shorterSide(for imageSize: Int) -> Int {
    let narrowest = max(aspect.upperBound, 1 / aspect.lowerBound)
    return Int((Double(imageSize) / (area.lowerBound / narrowest).squareRoot()).rounded(.up))
  }

  /// Tries before the whole radiograph is taken: long narrow radiographs may fit no crop of the wanted area and aspect.
  private static let tries = 10

  /// Draws the places of `count` crops of one size.
  public func frames(_ count: Int, imageHeight: Int, imageWidth: Int, _ random: inout RandomStream) -> [Frame]
  {
    var (height, width) = (imageHeight, imageWidth)
    for _ in 0..<Self.tries {
      let pixels = Double(imageHeight * imageWidth) * random.uniform(in: area)
      let ratio = random.logUniform(in: aspect)
      let wanted = (
        Int((pixels / ratio).squareRoot().rounded()), Int((pixels * ratio).squareRoot().rounded())
      )
      guard 1...imageHeight ~= wanted.0, 1...imageWidth ~= wanted.1 else { continue }
      (height, width) = wanted
      break
    }
    return (0..<count).map { _ in
      let row = random.integer(in: 0...imageHeight - height)
      let column = random.integer(in: 0...imageWidth - width)
      return Frame(
        row: row, column: column, height: height, width: width, mirrored: random.chance(mirrorProbability),
        imageHeight: imageHeight, imageWidth: imageWidth)
    }
  }

  /// Changes the radiograph's brightness and contrast; returns the two factors, 1 where nothing was changed.
  public func jitter(_ radiograph: inout GrayImage, _ random: inout RandomStream) -> (
    brightness: Double, contrast: Double
  ) {
    guard random.chance(jitterProbability) else { return (1, 1) }
    let brightness = random.uniform(in: jitterBrightness)
    let contrast = random.uniform(in: jitterContrast)
    radiograph.applyBrightness(brightness)
    radiograph.applyContrast(contrast)
    return (brightness, contrast)
  }
}

/// A view of a radiograph as the target encoder gets it.
public struct ViewTarget: Target {
  public let view: Int
  public let frame: Frame
  public let geometry: ImageGeometry
  public var pixels: GrayImage
}

/// A view of a radiograph as tasks edit it.
public struct ViewContext: Context {
  public let view: Int
  public let frame: Frame
  public let geometry: ImageGeometry
  public var pixels: GrayImage
  public var visible: [Int]
  public var hidden: [Int] = []

  /// A context that shows the whole target.
  init(showing target: ViewTarget, geometry: ImageGeometry) {
    view = target.view
    frame = target.frame
    self.geometry = geometry
    pixels = target.pixels
    visible = Array(0..<geometry.patchCount)
  }
}
