import Foundation

nonisolated(unsafe) private var interruptRequested: sig_atomic_t = 0

/// Ctrl-C, a polite kill, a connection that is lost, and what batch systems send before they kill: the step is finished
/// and saved; the same signal a second time ends the process at once.
package enum Interruption {
  static let signals = [SIGINT, SIGTERM, SIGHUP, SIGXCPU, SIGUSR1, SIGUSR2]

  package static func watch() {
    var watched = sigset_t()
    sigemptyset(&watched)
    for number in signals {
      var former = sigaction()
      sigaction(number, nil, &former)
      // Under nohup a lost connection is to be ignored.
      if number == SIGHUP && isIgnored(former) { continue }
      sigaddset(&watched, number)
      signal(number) { received in
        interruptRequested = 1
        signal(received, SIG_DFL)
      }
    }
    // A parent's blocked signals are inherited.
    pthread_sigmask(SIG_UNBLOCK, &watched, nil)
  }

  private static func isIgnored(_ action: sigaction) -> Bool {
    unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  package static var isRequested: Bool { interruptRequested != 0 }
}
