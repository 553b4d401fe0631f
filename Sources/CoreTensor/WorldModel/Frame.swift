import CoreTensor

/// Where a view was cut from its film.
public struct Frame: Sendable, Equatable, Codable {
  /// Top-left corner in film pixels, before mirroring.
  public var row: Int
  public var column: Int
  /// Size of the crop in film pixels; all views of one sample share it.
  public var height: Int
  public var width: Int
  /// Whether the crop was mirrored left to right after cutting.
  public var mirrored: Bool
  /// Size of the whole film in pixels.
  public var filmHeight: Int
  public var filmWidth: Int

  public init(
    row: Int, column: Int, height: Int, width: Int, mirrored: Bool, filmHeight: Int, filmWidth: Int
  ) {
    self.row = row
    self.column = column
    self.height = height
    self.width = width
    self.mirrored = mirrored
    self.filmHeight = filmHeight
    self.filmWidth = filmWidth
  }

  /// The left edge as the view sees the film: counted from the film's right edge where the view is mirrored
  /// (`j` of spec section 3).
  public var viewColumn: Int { mirrored ? filmWidth - column - width : column }
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
