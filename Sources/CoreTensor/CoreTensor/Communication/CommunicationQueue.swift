import Foundation

/// Makes the calls of a communicator one after the other on a thread of its own, so that gradients travel while others
/// are computed. It is a communicator itself: its calls wait for their turn.
public final class CommunicationQueue: Communicator, @unchecked Sendable {
  private let communicator: any Communicator
  private let queue = DispatchQueue(label: "communication")
  /// What went wrong first; nothing is called after it. Touched on the queue alone.
  private var failure: (any Error)?

  /// Touched on the queue alone.
  private var moved = CommunicationTraffic()

  public init(_ communicator: any Communicator) { self.communicator = communicator }

  /// What was moved so far.
  public var traffic: CommunicationTraffic { queue.sync { moved } }

  public var name: String { communicator.name }
  public var rank: Int { communicator.rank }
  public var size: Int { communicator.size }
  public func moves(_ device: any Device) -> Bool { communicator.moves(device) }

  /// Calls the communicator when it is free; what it throws is thrown by the next call that waits.
  func enqueue(_ call: @escaping @Sendable (any Communicator) throws -> Void) {
    queue.async { [self] in
      guard failure == nil else { return }
      let counted = CountingCommunicator(communicator)
      do { try call(counted) } catch { failure = error }
      moved.add(counted.traffic)
    }
  }

  /// Returns when all that was enqueued is done.
  /// - Throws: what went wrong in it.
  public func wait() throws { try call { _ in } }

  private func call(_ body: (any Communicator) throws -> Void) throws {
    try queue.sync {
      if let failure { throw failure }
      let counted = CountingCommunicator(communicator)
      defer { moved.add(counted.traffic) }
      do { try body(counted) } catch {
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

/// What a communicator moved.
public struct CommunicationTraffic: Sendable, Equatable {
  /// Calls of `broadcast`, `exchange` and `gather`.
  public var calls = 0
  /// Bytes that this process sends to others, where each message goes straight to whom it is for.
  public var byteCount = 0

  mutating func add(_ other: CommunicationTraffic) {
    calls += other.calls
    byteCount += other.byteCount
  }
}

/// Counts what passes through it.
private final class CountingCommunicator: Communicator, @unchecked Sendable {
  private let communicator: any Communicator
  private(set) var traffic = CommunicationTraffic()
  init(_ communicator: any Communicator) { self.communicator = communicator }

  var name: String { communicator.name }
  var rank: Int { communicator.rank }
  var size: Int { communicator.size }
  func moves(_ device: any Device) -> Bool { communicator.moves(device) }

  func broadcast(_ x: Tensor, from root: Int) throws {
    note(rank == root ? x.count * (size - 1) : 0, x)
    try communicator.broadcast(x, from: root)
  }
  func exchange(_ x: Tensor, into out: Tensor) throws {
    note(x.count / size * (size - 1), x)
    try communicator.exchange(x, into: out)
  }
  func gather(_ x: Tensor, into out: Tensor) throws {
    note(x.count * (size - 1), x)
    try communicator.gather(x, into: out)
  }
  func barrier() throws { try communicator.barrier() }
  func abort(status: Int32) -> Never { communicator.abort(status: status) }

  private func note(_ values: Int, _ x: Tensor) {
    traffic.add(CommunicationTraffic(calls: 1, byteCount: values * x.elementType.byteCount))
  }
}
