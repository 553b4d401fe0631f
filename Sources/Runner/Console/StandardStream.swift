import Foundation
import Synchronization

/// Standard output and standard error, either of which may be a full disk, a pipe that nobody reads any more, or
/// closed.
public enum StandardStream: Int32, Sendable {
  case output = 1
  case error = 2

  /// Why a text that a command had to give could not be written: the system's error number, 0 where all was.
  private static let lost = Atomic<Int32>(0)

  /// Whether this process leaves speaking to another.
  private static let isSilent = Atomic<Bool>(false)

  /// From now on nothing is written but why this process ends: where several compute one run, the first one speaks.
  public static func silence() { isSilent.store(true, ordering: .relaxed) }

  /// Writes why the process ends, silent or not.
  public static func complain(_ text: String) { _ = StandardStream.error.write(text) }

  /// Writes to standard output what a command exists to give. That it could not is told at the end, by `status(_:)`.
  public static func give(_ text: String) {
    guard !isSilent.load(ordering: .relaxed), let error = StandardStream.output.write(text) else { return }
    _ = lost.compareExchange(expected: 0, desired: error, ordering: .relaxed)
  }

  /// Writes what is a courtesy, such as progress and warnings; the work goes on where it cannot be written.
  public func show(_ text: String) {
    guard !Self.isSilent.load(ordering: .relaxed) else { return }
    _ = write(text)
  }

  /// The status of a command that ends with `status`: a failure where its output was lost. Standard error says so,
  /// unless the reader of a pipe has gone, who knows.
  public static func status(_ status: Int32, program: String) -> Int32 {
    let error = lost.load(ordering: .relaxed)
    guard error != 0 else { return status }
    if error != EPIPE {
      StandardStream.error.show(
        "\(program): the output could not be written: \(String(cString: strerror(error)))\n")
    }
    return status == 0 ? Program.runFailure : status
  }

  /// From now on a lost reader is an error of a write and no signal, and a stream that the caller closed gives errors
  /// too, where else the next file that is opened would take its number and its text.
  public static func prepare() {
    signal(SIGPIPE, SIG_IGN)
    for number: Int32 in 0...2 where fcntl(number, F_GETFD) < 0 && errno == EBADF {
      // The lowest number that is free is taken, which is this one.
      _ = open("/dev/null", O_RDONLY)
    }
  }

  /// - Returns: the system's error number where not all was written.
  private func write(_ text: String) -> Int32? {
    var text = text
    return text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Glibc.write(rawValue, rest.baseAddress, rest.count)
        if count > 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        } else if count < 0 && errno == EAGAIN {
          var waiting = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
          poll(&waiting, 1, 1000)
        } else if count == 0 || errno != EINTR {
          return count == 0 ? EIO : errno
        }
      }
      return nil
    }
  }
}
