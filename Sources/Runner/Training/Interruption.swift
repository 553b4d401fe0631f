import Foundation

nonisolated(unsafe) private var interruptRequested: sig_atomic_t = 0

/// Ctrl-C and a polite kill: the step is finished and saved; a second one ends the process at once.
enum Interruption {
  static func watch() {
    // A parent's blocked signals are inherited.
    var watched = sigset_t()
    sigemptyset(&watched)
    sigaddset(&watched, SIGINT)
    sigaddset(&watched, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &watched, nil)
    for number in [SIGINT, SIGTERM] {
      signal(number) { received in
        interruptRequested = 1
        signal(received, SIG_DFL)
      }
    }
  }

  static var isRequested: Bool { interruptRequested != 0 }
}
