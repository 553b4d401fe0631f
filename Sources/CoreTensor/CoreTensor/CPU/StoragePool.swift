import Foundation

/// Keeps freed memory and hands it out again, so that a training step after the first few asks the system for nothing.
///
/// Memory comes from the system in segments. A request takes the smallest free block that holds it and leaves the rest
/// free; a block that is given back joins its free neighbours. So the memory of one phase of a step serves the next,
/// whatever the sizes.
public final class StoragePool: @unchecked Sendable {
  public static let shared = StoragePool()

  /// Segments are aligned for, and offered to, huge pages.
  private static let hugePage = 2 << 20
  /// Requests up to half of this share segments of this size. It is address space: memory is the process's once it
  /// is written to, and blocks come from the segment's start.
  private static let sharedSegment = 1 << 30
  private static let alignment = 64

  private let lock = NSLock()
  /// Free blocks by size, then address.
  private var free: [Block] = []
  private var counters = Statistics()

  /// What the pool has done so far.
  public struct Statistics: Sendable, Equatable {
    /// Allocations from the system.
    public var systemAllocations = 0
    /// Bytes of address space held, in use or kept for reuse.
    public var bytesHeld = 0
    /// Bytes in use now, and the most there ever were.
    public var bytesInUse = 0
    public var peakBytesInUse = 0
  }

  /// A stretch of a segment.
  final class Block {
    let pointer: UnsafeMutableRawPointer
    fileprivate(set) var size: Int
    fileprivate var isFree = false
    /// Neighbours within the segment. A block is held by whoever uses it and by the one before it.
    fileprivate unowned(unsafe) var before: Block?
    fileprivate var after: Block?

    fileprivate init(_ pointer: UnsafeMutableRawPointer, _ size: Int) {
      (self.pointer, self.size) = (pointer, size)
    }
    fileprivate var isWholeSegment: Bool { before == nil && after == nil }
    fileprivate func precedes(_ other: Block) -> Bool { (size, pointer) < (other.size, other.pointer) }
  }

  public var statistics: Statistics { lock.withLock { counters } }

  /// Starts `peakBytesInUse` again from what is in use now.
  public func resetPeak() { lock.withLock { counters.peakBytesInUse = counters.bytesInUse } }

  /// Gives segments that nobody uses back to the system.
  public func trim() {
    lock.withLock {
      for block in free where block.isWholeSegment {
        counters.bytesHeld -= block.size
        Foundation.free(block.pointer)
      }
      free.removeAll { $0.isWholeSegment }
    }
  }

  /// Bytes that a request takes.
  static func blockSize(_ byteCount: Int) -> Int {
    max(1, (byteCount + alignment - 1) / alignment) * alignment
  }

  func take(_ byteCount: Int) -> Block {
    let size = Self.blockSize(byteCount)
    return lock.withLock {
      let place = firstFree { $0.size >= size }
      let block = place < free.count ? free.remove(at: place) : newSegment(for: size)
      block.isFree = false
      split(block, at: size)
      counters.bytesInUse += size
      counters.peakBytesInUse = max(counters.peakBytesInUse, counters.bytesInUse)
      return block
    }
  }

  func give(_ block: Block) {
    lock.withLock {
      counters.bytesInUse -= block.size
      var whole = block
      if let after = block.after, after.isFree {
        forget(after)
        join(block, after)
      }
      if let before = block.before, before.isFree {
        forget(before)
        join(before, block)
        whole = before
      }
      keep(whole)
    }
  }

  // MARK: Under the lock

  private func newSegment(for size: Int) -> Block {
    let wanted = size <= Self.sharedSegment / 2 ? Self.sharedSegment : size
    let bytes = (wanted + Self.hugePage - 1) / Self.hugePage * Self.hugePage
    counters.systemAllocations += 1
    counters.bytesHeld += bytes
    return Block(Self.allocate(bytes: bytes, beside: counters.bytesHeld - bytes), bytes)
  }

  /// Cuts what `block` has beyond `size` off as a free block.
  private func split(_ block: Block, at size: Int) {
    guard block.size > size else { return }
    let rest = Block(block.pointer + size, block.size - size)
    block.size = size
    rest.before = block
    rest.after = block.after
    block.after?.before = rest
    block.after = rest
    keep(rest)
  }

  private func join(_ block: Block, _ next: Block) {
    block.size += next.size
    block.after = next.after
    next.after?.before = block
  }

  private func keep(_ block: Block) {
    block.isFree = true
    free.insert(block, at: firstFree { !$0.precedes(block) })
  }

  private func forget(_ block: Block) {
    block.isFree = false
    free.remove(at: firstFree { !$0.precedes(block) })
  }

  /// The first place in `free` whose block is large enough; `isAtLeast` is false, then true along the order.
  private func firstFree(_ isAtLeast: (Block) -> Bool) -> Int {
    var (low, high) = (0, free.count)
    while low < high {
      let middle = (low + high) / 2
      if isAtLeast(free[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  private static func allocate(bytes: Int, beside held: Int) -> UnsafeMutableRawPointer {
    var start: UnsafeMutableRawPointer?
    guard posix_memalign(&start, hugePage, bytes) == 0, let start else {
      let held = ByteCountFormatter.string(fromByteCount: Int64(held), countStyle: .memory)
      failForWantOfMemory(bytes: bytes, for: "for tensors beside the \(held) that they have")
    }
    madvise(start, bytes, Int32(MADV_HUGEPAGE))
    return start
  }
}
