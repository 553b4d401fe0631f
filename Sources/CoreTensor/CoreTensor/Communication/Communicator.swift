/// Processes that compute one step together, one for each device; a plugin of `kind = "communicator"` gives it.
///
/// Every rank makes the same calls in the same order, one at a time, from whichever thread. A call returns when this
/// rank's part of it is done, and throws in words where another rank is gone. What is moved is moved as it is, bit for
/// bit: nothing is added up on the way, so that sums have the order that `SummationTree` gives them.
public protocol Communicator: AnyObject, Sendable {
  /// As errors name it: `"mpi"`.
  var name: String { get }
  /// This process's place among all, from 0. Rank 0 writes what the run leaves behind.
  var rank: Int { get }
  /// How many processes there are; 1 or more.
  var size: Int { get }

  /// Whether tensors of a device can be moved. Those of the processor always can.
  func moves(_ device: any Device) -> Bool
  /// Overwrites x on every rank with that of `root`.
  func broadcast(_ x: Tensor, from root: Int) throws
  /// out row i = row `rank` of rank i's x. Both are `(size, n)`, of one element type.
  func exchange(_ x: Tensor, into out: Tensor) throws
  /// out row i = rank i's x. x is `(n)`, out `(size, n)`, of one element type.
  func gather(_ x: Tensor, into out: Tensor) throws
  /// Returns when all ranks have called it.
  func barrier() throws
  /// Ends the processes of all ranks, this one too, within seconds: for a rank that cannot go on.
  func abort(status: Int32) -> Never
}

/// A communicator that failed, or that was asked for what it cannot do.
public struct CommunicationError: Error, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

extension Communicator {
  /// Whether this process writes what the run leaves behind.
  public var isFirst: Bool { rank == 0 }

  /// Every rank's bytes, in order of ranks; they may differ in length.
  public func gather(bytes: [UInt8]) throws -> [[UInt8]] {
    let lengths = try gatherWords([UInt32(bytes.count)]).map { Int($0[0]) }
    let longest = ((lengths.max() ?? 0) + 3) / 4
    guard longest > 0 else { return lengths.map { _ in [] } }
    var words = [UInt32](repeating: 0, count: longest)
    words.withUnsafeMutableBytes { $0.copyBytes(from: bytes) }
    return try zip(gatherWords(words), lengths).map { words, length in
      words.withUnsafeBytes { Array($0.prefix(length)) }
    }
  }

  /// Words of 32 bits, as many on each rank, in order of ranks.
  private func gatherWords(_ words: [UInt32]) throws -> [[UInt32]] {
    let own = Tensor([words.count], on: CPUDevice.shared) { room in
      _ = UnsafeMutableRawBufferPointer(room).initializeMemory(as: UInt32.self, from: words)
    }
    let all = Tensor(uninitialized: [size, words.count], on: CPUDevice.shared)
    try gather(own, into: all)
    return all.withValues { values in
      (0..<size).map { rank in
        UnsafeRawBufferPointer(
          UnsafeBufferPointer(rebasing: values[rank * words.count..<(rank + 1) * words.count])
        )
        .bindMemory(to: UInt32.self).map { $0 }
      }
    }
  }

  /// Adds up lists of tensors over all ranks, in the order of ranks that `SummationTree` gives: the same bits on each.
  /// - Parameter tensors: float32, of the same shapes on each rank; overwritten by the sums.
  public func sum(_ tensors: [Tensor]) throws {
    guard size > 1 else { return }
    for tensor in tensors {
      let all = Tensor(uninitialized: [size, tensor.count], on: tensor.device)
      try gather(Tensor(sharing: tensor, shape: [tensor.count]), into: all)
      tensor.overwrite(with: SummationTree(count: size).sumOfRows(all))
    }
  }
}
