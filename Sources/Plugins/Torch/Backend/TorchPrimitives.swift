import CTorch
import CoreTensor

/// What computes on a device of libtorch; the primitives are the same for all.
protocol TorchComputing: Backend {
  var own: TorchDevice { get }
}

/// The primitives alone: every other operation is the core's decomposition into them. For what libtorch has nothing of
/// its own that is right, and for tests of what it has.
struct TorchPrimitives: TorchComputing {
  let own: TorchDevice
  let activationType: ElementType
}

extension TorchComputing {
  public var device: any Device { own }

  public func convert(_ x: Tensor, into out: Tensor) {
    requireEqual("convert", x, out)
    own.finish(own.library.table.convert(own.handle, own.view(x), own.view(out)))
  }

  public func map(_ function: UnaryFunction, _ x: Tensor, into out: Tensor) {
    requireEqual("map \(function)", x, out)
    own.finish(own.library.table.map(own.handle, function.torchCode, own.view(x), own.view(out)))
  }

  public func combine(_ function: BinaryFunction, _ a: Tensor, _ b: Tensor, into out: Tensor) {
    requireRepeated([a, b], to: out)
    own.finish(
      own.library.table.combine(own.handle, function.torchCode, own.view(a), own.view(b), own.view(out)))
  }

  public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor, into out: Tensor) {
    requireRepeated([condition, a, b], to: out)
    own.finish(
      own.library.table.select(own.handle, own.view(condition), own.view(a), own.view(b), own.view(out)))
  }

  public func reduce(_ reduction: Reduction, _ x: Tensor, over axes: [Int], into out: Tensor) {
    own.finish(
      own.library.table.reduce(
        own.handle, reduction == .maximum ? 1 : 0, own.view(x), axes.map(Int64.init), axes.count,
        own.view(out)))
  }

  public func multiplyMatrices(
    _ a: Tensor, transposingA: Bool, _ b: Tensor, transposingB: Bool, into out: Tensor, accumulate: Bool
  ) {
    let (m, n) = (out.shape[out.shape.count - 2], out.shape[out.shape.count - 1])
    let k = a.shape[a.shape.count - (transposingA ? 2 : 1)]
    let count = out.shape.dropLast(2).reduce(1, *)
    require(
      a.count == count * m * k && b.count == count * k * n,
      "multiplyMatrices: \(a.shape) and \(b.shape) into \(out.shape)")
    own.finish(
      own.library.table.multiplyMatrices(
        own.handle, activationType.torchCode, own.view(a, as: [count] + (transposingA ? [k, m] : [m, k])),
        transposingA ? 1 : 0, own.view(b, as: [count] + (transposingB ? [n, k] : [k, n])),
        transposingB ? 1 : 0, own.view(out, as: [count, m, n]), accumulate ? 1 : 0))
  }

  public func copyStrided(
    _ x: Tensor, _ source: StridedPlace, to out: Tensor, _ destination: StridedPlace, sizes: [Int]
  ) {
    require(
      x.elementType == out.elementType,
      "copyStrided: \(x.elementType) to \(out.elementType), expected one type")
    guard sizes.allSatisfy({ $0 > 0 }) else { return }
    let sizes = sizes.map(Int64.init)
    source.withStrides { source in
      destination.withStrides { destination in
        own.finish(
          own.library.table.copyStrided(
            own.handle, own.view(x, as: [x.count]), source, own.view(out, as: [out.count]), destination,
            sizes, sizes.count))
      }
    }
  }

  public func gatherRows(_ x: Tensor, _ rows: [Int], into out: Tensor) {
    let columns = out.shape[out.shape.count - 1]
    guard !rows.isEmpty else { return }
    own.finish(
      own.library.table.gatherRows(
        own.handle, own.matrix(x, columns: columns), rows.map(Int64.init), rows.count,
        own.matrix(out, columns: columns)))
  }

  public func scatterRows(_ x: Tensor, _ rows: [Int], into out: Tensor) {
    let columns = x.shape[x.shape.count - 1]
    guard !rows.isEmpty else { return }
    own.finish(
      own.library.table.scatterRows(
        own.handle, own.matrix(x, columns: columns), rows.map(Int64.init), rows.count,
        own.matrix(out, columns: columns)))
  }

  private func requireEqual(_ operation: @autoclosure () -> String, _ x: Tensor, _ out: Tensor) {
    require(x.count == out.count, "\(operation()): \(x.shape) into \(out.shape)")
  }

  private func requireRepeated(_ operands: [Tensor], to out: Tensor) {
    require(
      operands.allSatisfy { $0.shape == out.shape || broadcastShape($0.shape, out.shape) == out.shape },
      "\(own.name): operands \(operands.map(\.shape)) into \(out.shape)")
  }
}

extension StridedPlace {
  fileprivate func withStrides(_ body: (chex_torch_place) -> Void) {
    strides.map(Int64.init).withUnsafeBufferPointer {
      body(chex_torch_place(start: Int64(start), strides: $0.baseAddress))
    }
  }
}

extension UnaryFunction {
  var torchCode: Int32 {
    let code =
      switch self {
      case .negate: CHEX_TORCH_NEGATE
      case .absolute: CHEX_TORCH_ABSOLUTE
      case .sign: CHEX_TORCH_SIGN
      case .reciprocal: CHEX_TORCH_RECIPROCAL
      case .exponential: CHEX_TORCH_EXPONENTIAL
      case .logarithm: CHEX_TORCH_LOGARITHM
      case .squareRoot: CHEX_TORCH_SQUARE_ROOT
      case .reciprocalSquareRoot: CHEX_TORCH_RECIPROCAL_SQUARE_ROOT
      case .square: CHEX_TORCH_SQUARE
      case .sigmoid: CHEX_TORCH_SIGMOID
      case .tanh: CHEX_TORCH_TANH
      case .gelu: CHEX_TORCH_GELU
      case .geluDerivative: CHEX_TORCH_GELU_DERIVATIVE
      case .relu: CHEX_TORCH_RELU
      case .reluDerivative: CHEX_TORCH_RELU_DERIVATIVE
      case .silu: CHEX_TORCH_SILU
      case .siluDerivative: CHEX_TORCH_SILU_DERIVATIVE
      case .sine: CHEX_TORCH_SINE
      case .cosine: CHEX_TORCH_COSINE
      case .errorFunction: CHEX_TORCH_ERROR_FUNCTION
      }
    return Int32(code.rawValue)
  }
}

extension BinaryFunction {
  var torchCode: Int32 {
    let code =
      switch self {
      case .add: CHEX_TORCH_ADD
      case .subtract: CHEX_TORCH_SUBTRACT
      case .multiply: CHEX_TORCH_MULTIPLY
      case .divide: CHEX_TORCH_DIVIDE
      case .power: CHEX_TORCH_POWER
      case .maximum: CHEX_TORCH_MAXIMUM
      case .minimum: CHEX_TORCH_MINIMUM
      case .greater: CHEX_TORCH_GREATER
      case .greaterOrEqual: CHEX_TORCH_GREATER_OR_EQUAL
      case .equal: CHEX_TORCH_EQUAL
      }
    return Int32(code.rawValue)
  }
}
