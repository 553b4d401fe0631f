import CKernels

/// A dense, row-major array on a device that may remember how it was computed.
///
/// Operations make new tensors; they run on the device of their operands. Gradients flow to tensors that have a `node`,
/// which is to say to parameters and to whatever was computed from them. Numbers are float32 but for activations that
/// only feed matrix products, which a backend may keep as bfloat16. Memory is shared by whoever holds the tensor: only
/// the optimiser, and whoever calls `overwrite`, changes numbers that are there.
public struct Tensor: @unchecked Sendable {
  public let shape: [Int]
  public let elementType: ElementType
  var storage: Storage
  /// The first value's place in the storage, in values.
  let offset: Int
  /// How the tensor was computed; nil where no gradient is wanted.
  public internal(set) var node: Node?

  /// A tensor whose values are yet to be written.
  /// - Parameters:
  ///   - shape: sizes of its axes.
  ///   - elementType: float32 unless given.
  ///   - device: the current one (`Compute.device`) unless given.
  public init(
    uninitialized shape: [Int], as elementType: ElementType = .float32, on device: any Device = Compute.device
  ) {
    self.shape = shape
    self.elementType = elementType
    storage = Storage(byteCount: shape.reduce(1, *) * elementType.byteCount, on: device)
    offset = 0
  }

  private init(_ shape: [Int], as elementType: ElementType, storage: Storage) {
    (self.shape, self.elementType, self.storage, offset) = (shape, elementType, storage, 0)
  }

  /// A tensor that shares the memory of another, from value `start` of it on.
  init(sharing other: Tensor, shape: [Int], start: Int = 0) {
    self.shape = shape
    elementType = other.elementType
    storage = other.storage
    offset = other.offset + start
  }

  /// A tensor of one value throughout.
  public init(_ shape: [Int], repeating value: Float, on device: any Device = Compute.device) {
    self.init(uninitialized: shape, on: device)
    device.fill(bytes, with: value, count: count)
  }

  /// A tensor of values of the host.
  /// - Precondition: `values.count` is the product of `shape`.
  public init(_ values: some Collection<Float>, shape: [Int], on device: any Device = Compute.device) {
    require(
      values.count == shape.reduce(1, *), "Tensor: \(values.count) values given for shape \(shape)")
    self.init(shape, on: device) { _ = $0.update(fromContentsOf: values) }
  }

  /// A tensor whose values the host writes.
  /// - Parameters:
  ///   - shape: sizes of its axes.
  ///   - device: the current one unless given.
  ///   - write: is given room for every value, row-major, and must write them all.
  public init(
    _ shape: [Int], on device: any Device = Compute.device,
    writing write: (UnsafeMutableBufferPointer<Float>) throws -> Void
  ) rethrows {
    self.init(uninitialized: shape, on: device)
    try overwrite(write)
  }

  public static func zeros(_ shape: [Int], on device: any Device = Compute.device) -> Tensor {
    Tensor(shape, repeating: 0, on: device)
  }

  /// Number of values.
  public var count: Int { shape.reduce(1, *) }
  /// Where the tensor lives.
  public var device: any Device { storage.device }

  /// The same values without their history: no gradient flows through.
  public var detached: Tensor { Tensor(sharing: self, shape: shape) }

  /// Size of the last axis, and how many rows of it there are.
  var columns: Int { shape[shape.count - 1] }
  var rows: Int { count / max(columns, 1) }

  /// Whether this is the only holder of the memory, so that it may be written in place.
  mutating func ownsMemory() -> Bool { isKnownUniquelyReferenced(&storage) }
}

// MARK: - Between host and device

