import Foundation

/// What the place that text goes to can show.
public struct Terminal: Sendable, Equatable {
  /// Whether a person watches; a file or pipe gets no control characters.
  public var isInteractive: Bool
  /// Columns.
  public var width: Int
  public var hasColor: Bool

  public init(isInteractive: Bool, width: Int = 100, hasColor: Bool = false) {
    self.isInteractive = isInteractive
    self.width = max(width, 20)
    self.hasColor = hasColor
  }

  /// The terminal behind a file descriptor (standard output unless told).
  ///
  /// `NO_COLOR` (any value but the empty one) turns colour off, `TERM=dumb` also redrawing; `COLUMNS` counts where the
  /// system does not know the width.
  public static func current(
    descriptor: Int32 = STDOUT_FILENO, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> Terminal {
    let isInteractive = isatty(descriptor) == 1 && environment["TERM"] != "dumb" && isWatched(environment)
    var size = winsize()
    let known = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    let width = known ? Int(size.ws_col) : environment["COLUMNS"].flatMap { Int($0) } ?? 100
    let isColorRefused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    return Terminal(isInteractive: isInteractive, width: width, hasColor: isInteractive && !isColorRefused)
  }

  /// Whether a person may watch: Open MPI's mpirun gives the first process a terminal, wherever its own output goes.
  private static func isWatched(_ environment: [String: String]) -> Bool {
    guard environment["OMPI_COMM_WORLD_RANK"] != nil else { return true }
    let output = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(getppid())/fd/1")
    return output.map { $0.hasPrefix("/dev/pts/") || $0.hasPrefix("/dev/tty") } ?? true
  }

  /// A style of text, by its ANSI number.
  public enum Style: Int, Sendable {
    case bold = 1
    case faint = 2
    case red = 31
    case green = 32
    case yellow = 33
  }

  /// `text` in a style, where colour is wanted.
  public func styled(_ text: String, _ style: Style) -> String {
    hasColor ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }
}
