import CDicomProtocol
import Glibc
import Imaging

/// A running worker and the socket to it. It ends with this object.
public final class WorkerProcess: Sendable {
  /// The program's name.
  public static let name = "chex-dicom-worker"

  let process: Int32
  let socket: WorkerSocket

  /// Starts the program in a process group of its own, so that a terminal's interrupt does not end it, with all signals
  /// as they are by default. Throws `CodecFailure`.
  init(executable: String) throws {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw CodecFailure("no DICOM decoder: no socket to it (\(reason(errno)))")
    }
    let own = WorkerSocket(descriptor: ends[0])
    defer { close(ends[1]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var (all, none) = (sigset_t(), sigset_t())
    sigfillset(&all)
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
    var process: pid_t = 0
    let result = Self.withWords([executable], Self.environment()) { words, environment in
      posix_spawn(&process, executable, &actions, &attributes, words, environment)
    }
    guard result == 0 else {
      throw CodecFailure("no DICOM decoder: \(executable) cannot be started (\(reason(result)))")
    }
    (self.process, socket) = (process, own)
  }

  deinit { _ = end() }

  /// Ends the process and waits for it, once. Returns its wait status, or nil where it had been waited for.
  private func end() -> Int32? {
    kill(process, SIGKILL)
    var status: Int32 = 0
    var result: pid_t
    repeat { result = waitpid(process, &status, 0) } while result < 0 && errno == EINTR
    return result == process ? status : nil
  }

  /// How the process ended, where it does so within a second.
  func fate() -> WorkerFate {
    for _ in 0..<100 {
      var information = siginfo_t()
      // Only looked at: `end` still has to collect it.
      let options = WEXITED | WNOHANG | WNOWAIT
      if waitid(P_PID, id_t(process), &information, options) == 0, information.si_signo == SIGCHLD {
        let value = information._sifields._sigchld.si_status
        return information.si_code == CLD_EXITED ? .exited(value) : .signal(value)
      }
      usleep(10_000)
    }
    return .running
  }

  /// Where the dynamic loader looks is all that a worker inherits.
  private static func environment() -> [String] {
    getenv("LD_LIBRARY_PATH").map { ["LD_LIBRARY_PATH=" + String(cString: $0)] } ?? []
  }

  private static func withWords<Result>(
    _ words: [String], _ environment: [String],
    _ body: ([UnsafeMutablePointer<CChar>?], [UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let first = words.map { strdup($0) } + [nil]
    let second = environment.map { strdup($0) } + [nil]
    defer { (first + second).forEach { free($0) } }
    return body(first, second)
  }

  /// The worker that lies beside the library of this code, or in ../libexec/chexworld or ../bin from there.
  public static func defaultExecutable() -> String? {
    guard let path = chex_dicom_own_library() else { return nil }
    let library = String(cString: path)
    let folder = library.lastIndex(of: "/").map { String(library[..<$0]) } ?? "."
    return ["", "/../libexec/chexworld", "/../bin"].map { "\(folder)\($0)/\(name)" }
      .first { access($0, X_OK) == 0 }
  }
}

/// How a worker ended.
enum WorkerFate: Equatable {
  case running
  case exited(Int32)
  case signal(Int32)
}

/// The system's words for an error number.
func reason(_ number: Int32) -> String { String(cString: strerror(number)) }