extension Tensor {
  /// A copy of the values for the host, row-major. On a device it waits for whatever computes them.
  public var values: [Float] {
    Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = count
      guard let start = buffer.baseAddress else { return }
      if elementType == .float32 {
        return storage.device.download(bytes, to: UnsafeMutableRawBufferPointer(buffer))
      }
      let halves = onCPU
      chex_convert(halves.bytes, elementType.code, start, CHEX_FLOAT32, count)
    }
  }

  /// The only value, downloaded.
  /// - Precondition: the tensor has one value.
  public var scalar: Float {
    require(count == 1, "Tensor.scalar: shape \(shape) has \(count) values")
    return values[0]
  }

  /// Lets the host read the values without a copy where they are the processor's.
  /// - Precondition: the tensor is float32.
  public func withValues<Result>(
    _ body: (UnsafeBufferPointer<Float>) throws -> Result
  ) rethrows -> Result {
    let held = onCPU
    return try withExtendedLifetime(held) {
      try body(UnsafeBufferPointer(start: held.pointer, count: count))
    }
  }

  /// Lets the host write every value, in place: of all tensors that share the memory, too.
  /// - Parameter write: is given room for every value, row-major, and must write them all. Where it throws the values
  ///   are undefined.
  /// - Precondition: the tensor is float32.
  public func overwrite(_ write: (UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows {
    guard device !== CPUDevice.shared else {
      return try write(UnsafeMutableBufferPointer(start: pointer, count: count))
    }
    require(elementType == .float32, "Tensor.overwrite: a tensor \(shape) of \(elementType)")
    let staged = Tensor(uninitialized: shape, on: CPUDevice.shared)
    let buffer = UnsafeMutableBufferPointer(start: staged.pointer, count: count)
    try write(buffer)
    device.upload(UnsafeRawBufferPointer(buffer), to: bytes)
    withExtendedLifetime(staged) {}
  }

  /// Takes over every value of another tensor of as many, of any device, in place: of all tensors that share the
  /// memory, too.
  public func overwrite(with other: Tensor) {
    require(
      other.count == count && other.elementType == elementType,
      "Tensor.overwrite: \(shape) of \(elementType) with \(other.shape) of \(other.elementType)")
    let held = other.moved(to: device)
    device.copy(held.bytes, to: bytes, byteCount: count * elementType.byteCount)
    withExtendedLifetime(held) {}
  }

  /// Takes over the values of another tensor of the same shape on the same device where a condition is not 0: for
  /// optimisers, which change what is there.
  /// - Parameters:
  ///   - other: the new values.
  ///   - condition: one value; 0 leaves everything as it is.
  public func replace(by other: Tensor, where condition: Tensor) {
    require(other.shape == shape, "Tensor.replace: \(shape) by \(other.shape)")
    Compute.backend("replace", self, other, condition).select(condition, other, detached, into: detached)
  }

  /// The same values on another device, without history; the tensor itself where it is there already.
  public func moved(to device: any Device) -> Tensor {
    guard device !== self.device else { return detached }
    let held = self.device === CPUDevice.shared ? self : onCPU
    let source = UnsafeRawBufferPointer(start: held.bytes, count: count * elementType.byteCount)
    return withExtendedLifetime(held) {
      Tensor(shape, as: elementType, storage: Storage(holding: source, on: device))
    }
  }

  /// A tensor of its own memory on the same device with the same values and no history.
  public func copied() -> Tensor {
    let copy = Tensor(uninitialized: shape, as: elementType, on: device)
    device.copy(bytes, to: copy.bytes, byteCount: count * elementType.byteCount)
    return copy
  }

  /// Whether both begin at one place of one memory.
  func isSame(as other: Tensor) -> Bool { bytes == other.bytes }

  /// Writes one value to every place.
  func fill(_ value: Float) { device.fill(bytes, with: value, count: count) }

  /// Where the first value lies, as the tensor's own device understands it: for the backends of that device alone.
  /// Valid while the tensor is held.
  /// - Precondition: the tensor lives on `device`.
  public func address(on device: any Device) -> UnsafeMutableRawPointer {
    require(
      device === self.device,
      "Tensor.address: a tensor \(shape) lives on \(self.device.name), \(device.name) asks for its memory")
    return bytes
  }

  private var onCPU: Tensor {
    guard device !== CPUDevice.shared else { return detached }
    let copy = Tensor(uninitialized: shape, as: elementType, on: CPUDevice.shared)
    device.download(
      bytes, to: UnsafeMutableRawBufferPointer(start: copy.bytes, count: count * elementType.byteCount))
    return copy
  }

  /// The first byte as the device understands it.
  var bytes: UnsafeMutableRawPointer { storage.pointer + offset * elementType.byteCount }

  /// The first value, for what computes on the processor.
  /// - Precondition: the tensor is float32.
  var pointer: UnsafeMutablePointer<Float> {
    require(elementType == .float32, "Tensor.pointer: a tensor \(shape) of \(elementType)")
    return bytes.assumingMemoryBound(to: Float.self)
  }

  /// Row `index` of the last axis and what follows, for what computes on the processor.
  func row(_ index: Int) -> UnsafeMutableRawPointer { bytes + index * columns * elementType.byteCount }
}
