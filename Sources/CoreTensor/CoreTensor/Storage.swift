/// A block of memory from the caching pool; goes back there when nobody holds it.
public final class Storage: @unchecked Sendable {
  /// Aligned to 64 bytes.
  public let pointer: UnsafeMutableRawPointer
  private let block: StoragePool.Block

  /// - Parameter byteCount: the contents are undefined.
  public init(byteCount: Int) {
    block = StoragePool.shared.take(byteCount)
    pointer = block.pointer
  }

  deinit { StoragePool.shared.give(block) }
}
