import CSealed
import CoreTensor

/// A device whose addresses cannot be read: whatever reaches past the seam dies of it.
public final class SealedDevice: Device, @unchecked Sendable {
  public let name: String
  /// Of what the host read: how often.
  public private(set) var downloads = 0
  let arena: OpaquePointer

  private static let bytes = 24 << 30
  private static let lock = Lock()
  private nonisolated(unsafe) static var made: [String: SealedDevice] = [:]

  /// The device of a place, one object for each.
  /// - Throws: `SealedError` where the system gives no address space.
  public static func at(_ place: String) throws -> SealedDevice {
    try lock.held {
      if let known = made[place] { return known }
      guard let arena = sealed_open(bytes) else {
        throw SealedError(description: "the system gives no \(bytes >> 30) GiB of address space")
      }
      let device = SealedDevice(name: place.isEmpty ? "sealed" : "sealed:\(place)", arena)
      made[place] = device
      return device
    }
  }

  private init(name: String, _ arena: OpaquePointer) { (self.name, self.arena) = (name, arena) }

  public var backend: any Backend { SealedBackend(device: self, .float32) }

  public func allocate(byteCount: Int) -> DeviceMemory {
    guard let address = sealed_allocate(arena, byteCount) else {
      fail("\(name): no room for \(byteCount) bytes more")
    }
    return DeviceMemory(address: address, byteCount: byteCount)
  }
  public func release(_ memory: DeviceMemory) { sealed_release(arena, memory.address, memory.byteCount) }
  public func upload(_ source: UnsafeRawBufferPointer, to destination: UnsafeMutableRawPointer) {
    guard let start = source.baseAddress else { return }
    sealed_upload(arena, start, destination, source.count)
  }
  public func download(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawBufferPointer) {
    downloads += 1
    guard let start = destination.baseAddress else { return }
    sealed_download(arena, source, start, destination.count)
  }
  public func copy(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, byteCount: Int) {
    sealed_copy(arena, source, destination, byteCount)
  }
  public func fill(_ destination: UnsafeMutableRawPointer, with value: Float, count: Int) {
    sealed_fill(arena, destination, value, count)
  }
  public func synchronize() {}
}

struct SealedError: Error, CustomStringConvertible { let description: String }
