import CKernels
import CoreTensor

extension GrayImage {
  /// Cuts a rectangle and resizes it by antialiased bicubic convolution, as Pillow defines it: a = -0.5,
  /// support widened by the downsampling factor, windows clipped at the crop's border (no pixel outside the
  /// crop counts), weights normalised. Between the two passes nothing is rounded; the result is clipped to
  /// [0, 1]. That is Pillow's resize of a float image; on 8-bit images Pillow also rounds and clips between
  /// the passes, which shows where the cubic overshoots at hard edges such as burnt-in letters. A crop of the
  /// size asked for comes back as it is. Only the crop's rows are read.
  /// - Parameters:
  ///   - row: of the top-left corner, in pixels.
  ///   - column: likewise.
  ///   - height: of the crop, in pixels.
  ///   - width: likewise.
  ///   - size: (height, width) of the result in pixels.
  ///   - mirrored: whether the result is mirrored left to right.
  /// - Precondition: the crop lies within the image, and both sizes are positive.
  public func cropped(
    row: Int, column: Int, height: Int, width: Int, resizedTo size: (height: Int, width: Int),
    mirrored: Bool = false
  ) -> GrayImage {
    require(
      row >= 0 && column >= 0 && height > 0 && width > 0
        && row <= self.height - height && column <= self.width - width,
      "GrayImage.cropped: \(height) × \(width) (height × width) from row \(row), column \(column) "
        + "does not lie within \(self.height) × \(self.width)")
    require(
      size.height > 0 && size.width > 0 && size.height <= 1 << 20 && size.width <= 1 << 20,
      "GrayImage.cropped: cannot resize to \(size.height) × \(size.width) (height × width)")
    let count = size.height * size.width
    let resized = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      pixels.withUnsafeBufferPointer { source in
        let status = chex_crop_resize(
          source.baseAddress! + row * self.width + column, self.width, Int32(height), Int32(width),
          buffer.baseAddress!, Int32(size.height), Int32(size.width), mirrored ? 1 : 0)
        require(status == 0, "GrayImage.cropped: no memory for a crop \(width) pixels wide")
      }
      initialized = count
    }
    return GrayImage(width: size.width, height: size.height, pixels: resized)
  }

  /// The crop resized to a square of `side` × `side` pixels.
  public func cropped(
    row: Int, column: Int, height: Int, width: Int, resizedTo side: Int, mirrored: Bool = false
  ) -> GrayImage {
    cropped(
      row: row, column: column, height: height, width: width, resizedTo: (side, side), mirrored: mirrored)
  }

  /// The whole image resized to (height, width); antialiased bicubic as for a crop.
  public func resized(to size: (height: Int, width: Int)) -> GrayImage {
    cropped(row: 0, column: 0, height: height, width: width, resizedTo: size)
  }

  /// The whole image, made smaller in its own proportions until its longer side is `side`; one that is no larger stays
  /// as it is.
  public func reduced(toLongerSide side: Int) -> GrayImage {
    let longer = max(height, width)
    guard longer > side else { return self }
    let scale = Double(side) / Double(longer)
    func length(_ own: Int) -> Int { max(1, Int((Double(own) * scale).rounded())) }
    return resized(to: (length(height), length(width)))
  }
}
