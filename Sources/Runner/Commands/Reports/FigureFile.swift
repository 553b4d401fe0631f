import Console
import Figures
import Foundation

/// The file that a command line asks a figure or a page to be written to.
enum FigureFile {
  /// What `--help` calls such a file.
  static let placeholder = "FILE.png|FILE.svg"

  /// The name of a figure's file, where it may be written.
  /// - Throws: `UsageError` where it ends neither in .png nor in .svg, or the file exists.
  static func fresh(_ file: String) throws -> String {
    guard FigureFormat(path: file) != nil else {
      throw UsageError("--out \(file): expected a name that ends in .png or .svg")
    }
    return try unused(file)
  }

  /// The name of a page's file, where it may be written.
  /// - Throws: `UsageError` where it does not end in .html, or the file exists.
  static func freshPage(_ file: String) throws -> String {
    guard file.hasSuffix(".html") else {
      throw UsageError("--out \(file): expected a name that ends in .html")
    }
    return try unused(file)
  }

  private static func unused(_ file: String) throws -> String {
    guard access(file, F_OK) != 0 else {
      throw UsageError("--out \(file) exists already; remove it or give another name")
    }
    return file
  }
}
