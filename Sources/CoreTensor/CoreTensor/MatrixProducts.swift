import CKernels
import COpenBLAS

/// A matrix library: products of parts, each on the calling thread alone.
protocol MatrixProducts: Sendable {
  /// Makes a right operand ready, on all threads.
  func pack(_ matrix: MatrixView, as type: ElementType) -> PackedMatrix
  /// out (m, n) (+)= a (m, k) · b, both row-major. a has b's element type.
  func multiply(
    _ a: UnsafeRawPointer, rows: Int, _ b: PackedMatrix, into out: UnsafeMutableRawPointer,
    _ outType: ElementType,
    accumulate: Bool)
}

/// A matrix (rows, columns) within a tensor, read along or across the tensor's rows.
struct MatrixView {
  let tensor: Tensor
  let rows: Int
  let columns: Int
  let rowStride: Int
  let columnStride: Int

  /// x (rows, columns) as it lies.
  init(_ x: Tensor, rows: Int, columns: Int) {
    (tensor, self.rows, self.columns) = (x, rows, columns)
    (rowStride, columnStride) = (columns, 1)
  }

  /// The transpose of a matrix as it lies.
  var transposed: MatrixView { MatrixView(of: self) }
  private init(of other: MatrixView) {
    (tensor, rows, columns) = (other.tensor, other.columns, other.rows)
    (rowStride, columnStride) = (other.columnStride, other.rowStride)
  }
}

/// A right operand (k, n) in the order that its library reads.
class PackedMatrix: @unchecked Sendable {
  let k: Int
  let n: Int
  let type: ElementType
  init(k: Int, n: Int, type: ElementType) {
    (self.k, self.n, self.type) = (k, n, type)
  }
}

/// The library for the instructions in use: oneDNN's kernels are for AVX-512, OpenBLAS has some for every processor.
var matrixProducts: any MatrixProducts {
  chex_current_instructions().rawValue >= CHEX_AVX512.rawValue
    ? OneDNNProducts.shared : OpenBLASProducts.shared
}

// MARK: - OpenBLAS

/// Products by OpenBLAS, in float32 whatever the operands' type.
///
/// OpenBLAS is held to one thread and called from each thread of the pool for its own part of a product, so that two
/// pools never spin against each other.
final class OpenBLASProducts: MatrixProducts {
  static let shared = OpenBLASProducts()
  private init() { openblas_set_num_threads(1) }

  private final class Packed: PackedMatrix, @unchecked Sendable {
    let view: MatrixView
    init(_ view: MatrixView, _ type: ElementType) {
      self.view = view
      super.init(k: view.rows, n: view.columns, type: type)
    }
  }

  func pack(_ matrix: MatrixView, as type: ElementType) -> PackedMatrix {
    guard matrix.tensor.elementType != .float32 || type != .float32 else { return Packed(matrix, type) }
    // Rounded as a bfloat16 product would have it.
    let tensor = matrix.tensor
    let rounded = Tensor(uninitialized: tensor.shape)
    Compute.ranges(tensor.count, grain: ProcessorBackend.grain) { range in
      let storage = Storage(byteCount: range.count * 2)
      let (from, to) = (tensor.bytes + range.lowerBound * tensor.elementType.byteCount, storage.pointer)
      chex_convert(from, tensor.elementType.code, to, CHEX_BFLOAT16, range.count)
      chex_convert(to, CHEX_BFLOAT16, rounded.pointer + range.lowerBound, CHEX_FLOAT32, range.count)
    }
    var view = MatrixView(rounded, rows: matrix.rows, columns: matrix.columns)
    if matrix.rowStride == 1 && matrix.columnStride != 1 {
      view = MatrixView(rounded, rows: matrix.columns, columns: matrix.rows).transposed
    }
    return Packed(view, type)
  }

  func multiply(
    _ a: UnsafeRawPointer, rows: Int, _ b: PackedMatrix, into out: UnsafeMutableRawPointer,
    _ outType: ElementType,
    accumulate: Bool
  ) {
    let view = (b as! Packed).view
    let left = Float32Copy(a, b.type, count: rows * b.k)
    let result = Float32Copy(out, outType, count: rows * b.n, isFilled: false)
    let isTransposed = view.columnStride != 1
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, isTransposed ? CblasTrans : CblasNoTrans, blasint(rows), blasint(b.n),
      blasint(b.k), 1, left.pointer, blasint(b.k), view.tensor.pointer,
      blasint(isTransposed ? view.columnStride : max(view.rowStride, b.n)), accumulate ? 1 : 0,
      result.pointer, blasint(b.n))
    if outType != .float32 {
      chex_convert(result.pointer, CHEX_FLOAT32, out, outType.code, rows * b.n)
    }
    withExtendedLifetime((left, result)) {}
  }

  /// Numbers as float32: themselves, or a copy.
  private struct Float32Copy {
    let pointer: UnsafeMutablePointer<Float>
    private let storage: Storage?

    init(_ numbers: UnsafeRawPointer, _ type: ElementType, count: Int, isFilled: Bool = true) {
      guard type != .float32 else {
        pointer = UnsafeMutableRawPointer(mutating: numbers).assumingMemoryBound(to: Float.self)
        storage = nil
        return
      }
      let copy = Storage(byteCount: count * 4)
      if isFilled { chex_convert(numbers, type.code, copy.pointer, CHEX_FLOAT32, count) }
      pointer = copy.pointer.assumingMemoryBound(to: Float.self)
      storage = copy
    }
  }
}
