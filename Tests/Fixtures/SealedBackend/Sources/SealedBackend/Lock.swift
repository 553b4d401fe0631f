import Foundation

/// A lock around what one thread may do at a time.
final class Lock: Sendable {
  private let lock = NSLock()
  func held<Result>(_ body: () throws -> Result) rethrows -> Result { try lock.withLock(body) }
}
