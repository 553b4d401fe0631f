import Foundation
import Runs

/// A command of this program in a process of its own, which ends when this one does.
final class ChildProcess {
  /// How it ended.
  enum End: Equatable {
    case exited(Int32)
    case killed(signal: Int32)
  }

  let identifier: pid_t
  private(set) var end: End?

  /// The program that asks the system to end the child with its parent, of Debian's util-linux.
  static let launcher = "/usr/bin/setpriv"

  /// Must be called on the main thread: the system ends a child with the thread that started it.
  /// - Parameters:
  ///   - words: program and arguments.
  ///   - log: its output is added to this file.
  /// - Throws: `AblationError` where no process can be started.
  init(_ words: [String], log: String) throws {
    guard access(Self.launcher, X_OK) == 0 else {
      throw AblationError("\(Self.launcher): not found; install Debian's util-linux")
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Ctrl-C reaches this process alone, which then asks each child once.
    posix_spawnattr_setpgroup(&attributes, 0)
    var (all, none) = (sigset_t(), sigset_t())
    sigfillset(&all)
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var arguments = ([Self.launcher, "--pdeathsig", "TERM", "--"] + words).map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    var started: pid_t = 0
    let failure = posix_spawn(&started, Self.launcher, &actions, &attributes, &arguments, environ)
    guard failure == 0 else {
      throw AblationError("cannot start \(words.first ?? ""): \(String(cString: strerror(failure)))")
    }
    identifier = started
  }

  /// Whether it has ended; asks the system once.
  func hasEnded() -> Bool {
    guard end == nil else { return true }
    var status: Int32 = 0
    guard waitpid(identifier, &status, WNOHANG) == identifier else { return false }
    // The macros of wait(2), which Swift does not import.
    end = status & 0x7f == 0 ? .exited((status >> 8) & 0xff) : .killed(signal: status & 0x7f)
    return true
  }

  /// Asks it to save and end.
  func stop() { if end == nil { kill(identifier, SIGTERM) } }

  /// Ends it at once, and waits until it is gone.
  func destroy() {
    guard end == nil else { return }
    kill(identifier, SIGKILL)
    while !hasEnded() { usleep(10_000) }
  }
}
