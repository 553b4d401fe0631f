import CSealed
import CoreTensor
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "sealed", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(SealedBackend.definition)
  }
}

/// The primitives, and nothing more: every other operation is the core's decomposition into them.
public struct SealedBackend: Backend {
  public static let definition = BackendDefinition(
    name: "sealed", summary: "memory that only this backend can read, for tests of the seam",
    make: { _, request in
      SealedBackend(device: try SealedDevice.at(request.place), request.precision ?? .float32)
    })

  private let own: SealedDevice
  public var device: any Device { own }
  public let activationType: ElementType

  init(device: SealedDevice, _ type: ElementType) { (own, activationType) = (device, type) }

  private func address(_ x: Tensor) -> UnsafeMutableRawPointer { x.address(on: own) }
  private func floats(_ x: Tensor) -> UnsafeMutablePointer<Float> {
    require(x.elementType == .float32, "sealed: a tensor \(x.shape) of \(x.elementType)")
    return address(x).assumingMemoryBound(to: Float.self)
  }

  public func convert(_ x: Tensor, into out: Tensor) {
    sealed_convert(
      own.arena, address(x), Int32(x.elementType.byteCount), address(out), Int32(out.elementType.byteCount),
      out.count)
  }

  public func map(_ function: UnaryFunction, _ x: Tensor, into out: Tensor) {
    sealed_map(own.arena, function.code, floats(x), floats(out), out.count)
  }

  public func combine(_ function: BinaryFunction, _ a: Tensor, _ b: Tensor, into out: Tensor) {
    var axes = broadcast([out, a, b])
    sealed_combine(own.arena, function.code, floats(a), floats(b), floats(out), &axes)
  }

  public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor, into out: Tensor) {
    var axes = broadcast([out, condition, a, b])
    sealed_select(own.arena, floats(condition), floats(a), floats(b), floats(out), &axes)
  }

  public func reduce(_ reduction: Reduction, _ x: Tensor, over axes: [Int], into out: Tensor) {
    own.fill(address(out), with: reduction == .sum ? 0 : -.infinity, count: out.count)
    var steps = rowMajor(out.shape)
    for axis in axes { steps[axis] = 0 }
    var all = sealed_axes(sizes: x.shape, steps: [steps, rowMajor(x.shape)])
    sealed_reduce(own.arena, reduction == .maximum ? 1 : 0, floats(x), floats(out), &all)
  }

  public func multiplyMatrices(
    _ a: Tensor, transposingA: Bool, _ b: Tensor, transposingB: Bool, into out: Tensor, accumulate: Bool
  ) {
    let (m, n) = (out.shape[out.shape.count - 2], out.shape[out.shape.count - 1])
    let k = a.shape[a.shape.count - (transposingA ? 2 : 1)]
    let (left, right, result) = (Sent(floats(a)), Sent(floats(b)), Sent(floats(out)))
    let arena = Sent(own.arena)
    guard m * n * k > 0 else { return }
    Compute.parallel(out.count / (m * n)) { matrix in
      sealed_multiply(
        arena.value, left.value + matrix * m * k, transposingA ? 1 : 0, right.value + matrix * k * n,
        transposingB ? 1 : 0, result.value + matrix * m * n, m, n, k, accumulate ? 1 : 0)
    }
  }

  public func copyStrided(
    _ x: Tensor, _ source: StridedPlace, to out: Tensor, _ destination: StridedPlace, sizes: [Int]
  ) {
    let size = out.elementType.byteCount
    var axes = sealed_axes(sizes: sizes, steps: [destination.strides, source.strides])
    guard sizes.allSatisfy({ $0 > 0 }) else { return }
    sealed_move(
      own.arena, address(x) + source.start * size, address(out) + destination.start * size, Int32(size), &axes
    )
  }

  public func gatherRows(_ x: Tensor, _ rows: [Int], into out: Tensor) {
    let columns = out.shape[out.shape.count - 1]
    sealed_gather(own.arena, address(x), rows, rows.count, address(out), columns * out.elementType.byteCount)
  }

  public func scatterRows(_ x: Tensor, _ rows: [Int], into out: Tensor) {
    sealed_scatter(own.arena, floats(x), rows, rows.count, floats(out), x.shape[x.shape.count - 1])
  }

  /// The axes of the first tensor, to whose shape the others are repeated.
  private func broadcast(_ tensors: [Tensor]) -> sealed_axes {
    let shape = tensors[0].shape
    return sealed_axes(
      sizes: shape,
      steps: tensors.map { tensor in
        let missing = shape.count - tensor.shape.count
        let steps = zip(rowMajor(tensor.shape), tensor.shape).map { $1 == 1 ? 0 : $0 }
        return Array(repeating: 0, count: max(missing, 0)) + steps.suffix(shape.count)
      })
  }
}

