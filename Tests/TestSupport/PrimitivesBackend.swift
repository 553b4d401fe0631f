import CoreTensor

/// The processor's primitives and nothing else that has a default: every other operation takes its default
/// decomposition, which is how a new backend begins.
public struct PrimitivesBackend: Backend {
  let inner: CPUBackend
  public var device: any Device { inner.device }
  public var activationType: ElementType { inner.activationType }
  public init(_ type: ElementType = .float32) { inner = CPUBackend(type) }

  public func map(_ function: UnaryFunction, _ x: Tensor, into out: Tensor) {
    inner.map(function, x, into: out)
  }
  public func combine(_ function: BinaryFunction, _ a: Tensor, _ b: Tensor, into out: Tensor) {
    inner.combine(function, a, b, into: out)
  }
  public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor, into out: Tensor) {
    inner.select(condition, a, b, into: out)
  }
  public func reduce(_ reduction: Reduction, _ x: Tensor, over axes: [Int], into out: Tensor) {
    inner.reduce(reduction, x, over: axes, into: out)
  }
  public func multiplyMatrices(
    _ a: Tensor, transposingA: Bool, _ b: Tensor, transposingB: Bool, into out: Tensor, accumulate: Bool
  ) {
    inner.multiplyMatrices(
      a, transposingA: transposingA, b, transposingB: transposingB, into: out, accumulate: accumulate)
  }
  public func copyStrided(
    _ x: Tensor, _ source: StridedPlace, to out: Tensor, _ destination: StridedPlace, sizes: [Int]
  ) {
    inner.copyStrided(x, source, to: out, destination, sizes: sizes)
  }
  public func convert(_ x: Tensor, into out: Tensor) { inner.convert(x, into: out) }
  public func gatherRows(_ x: Tensor, _ rows: [Int], into out: Tensor) {
    inner.gatherRows(x, rows, into: out)
  }
  public func scatterRows(_ x: Tensor, _ rows: [Int], into out: Tensor) {
    inner.scatterRows(x, rows, into: out)
  }
}
