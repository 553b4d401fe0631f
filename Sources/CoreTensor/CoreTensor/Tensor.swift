import CKernels

/// A dense, row-major array that may remember how it was computed.
///
/// A tensor is a value: operations make new ones. Gradients flow to tensors that have a `node`, which is to say to
/// parameters and to whatever was computed from them. Numbers are float32 but for activations that only feed matrix
/// products, which a backend may keep as bfloat16.
public struct Tensor: @unchecked Sendable {
  public let shape: [Int]
  public let elementType: ElementType
  var storage: Storage
  /// The first value's place in the storage, in values.
  let offset: Int
  /// How the tensor was computed; nil where no gradient is wanted.
  public internal(set) var node: Node?

  /// A tensor whose values are yet to be written.
  public init(uninitialized shape: [Int], as elementType: ElementType = .float32) {
    self.shape = shape
    self.elementType = elementType
    storage = Storage(byteCount: shape.reduce(1, *) * elementType.byteCount)
    offset = 0
  }

  /// A tensor that shares the memory of another, from value `start` of it on.
  init(sharing other: Tensor, shape: [Int], start: Int = 0) {
    self.shape = shape
    elementType = other.elementType
    storage = other.storage
    offset = other.offset + start
  }

  public init(_ shape: [Int], repeating value: Float) {
    self.init(uninitialized: shape)
    pointer.update(repeating: value, count: count)
  }

  /// - Precondition: `values.count` is the product of `shape`.
  public init(_ values: some Collection<Float>, shape: [Int]) {
    self.init(uninitialized: shape)
    require(values.count == count, "Tensor: \(values.count) values given for shape \(shape)")
    _ = UnsafeMutableBufferPointer(start: pointer, count: count).update(fromContentsOf: values)
  }

  public static func zeros(_ shape: [Int]) -> Tensor { Tensor(shape, repeating: 0) }

  /// Number of values.
  public var count: Int { shape.reduce(1, *) }
  /// The first byte. Valid while the tensor is held.
  public var bytes: UnsafeMutableRawPointer { storage.pointer + offset * elementType.byteCount }
  /// The first value. Valid while the tensor is held.
  /// - Precondition: the tensor is float32.
  public var pointer: UnsafeMutablePointer<Float> {
    require(elementType == .float32, "Tensor.pointer: a tensor \(shape) of \(elementType)")
    return bytes.assumingMemoryBound(to: Float.self)
  }
  /// A copy of the values, row-major.
  public var values: [Float] {
    Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = count
      guard let start = buffer.baseAddress else { return }
      chex_convert(bytes, elementType.code, start, CHEX_FLOAT32, count)
    }
  }

  /// The only value.
  /// - Precondition: the tensor has one value.
  public var scalar: Float {
    require(count == 1, "Tensor.scalar: shape \(shape) has \(count) values")
    return pointer[0]
  }

  /// The same values without their history: no gradient flows through.
  public var detached: Tensor { Tensor(sharing: self, shape: shape) }

  /// Size of the last axis, and how many rows of it there are.
  var columns: Int { shape[shape.count - 1] }
  var rows: Int { count / max(columns, 1) }

  /// Row `index` of the last axis and what follows.
  func row(_ index: Int) -> UnsafeMutableRawPointer { bytes + index * columns * elementType.byteCount }

  /// Whether this is the only holder of the memory, so that it may be written in place.
  mutating func ownsMemory() -> Bool { isKnownUniquelyReferenced(&storage) }
}