/// What threads share, each of which uses its own part.
private struct Sent<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

private func rowMajor(_ shape: [Int]) -> [Int] {
  var steps = [Int](repeating: 1, count: shape.count)
  for axis in shape.indices.dropLast().reversed() { steps[axis] = steps[axis + 1] * shape[axis + 1] }
  return steps
}

extension sealed_axes {
  /// Axes of an array without any count as one of size 1.
  init(sizes: [Int], steps: [[Int]]) {
    self.init()
    require(sizes.count <= Int(SEALED_RANK), "sealed: \(sizes.count) axes, at most \(SEALED_RANK) are known")
    rank = max(sizes.count, 1)
    withUnsafeMutableBytes(of: &self.sizes) { room in
      let room = room.bindMemory(to: Int.self)
      room[0] = 1
      for (axis, size) in sizes.enumerated() { room[axis] = size }
    }
    withUnsafeMutableBytes(of: &self.steps) { room in
      let room = room.bindMemory(to: Int.self)
      for (array, own) in steps.enumerated() {
        for (axis, step) in own.enumerated() { room[array * Int(SEALED_RANK) + axis] = step }
      }
    }
  }
}

extension UnaryFunction {
  fileprivate var code: sealed_unary {
    switch self {
    case .negate: SEALED_NEGATE
    case .absolute: SEALED_ABSOLUTE
    case .sign: SEALED_SIGN
    case .reciprocal: SEALED_RECIPROCAL
    case .exponential: SEALED_EXPONENTIAL
    case .logarithm: SEALED_LOGARITHM
    case .squareRoot: SEALED_SQUARE_ROOT
    case .reciprocalSquareRoot: SEALED_RECIPROCAL_SQUARE_ROOT
    case .square: SEALED_SQUARE
    case .sigmoid: SEALED_SIGMOID
    case .tanh: SEALED_TANH
    case .gelu: SEALED_GELU
    case .geluDerivative: SEALED_GELU_DERIVATIVE
    case .relu: SEALED_RELU
    case .reluDerivative: SEALED_RELU_DERIVATIVE
    case .silu: SEALED_SILU
    case .siluDerivative: SEALED_SILU_DERIVATIVE
    case .sine: SEALED_SINE
    case .cosine: SEALED_COSINE
    case .errorFunction: SEALED_ERROR_FUNCTION
    }
  }
}

extension BinaryFunction {
  fileprivate var code: sealed_binary {
    switch self {
    case .add: SEALED_ADD
    case .subtract: SEALED_SUBTRACT
    case .multiply: SEALED_MULTIPLY
    case .divide: SEALED_DIVIDE
    case .power: SEALED_POWER
    case .maximum: SEALED_MAXIMUM
    case .minimum: SEALED_MINIMUM
    case .greater: SEALED_GREATER
    case .greaterOrEqual: SEALED_GREATER_OR_EQUAL
    case .equal: SEALED_EQUAL
    }
  }
}
