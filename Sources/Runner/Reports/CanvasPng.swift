import Films

extension Canvas {
  /// Writes the canvas as an 8-bit RGB PNG: the only place where reports meet the codecs.
  /// - Throws: `FilmsError.cannotWrite`; an older file at `path` is then untouched.
  public func writePng(to path: String) throws {
    try PngWriter.write(ColorImage(width: width, height: height, rgb: rgb), to: path)
  }
}
