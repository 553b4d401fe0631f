import Foundation

/// A block of float32 from the caching pool; goes back there when nobody holds it.
public final class Storage: @unchecked Sendable {
  public let pointer: UnsafeMutablePointer<Float>
  /// Usable floats, at least as many as were asked for.
  let capacity: Int

  /// - Parameter count: floats; their values are undefined.
  init(count: Int) {
    (pointer, capacity) = StoragePool.shared.take(count)
  }

  deinit { StoragePool.shared.give(pointer, capacity) }
}

/// Keeps freed blocks by size class, so that a training step after the first asks the system for nothing.
public final class StoragePool: @unchecked Sendable {
  public static let shared = StoragePool()

  /// Blocks of at least this many bytes are aligned for, and offered to, huge pages.
  private static let hugePage = 2 << 20
  private let lock = NSLock()
  private var free: [Int: [UnsafeMutablePointer<Float>]] = [:]
  private var counters = Statistics()

  /// What the pool has done so far.
  public struct Statistics: Sendable, Equatable {
    /// Allocations from the system.
    public var systemAllocations = 0
    /// Bytes held, in use or kept for reuse.
    public var bytesHeld = 0
    /// Bytes in use now, and the most there ever were.
    public var bytesInUse = 0
    public var peakBytesInUse = 0
  }

  public var statistics: Statistics { lock.withLock { counters } }

  /// Starts `peakBytesInUse` again from what is in use now.
  public func resetPeak() { lock.withLock { counters.peakBytesInUse = counters.bytesInUse } }

  /// Gives blocks that nobody uses back to the system.
  public func trim() {
    lock.withLock {
      for (capacity, blocks) in free {
        blocks.forEach { $0.deallocateAligned() }
        counters.bytesHeld -= capacity * 4 * blocks.count
      }
      free.removeAll()
    }
  }

  /// Size classes: four to each power of two, so that at most a fifth of a block is unused.
  static func sizeClass(_ count: Int) -> Int {
    let least = max(count, 64)
    let power = 1 << (Int.bitWidth - 1 - least.leadingZeroBitCount)
    let quarter = power / 4
    return (least + quarter - 1) / quarter * quarter
  }

  fileprivate func take(_ count: Int) -> (UnsafeMutablePointer<Float>, Int) {
    let capacity = Self.sizeClass(count)
    return lock.withLock {
      counters.bytesInUse += capacity * 4
      counters.peakBytesInUse = max(counters.peakBytesInUse, counters.bytesInUse)
      if let block = free[capacity]?.popLast() { return (block, capacity) }
      counters.systemAllocations += 1
      counters.bytesHeld += capacity * 4
      return (Self.allocate(bytes: capacity * 4), capacity)
    }
  }

  fileprivate func give(_ pointer: UnsafeMutablePointer<Float>, _ capacity: Int) {
    lock.withLock {
      counters.bytesInUse -= capacity * 4
      free[capacity, default: []].append(pointer)
    }
  }

  private static func allocate(bytes: Int) -> UnsafeMutablePointer<Float> {
    var block: UnsafeMutableRawPointer?
    let alignment = bytes >= hugePage ? hugePage : 64
    guard posix_memalign(&block, alignment, bytes) == 0, let block else {
      let asked = ByteCountFormatter.string(fromByteCount: Int64(bytes), countStyle: .memory)
      fatalError("out of memory: \(asked) asked for; use a smaller batch or model")
    }
    if bytes >= hugePage { madvise(block, bytes, Int32(MADV_HUGEPAGE)) }
    return block.assumingMemoryBound(to: Float.self)
  }
}

extension UnsafeMutablePointer<Float> {
  fileprivate func deallocateAligned() { Foundation.free(self) }
}
