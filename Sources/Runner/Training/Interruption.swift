import Foundation

nonisolated(unsafe) private var interruptRequested: sig_atomic_t = 0

/// Ctrl-C and a polite kill: the step is finished and saved; a second one ends the process at once.
enum Interruption {
  static func watch() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { received in
        interruptRequested = 1
        signal(received, SIG_DFL)
      }
    }
  }

  static var isRequested: Bool { interruptRequested != 0 }
}
