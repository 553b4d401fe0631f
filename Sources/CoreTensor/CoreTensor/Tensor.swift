/// A dense, row-major float32 array that may remember how it was computed.
///
/// A tensor is a value: operations make new ones. Gradients flow to tensors that have a `node`, which is to say to
/// parameters and to whatever was computed from them.
public struct Tensor: @unchecked Sendable {
  public let shape: [Int]
  var storage: Storage
  let offset: Int
  /// How the tensor was computed; nil where no gradient is wanted.
  public internal(set) var node: Node?

  init(shape: [Int], storage: Storage, offset: Int = 0, node: Node? = nil) {
    self.shape = shape
    self.storage = storage
    self.offset = offset
    self.node = node
  }

  /// A tensor whose values are yet to be written.
  public init(uninitialized shape: [Int]) {
    self.init(shape: shape, storage: Storage(count: shape.reduce(1, *)))
  }

  public init(_ shape: [Int], repeating value: Float) {
    self.init(uninitialized: shape)
    pointer.update(repeating: value, count: count)
  }

  /// - Precondition: `values.count` is the product of `shape`.
  public init(_ values: some Collection<Float>, shape: [Int]) {
    self.init(uninitialized: shape)
    precondition(values.count == count, "Tensor: \(values.count) values given for shape \(shape)")
    _ = UnsafeMutableBufferPointer(start: pointer, count: count).update(fromContentsOf: values)
  }

  public static func zeros(_ shape: [Int]) -> Tensor { Tensor(shape, repeating: 0) }

  /// Number of values.
  public var count: Int { shape.reduce(1, *) }
  /// The first value. Valid while the tensor is held.
  public var pointer: UnsafeMutablePointer<Float> { storage.pointer + offset }
  /// A copy of the values, row-major.
  public var values: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  /// The only value.
  /// - Precondition: the tensor has one value.
  public var scalar: Float {
    precondition(count == 1, "Tensor.scalar: shape \(shape) has \(count) values")
    return pointer[0]
  }

  /// The same values without their history: no gradient flows through.
  public var detached: Tensor { Tensor(shape: shape, storage: storage, offset: offset) }

  /// Size of the last axis, and how many rows of it there are.
  var columns: Int { shape[shape.count - 1] }
  var rows: Int { count / max(columns, 1) }

  /// Whether this is the only holder of the memory, so that it may be written in place.
  mutating func ownsMemory() -> Bool { isKnownUniquelyReferenced(&storage) }
}
