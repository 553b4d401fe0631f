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

  /// Says, should this process crash, which plugin's code ran, and then `remedy`.
  public static func reportCrashes(remedy: String) { chex_report_crashes(remedy) }

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
