import CTorch
import CoreTensor
import Foundation
import TorchBoundary
import WorldModel

/// A place where libtorch computes: the processor or a GPU.
public final class TorchDevice: Device, @unchecked Sendable {
  public let name: String
  let library: TorchLibrary
  let handle: OpaquePointer
  /// Whether it is the processor, whose memory is the core's pool.
  let isProcessor: Bool

  private static let lock = NSLock()
  private nonisolated(unsafe) static var made: [String: TorchDevice] = [:]

  /// The device of a place, one object for each.
  /// - Parameter place: "cpu", "cuda:1", "cuda" for the first; empty for the first GPU, or the processor without one.
  /// - Throws: `TorchError` where libtorch or the device is not there.
  static func at(_ place: String) throws -> TorchDevice {
    let library = try TorchLibrary.shared()
    let known = try library.places()
    let launch = try LaunchEnvironment(ProcessInfo.processInfo.environment)
    let place = try resolve(place, among: known, machineRank: launch?.machineRank ?? 0)
    return try lock.withLock {
      if let device = made[place] { return device }
      let device = try TorchDevice(place, library)
      made[place] = device
      return device
    }
  }

  /// The full name of a place.
  /// - Parameter machineRank: of this process among those of the machine, each of which takes a GPU of its own.
  static func resolve(_ place: String, among known: [String], machineRank: Int = 0) throws -> String {
    let accelerators = known.filter { $0 != "cpu" }
    if place.isEmpty { return accelerators.isEmpty ? "cpu" : accelerators[machineRank % accelerators.count] }
    if known.contains(place) { return place }
    let own = known.filter { $0.hasPrefix("\(place):") }
    if !own.isEmpty { return own[machineRank % own.count] }
    throw TorchError(
      "torch:\(place): expected a device that libtorch sees, \(known.map { "torch:\($0)" }.joined(separator: ", ")); found none of that name"
        + (place.hasPrefix("cuda") && !known.contains { $0.hasPrefix("cuda") }
          ? ". A GPU of NVIDIA needs its driver (nvidia-smi) and a PyTorch built for CUDA, then make torch again"
          : ""))
  }

  private init(_ place: String, _ library: TorchLibrary) throws {
    var opened: OpaquePointer?
    try TorchLibrary.check(library.table.open(place, &opened))
    guard let opened else { throw TorchError("torch:\(place): libtorch opened nothing") }
    (name, handle, self.library) = ("torch:\(place)", opened, library)
    isProcessor = place == "cpu"
    if isProcessor { library.table.shareMemory(Loans.take, Loans.give) }
  }

  public var isHostMemory: Bool { isProcessor }
  public var backend: any Backend { TorchBackend(self, .float32, fusesAttention: true) }

  /// What products multiply where nothing else was asked for.
  var best: ElementType { library.table.prefersBFloat16(handle) != 0 ? .bfloat16 : .float32 }

  // MARK: Memory

  public func allocate(byteCount: Int) -> DeviceMemory {
    // libtorch keeps no memory of the processor for later; the pool does.
    if isProcessor { return CPUDevice.shared.allocate(byteCount: byteCount) }
    return block(byteCount) { library.table.allocate(handle, byteCount, &$0, &$1) }
  }

  public func memory(holding source: UnsafeRawBufferPointer) -> DeviceMemory {
    if isProcessor { return CPUDevice.shared.memory(holding: source) }
    return block(source.count) { library.table.stage(handle, source.baseAddress, source.count, &$0, &$1) }
  }

  private func block(
    _ byteCount: Int,
    _ make: (inout UnsafeMutableRawPointer?, inout UnsafeMutableRawPointer?) -> chex_torch_outcome
  ) -> DeviceMemory {
    var (address, owner): (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?)
    let outcome = make(&address, &owner)
    if outcome.wantsMemory != 0 {
      failForWantOfMemory(bytes: byteCount, for: "tensors on \(name)")
    }
    finish(outcome)
    return DeviceMemory(address: address!, byteCount: byteCount, owner: Block(owner: owner!))
  }

  public func release(_ memory: DeviceMemory) {
    if isProcessor { return CPUDevice.shared.release(memory) }
    library.table.release(unsafeDowncast(memory.owner!, to: Block.self).owner)
  }

  /// What libtorch's allocator calls a block.
  private final class Block {
    let owner: UnsafeMutableRawPointer
    init(owner: UnsafeMutableRawPointer) { self.owner = owner }
  }

  public func upload(_ source: UnsafeRawBufferPointer, to destination: UnsafeMutableRawPointer) {
    finish(library.table.upload(handle, source.baseAddress, destination, source.count))
  }
  public func download(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawBufferPointer) {
    finish(library.table.download(handle, source, destination.baseAddress, destination.count))
  }
  public func copy(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, byteCount: Int) {
    finish(library.table.copy(handle, source, destination, byteCount))
  }
  public func fill(_ destination: UnsafeMutableRawPointer, with value: Float, count: Int) {
    finish(library.table.fill(handle, destination, value, count))
  }
  public func synchronize() { finish(library.table.synchronize(handle)) }

  // MARK: Calls

  /// Ends the process where a call failed, with its sentence.
  @inline(__always) func finish(_ outcome: chex_torch_outcome) {
    if outcome.error != nil { end(outcome) }
  }

  private func end(_ outcome: chex_torch_outcome) -> Never {
    let sentence = String(cString: outcome.error)
    guard outcome.wantsMemory == 0 else {
      fail(
        "\(sentence); a smaller batch (--batch) and more of them a step (training.accumulation), a smaller model or image, or "
          + "--checkpoint-activations needs less")
    }
    fail(sentence)
  }

  /// A tensor as the boundary takes it.
  func view(_ x: Tensor) -> chex_torch_tensor { view(x, as: x.shape) }

  /// The same, or none.
  func view(_ x: Tensor?) -> chex_torch_tensor { x.map { view($0) } ?? chex_torch_tensor.none }

  /// A tensor's numbers in other sizes.
  func view(_ x: Tensor, as sizes: [Int]) -> chex_torch_tensor {
    require(
      sizes.count <= Int(CHEX_TORCH_RANK),
      "\(name): a tensor \(x.shape) of \(sizes.count) axes, at most \(CHEX_TORCH_RANK) are known")
    var made = chex_torch_tensor()
    made.data = x.address(on: self)
    made.type = x.elementType.torchCode
    made.rank = Int32(sizes.count)
    withUnsafeMutableBytes(of: &made.sizes) { room in
      sizes.withUnsafeBytes { room.copyMemory(from: $0) }
    }
    return made
  }

  /// A tensor as a matrix of so many columns.
  func matrix(_ x: Tensor, columns: Int) -> chex_torch_tensor {
    view(x, as: [columns > 0 ? x.count / columns : 0, columns])
  }
}

extension chex_torch_tensor {
  /// No tensor.
  static var none: chex_torch_tensor {
    var made = chex_torch_tensor()
    made.rank = -1
    return made
  }
}

extension ElementType {
  var torchCode: Int32 {
    Int32((self == .float32 ? CHEX_TORCH_FLOAT32 : CHEX_TORCH_BFLOAT16).rawValue)
  }
}
