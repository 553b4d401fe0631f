import CoreTensor
import Foundation

/// Memory of the core's pool that libtorch uses between two of its steps, by address.
final class Loans: @unchecked Sendable {
  private static let shared = Loans()
  private let lock = NSLock()
  private var lent: [UnsafeMutableRawPointer: DeviceMemory] = [:]

  static let take: @convention(c) (Int) -> UnsafeMutableRawPointer? = { byteCount in
    let memory = CPUDevice.shared.allocate(byteCount: byteCount)
    shared.lock.withLock { shared.lent[memory.address] = memory }
    return memory.address
  }

  static let give: @convention(c) (UnsafeMutableRawPointer?) -> Void = { address in
    guard let address, let memory = shared.lock.withLock({ shared.lent.removeValue(forKey: address) }) else {
      return
    }
    CPUDevice.shared.release(memory)
  }
}
