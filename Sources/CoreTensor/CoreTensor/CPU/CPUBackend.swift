import CKernels

/// The processor: a matrix library for products, this package's kernels for the rest, one thread pool for both.
///
/// Products are of float32, or of bfloat16 with float32 sums; all else is float32. Work is divided the same way for any
/// number of threads, so that results do not depend on it.
public struct CPUBackend: Backend {
  /// In float32.
  public static let shared = CPUBackend(.float32)

  public let activationType: ElementType
  public var device: any Device { CPUDevice.shared }

  /// - Parameter type: what products multiply and how activations between them are kept.
  public init(_ type: ElementType) { activationType = type }

  /// Values that one chunk of an elementwise operation covers: large enough to outweigh its dispatch, small
  /// enough to stay in the second-level cache.
  static let grain = 1 << 15

  func elementwise(_ count: Int, _ body: @Sendable (Int, Int) -> Void) {
    Compute.ranges(count, grain: Self.grain) { body($0.lowerBound, $0.count) }
  }

  /// Divides rows so that a chunk has about `grain` values.
  func rowwise(_ rows: Int, columns: Int, _ body: @Sendable (Range<Int>) -> Void) {
    Compute.ranges(rows, grain: max(1, Self.grain / max(columns, 1)), body)
  }

  // MARK: Elementwise

  public func convert(_ x: Tensor, into out: Tensor) {
    let (size, outSize) = (x.elementType.byteCount, out.elementType.byteCount)
    elementwise(out.count) {
      chex_convert(
        x.bytes + $0 * size, x.elementType.code, out.bytes + $0 * outSize, out.elementType.code, $1)
    }
  }
  public func add(_ a: Tensor, _ b: Tensor, into out: Tensor) {
    elementwise(out.count) { chex_add(a.pointer + $0, b.pointer + $0, out.pointer + $0, $1) }
  }
  public func scale(_ x: Tensor, by factor: Float, times scalar: Tensor?, into out: Tensor) {
    let factor = product(factor, scalar)
    elementwise(out.count) { chex_scale(x.pointer + $0, factor, out.pointer + $0, $1) }
  }
  public func addScaled(_ x: Tensor, by factor: Float, into out: Tensor) {
    elementwise(out.count) { chex_add_scaled(x.pointer + $0, factor, out.pointer + $0, $1) }
  }
  public func gelu(_ x: Tensor, into out: Tensor) {
    elementwise(out.count) { chex_gelu(x.pointer + $0, out.pointer + $0, $1) }
  }
  public func geluGradient(_ x: Tensor, _ outputGradient: Tensor, into out: Tensor) {
    elementwise(out.count) {
      chex_gelu_gradient(x.pointer + $0, outputGradient.pointer + $0, out.pointer + $0, $1)
    }
  }
  public func relu(_ x: Tensor, into out: Tensor) {
    elementwise(out.count) { chex_relu(x.pointer + $0, out.pointer + $0, $1) }
  }
  public func reluGradient(_ x: Tensor, _ outputGradient: Tensor, into out: Tensor) {
    elementwise(out.count) {
      chex_relu_gradient(x.pointer + $0, outputGradient.pointer + $0, out.pointer + $0, $1)
    }
  }
  public func difference(_ a: Tensor, _ b: Tensor, by factor: Float, times scalar: Tensor?, into out: Tensor)
  {
    let factor = product(factor, scalar)
    elementwise(out.count) { chex_difference(a.pointer + $0, b.pointer + $0, factor, out.pointer + $0, $1) }
  }
  private func product(_ factor: Float, _ scalar: Tensor?) -> Float {
    scalar.map { factor * $0.pointer[0] } ?? factor
  }
  public func firstNonFinite(_ x: Tensor) -> Int? {
    let position = chex_first_non_finite(x.bytes, x.elementType.code, x.count)
    return position < 0 ? nil : position
  }

  // MARK: Sums, each over fixed chunks whose partial results are added in order

  public func meanSquaredError(_ a: Tensor, _ b: Tensor, into mean: Tensor) {
    let sum = sumOfChunks(a.count) { chex_squared_error(a.pointer + $0, b.pointer + $0, $1) }
    mean.pointer[0] = Float(sum / Double(a.count))
  }

  func sumOfSquares(_ x: Tensor) -> Double {
    sumOfChunks(x.count) { chex_sum_of_squares(x.pointer + $0, $1) }
  }

  private func sumOfChunks(_ count: Int, _ body: @Sendable (Int, Int) -> Double) -> Double {
    let chunks = (count + Self.grain - 1) / Self.grain
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: max(chunks, 1)) { partial in
      nonisolated(unsafe) let sums = partial
      elementwise(count) { sums.initializeElement(at: $0 / Self.grain, to: body($0, $1)) }
      return sums.prefix(chunks).reduce(0, +)
    }
  }
}
