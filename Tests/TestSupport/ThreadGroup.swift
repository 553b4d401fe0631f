import CoreTensor
import Foundation

/// Threads of one process that stand for the processes of a run.
public final class ThreadGroup: @unchecked Sendable {
  public let size: Int
  private let condition = NSCondition()
  private var given: [[UInt8]?]
  private var taken = 0

  public init(size: Int) {
    self.size = size
    given = Array(repeating: nil, count: size)
  }

  /// Runs `body` on as many threads as there are ranks.
  /// - Returns: what each gives, in order of ranks.
  public static func run<Value: Sendable>(
    _ size: Int, _ body: @escaping @Sendable (any Communicator) throws -> Value
  ) throws -> [Value] {
    let group = ThreadGroup(size: size)
    let results = Results<Value>(size)
    let threads = DispatchGroup()
    for rank in 0..<size {
      threads.enter()
      let thread = Thread {
        results.set(rank, Result { try body(Rank(rank, of: group)) })
        threads.leave()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    threads.wait()
    return try results.all.map { try $0!.get() }
  }

  /// What every rank gives, once all have given it.
  fileprivate func share(_ own: [UInt8], _ rank: Int) -> [[UInt8]] {
    condition.lock()
    defer { condition.unlock() }
    // Some may still be taking what was given before.
    while given[rank] != nil { condition.wait() }
    given[rank] = own
    condition.broadcast()
    while given.contains(where: { $0 == nil }) { condition.wait() }
    let all = given.map { $0! }
    taken += 1
    if taken == size {
      (taken, given) = (0, Array(repeating: nil, count: size))
      condition.broadcast()
    } else {
      while taken != 0 { condition.wait() }
    }
    return all
  }

  private final class Results<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private(set) var all: [Result<Value, any Error>?]
    init(_ count: Int) { all = Array(repeating: nil, count: count) }
    func set(_ rank: Int, _ result: Result<Value, any Error>) { lock.withLock { all[rank] = result } }
  }

  private final class Rank: Communicator {
    let name = "threads"
    let rank: Int
    let group: ThreadGroup
    var size: Int { group.size }
    init(_ rank: Int, of group: ThreadGroup) { (self.rank, self.group) = (rank, group) }

    func moves(_ device: any Device) -> Bool { true }
    func broadcast(_ x: Tensor, from root: Int) { write(group.share(bytes(x), rank)[root], to: x) }
    func gather(_ x: Tensor, into out: Tensor) { write(group.share(bytes(x), rank).flatMap { $0 }, to: out) }
    func exchange(_ x: Tensor, into out: Tensor) {
      let part = x.count / size * x.elementType.byteCount
      write(group.share(bytes(x), rank).flatMap { $0[rank * part..<(rank + 1) * part] }, to: out)
    }
    func barrier() { _ = group.share([], rank) }
    func abort(status: Int32) -> Never { fatalError("rank \(rank) aborts with \(status)") }

    private func bytes(_ x: Tensor) -> [UInt8] {
      let size = x.count * x.elementType.byteCount
      return Array(UnsafeRawBufferPointer(start: x.address(on: CPUDevice.shared), count: size))
    }
    private func write(_ bytes: [UInt8], to x: Tensor) {
      x.address(on: CPUDevice.shared).copyMemory(from: bytes, byteCount: bytes.count)
    }
  }
}
