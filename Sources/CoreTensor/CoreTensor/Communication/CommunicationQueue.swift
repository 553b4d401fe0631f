import Foundation

/// Makes the calls of a communicator one after the other on a thread of its own, so that gradients travel while others
/// are computed. It is a communicator itself: its calls wait for their turn.
public final class CommunicationQueue: Communicator, @unchecked Sendable {
  private let communicator: any Communicator
  private let queue = DispatchQueue(label: "communication")
  /// What went wrong first; nothing is called after it. Touched on the queue alone.
  private var failure: (any Error)?

  public init(_ communicator: any Communicator) { self.communicator = communicator }

  public var name: String { communicator.name }
  public var rank: Int { communicator.rank }
  public var size: Int { communicator.size }
  public func moves(_ device: any Device) -> Bool { communicator.moves(device) }

  /// Calls the communicator when it is free; what it throws is thrown by the next call that waits.
  func enqueue(_ call: @escaping @Sendable (any Communicator) throws -> Void) {
    queue.async { [self] in
      guard failure == nil else { return }
      do { try call(communicator) } catch { failure = error }
    }
  }

  /// Returns when all that was enqueued is done.
  /// - Throws: what went wrong in it.
  public func wait() throws { try call { _ in } }

  private func call(_ body: (any Communicator) throws -> Void) throws {
    try queue.sync {
      if let failure { throw failure }
      do { try body(communicator) } catch {
        failure = error
        throw error
      }
    }
  }

  public func broadcast(_ x: Tensor, from root: Int) throws { try call { try $0.broadcast(x, from: root) } }
  public func exchange(_ x: Tensor, into out: Tensor) throws { try call { try $0.exchange(x, into: out) } }
  public func gather(_ x: Tensor, into out: Tensor) throws { try call { try $0.gather(x, into: out) } }
  public func barrier() throws { try call { try $0.barrier() } }
  public func abort(status: Int32) -> Never { communicator.abort(status: status) }
}
