import Figures
import Films
import Foundation

extension Canvas {
  /// Writes the canvas as an 8-bit RGB PNG: the only place where reports meet the codecs.
  /// - Throws: `StorageError.system`; an older file at `path` is then untouched.
  public func writePng(to path: String) throws {
    try PngWriter.write(ColorImage(width: width, height: height, rgb: rgb), to: path)
  }
}

extension LineChart {
  /// The name of a picture that a command line gives, where it may be written.
  /// - Throws: `UsageError` where it does not end in .png, or the file exists.
  static func freshFile(_ file: String) throws -> String {
    guard file.hasSuffix(".png") else {
      throw UsageError("--out \(file): expected a name that ends in .png")
    }
    guard access(file, F_OK) != 0 else {
      throw UsageError("--out \(file) exists already; remove it or give another name")
    }
    return file
  }
}
