import CFaults
import Foundation

/// Code of a plugin that runs on behalf of the program: known by name where it crashes.
public struct PluginCode: Sendable, Equatable, CustomStringConvertible {
  /// `task "local", draw`
  public let description: String
  // Never freed: a report of a crash may read it at any time.
  private nonisolated(unsafe) let text: UnsafePointer<CChar>

  /// - Parameters:
  ///   - plugin: kind and name.
  ///   - part: what of it runs, such as `draw`.
  public init(_ plugin: String, _ part: String) {
    description = "\(plugin), \(part)"
    text = Self.names.interned(description)
  }

  /// Runs `body` as this code.
  public func run<Result>(_ body: () throws -> Result) rethrows -> Result {
    let outer = chex_running()
    chex_set_running(text)
    defer { chex_set_running(outer) }
    return try body()
  }

  /// The code that runs on this thread now; nil where it is the program's own.
  public static var running: String? { chex_running().map { String(cString: $0) } }

  /// What should happen where this process crashes: the backtrace goes to a file, standard error tells why, where the
  /// file is, `remedy`, and last which plugin's code ran.
  /// - Parameters:
  ///   - remedy: one sentence.
  ///   - backtrace: the file, which a crash makes or replaces; default: one in the folder for temporary files, whose
  ///     name has the process's number.
  public static func reportCrashes(remedy: String, backtrace: String? = nil) {
    let file = backtrace ?? "\(NSTemporaryDirectory())/chex-runner-crash-\(getpid()).txt"
    chex_report_crashes(remedy, URL(fileURLWithPath: file).path)
  }

  public static func == (a: PluginCode, b: PluginCode) -> Bool { a.text == b.text }

  private static let names = Names()
  private final class Names: @unchecked Sendable {
    private let lock = NSLock()
    private var known: [String: UnsafePointer<CChar>] = [:]
    func interned(_ name: String) -> UnsafePointer<CChar> {
      lock.withLock {
        if let text = known[name] { return text }
        let text = UnsafePointer(strdup(name)!)
        known[name] = text
        return text
      }
    }
  }
}

/// Processor seconds of the calling thread, for what one thread does alone.
public func threadSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
