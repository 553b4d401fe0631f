import Foundation

/// The run's text log: each line with its time, in the file and on the terminal.
public final class RunLog {
  public let path: String
  private let descriptor: FileDescriptor
  private let echo: (String) -> Void
  private let now: () -> Date

  /// - Parameters:
  ///   - path: appended to; made where it is missing.
  ///   - echo: shows a line, without its time and without a line break, to the user.
  ///   - now: the clock.
  public init(path: String, echo: @escaping (String) -> Void, now: @escaping () -> Date = Date.init) throws {
    self.path = path
    self.echo = echo
    self.now = now
    descriptor = try FileDescriptor("open", path, flags: O_WRONLY | O_CREAT | O_APPEND)
  }

  /// Logs and shows a message; one of several lines keeps its time on each.
  public func note(_ message: String) throws {
    try record(message)
    echo(message)
  }

  /// Logs and shows a message that begins with `warning:`.
  public func warn(_ message: String) throws { try note("warning: " + message) }

  /// Logs a message without showing it.
  public func record(_ message: String) throws {
    let stamp = Self.stamp(now())
    var text = ""
    for line in message.split(separator: "\n", omittingEmptySubsequences: false) {
      text += "\(stamp)  \(line)\n"
    }
    try text.withUTF8 { try descriptor.write(UnsafeRawBufferPointer($0)) }
  }

  /// `2025-03-01T14:05:09Z`, always in UTC.
  static func stamp(_ date: Date) -> String {
    var seconds = time_t(date.timeIntervalSince1970.rounded(.down))
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T"
      + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
  }
}
