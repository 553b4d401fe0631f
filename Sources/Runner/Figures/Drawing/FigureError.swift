/// Why a figure could not be drawn.
public enum FigureError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The system has no font that can write plain letters.
  case noFont(found: String)
  /// A figure's size is beyond what can be drawn.
  case size(Size, file: String?)
  /// The drawing library refused, for the reason that it gives.
  case drawing(reason: String, file: String?)

  public var description: String {
    switch self {
    case .noFont(let found):
      "figures need a font with Latin letters; expected \(Typesetter.family) or another, found \(found); install one, "
        + "on Debian with: apt-get install fonts-dejavu-core"
    case .size(let size, let file):
      "\(Self.name(file)): expected 1 to \(Canvas.longestSide) pixels a side, found \(size.width) × \(size.height); "
        + "draw fewer or smaller parts"
    case .drawing(let reason, let file):
      "\(Self.name(file)): cannot be drawn: \(reason); free some memory, or draw fewer or smaller parts"
    }
  }

  private static func name(_ file: String?) -> String { file ?? "a figure" }

  /// The same error with the file that the figure was meant for.
  func naming(_ file: String) -> FigureError {
    switch self {
    case .noFont: self
    case .size(let size, _): .size(size, file: file)
    case .drawing(let reason, _): .drawing(reason: reason, file: file)
    }
  }
}
