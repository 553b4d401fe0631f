/// A place where tensors live and are computed with: the processor, a GPU, whatever a plugin of `kind = "backend"`
/// adds.
///
/// A device owns memory. Nobody but its own backends reads or writes there; all others upload and download. Where a
/// device works asynchronously, what was asked of it happens in the order in which it was asked, and `download` waits.
public protocol Device: AnyObject, Sendable {
  /// As `--device` names it: `"cpu"`, `"torch:cuda:0"`. Errors name devices by it.
  var name: String { get }
  /// Computes here where no other backend of this device was chosen: in float32.
  var backend: any Backend { get }
  /// Whether an address here is one of the host, which may read and write there when the device is synchronised: what
  /// moves the processor's memory between processes then moves this. Default: no.
  var isHostMemory: Bool { get }

  /// Memory whose contents are undefined, aligned to 64 bytes.
  /// - Parameter byteCount: 0 or more.
  func allocate(byteCount: Int) -> DeviceMemory
  /// Takes memory back. Operations that were asked for earlier may still use it.
  func release(_ memory: DeviceMemory)
  /// New memory that holds a copy of bytes of the host, for what is asked of the device after the call. Loader threads
  /// call it beside what computes. Default: `allocate` and `upload`.
  func memory(holding source: UnsafeRawBufferPointer) -> DeviceMemory
  /// Copies bytes of the host to this device. `source` may be reused when the call returns.
  func upload(_ source: UnsafeRawBufferPointer, to destination: UnsafeMutableRawPointer)
  /// Copies bytes of this device to the host; they are there when the call returns.
  func download(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawBufferPointer)
  /// Copies bytes within this device, between places that do not overlap.
  func copy(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, byteCount: Int)
  /// Writes one float32 to `count` places.
  func fill(_ destination: UnsafeMutableRawPointer, with value: Float, count: Int)
  /// Returns when everything that was asked of the device is done.
  func synchronize()
}

extension Device {
  public var isHostMemory: Bool { false }

  public func memory(holding source: UnsafeRawBufferPointer) -> DeviceMemory {
    let memory = allocate(byteCount: source.count)
    upload(source, to: memory.address)
    return memory
  }
}

/// Memory that a device gave.
public struct DeviceMemory: @unchecked Sendable {
  /// The first byte as the device understands it. On a GPU it is no address of the host: to read it there is to crash.
  public let address: UnsafeMutableRawPointer
  public let byteCount: Int
  /// Whatever the device needs to take the memory back.
  public let owner: AnyObject?

  public init(address: UnsafeMutableRawPointer, byteCount: Int, owner: AnyObject? = nil) {
    (self.address, self.byteCount, self.owner) = (address, byteCount, owner)
  }
}

/// Memory of a device, given back when nobody holds it.
final class Storage: @unchecked Sendable {
  let device: any Device
  private let memory: DeviceMemory
  /// As the device understands it.
  var pointer: UnsafeMutableRawPointer { memory.address }

  /// - Parameter byteCount: the contents are undefined.
  init(byteCount: Int, on device: any Device = CPUDevice.shared) {
    self.device = device
    memory = device.allocate(byteCount: byteCount)
  }

  /// With a copy of bytes of the host.
  init(holding source: UnsafeRawBufferPointer, on device: any Device) {
    self.device = device
    memory = device.memory(holding: source)
  }

  deinit { device.release(memory) }
}

/// The processor and its memory, which is the caching pool's.
public final class CPUDevice: Device {
  public static let shared = CPUDevice()
  private init() {}

  public let name = "cpu"
  public let isHostMemory = true
  public var backend: any Backend { CPUBackend.shared }

  public func allocate(byteCount: Int) -> DeviceMemory {
    let block = StoragePool.shared.take(byteCount)
    return DeviceMemory(address: block.pointer, byteCount: byteCount, owner: block)
  }
  public func release(_ memory: DeviceMemory) {
    StoragePool.shared.give(unsafeDowncast(memory.owner!, to: StoragePool.Block.self))
  }
  public func upload(_ source: UnsafeRawBufferPointer, to destination: UnsafeMutableRawPointer) {
    guard let start = source.baseAddress else { return }
    destination.copyMemory(from: start, byteCount: source.count)
  }
  public func download(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawBufferPointer) {
    destination.copyMemory(from: UnsafeRawBufferPointer(start: source, count: destination.count))
  }
  public func copy(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, byteCount: Int) {
    destination.copyMemory(from: source, byteCount: byteCount)
  }
  public func fill(_ destination: UnsafeMutableRawPointer, with value: Float, count: Int) {
    destination.assumingMemoryBound(to: Float.self).update(repeating: value, count: count)
  }
  public func synchronize() {}
}
