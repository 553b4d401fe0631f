import CoreTensor
import Imaging

/// Where a view was cut from its radiograph.
public struct Frame: Sendable, Equatable, Codable {
  /// Top-left corner in radiograph pixels, before mirroring.
  public var row: Int
  public var column: Int
  /// Size of the crop in radiograph pixels. Views of one sample share it unless a task proposes frames of its own
  /// (`TaskPlan.proposeFrames`).
  public var height: Int
  public var width: Int
  /// Whether the crop was mirrored left to right after cutting.
  public var mirrored: Bool
  /// Size of the whole radiograph in pixels.
  public var imageHeight: Int
  public var imageWidth: Int

  public init(
    row: Int, column: Int, height: Int, width: Int, mirrored: Bool, imageHeight: Int, imageWidth: Int
  ) {
    self.row = row
    self.column = column
    self.height = height
    self.width = width
    self.mirrored = mirrored
    self.imageHeight = imageHeight
    self.imageWidth = imageWidth
  }

  /// The left edge as the view sees the radiograph: counted from the radiograph's right edge where the view is mirrored
  /// (`j` of spec section 3).
  public var viewColumn: Int { mirrored ? imageWidth - column - width : column }

  /// A frame of the same proportions within this one.
  /// - Parameters:
  ///   - area: as a fraction of this frame's, in (0, 1]; sides are rounded to whole pixels, and have one at least.
  ///   - down: where it lies in the room that is left, from 0, the top, to 1, the bottom.
  ///   - right: likewise from 0, the radiograph's left, to 1, its right.
  ///   - mirrored: whether the crop is mirrored after cutting; nil for as this one is.
  public func inner(area: Double, down: Double, right: Double, mirrored: Bool? = nil) -> Frame {
    require(
      0 < area && area <= 1, "Frame.inner: area \(area) of the frame, expected more than 0 and at most 1")
    func length(_ side: Int) -> Int { min(side, max(1, Int((Double(side) * area.squareRoot()).rounded()))) }
    func start(_ place: Double, _ room: Int) -> Int { Int((min(max(place, 0), 1) * Double(room)).rounded()) }
    var frame = self
    (frame.height, frame.width) = (length(height), length(width))
    frame.row += start(down, height - frame.height)
    frame.column += start(right, width - frame.width)
    frame.mirrored = mirrored ?? self.mirrored
    return frame
  }

  /// Whether the crop has pixels, all of them on a radiograph, whose size the frame states.
  public func lies(on radiograph: GrayImage) -> Bool {
    imageHeight == radiograph.height && imageWidth == radiograph.width && height > 0 && width > 0 && row >= 0
      && column >= 0
      && height <= radiograph.height && width <= radiograph.width && row <= radiograph.height - height
      && column <= radiograph.width - width
  }
}

/// Sizes that every sample of a run shares.
public struct ImageGeometry: Sendable, Equatable, Codable {
  /// Side of the square input, in pixels.
  public let imageSize: Int
  /// Side of a patch, in pixels.
  public let patchSize: Int

  /// - Precondition: `patchSize` divides `imageSize`.
  public init(imageSize: Int, patchSize: Int) {
    require(
      patchSize > 0 && imageSize % patchSize == 0,
      "ImageGeometry: patch \(patchSize) does not divide image \(imageSize)")
    self.imageSize = imageSize
    self.patchSize = patchSize
  }

  /// Patches along one side, `n`.
  public var gridSize: Int { imageSize / patchSize }
  /// Patches of an image, `N = n²`.
  public var patchCount: Int { gridSize * gridSize }
}
