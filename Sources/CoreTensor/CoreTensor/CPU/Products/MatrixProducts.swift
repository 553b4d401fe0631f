import CKernels

/// A matrix library: products of parts, each on the calling thread alone. Equal rows of a left operand give equal rows
/// of the result, to the bit.
protocol MatrixProducts: Sendable {
  /// Rows that the library computes together: a part of whole tiles wastes nothing.
  var tileRows: Int { get }
  /// Makes a right operand ready, on all threads.
  func pack(_ matrix: MatrixView, as type: ElementType) -> PackedMatrix
  /// out (m, n) (+)= left (m, k) · b, out row-major. The left operand has b's element type.
  func multiply(
    _ left: LeftOperand, _ b: PackedMatrix, into out: UnsafeMutableRawPointer, _ outType: ElementType,
    accumulate: Bool)
}

/// Rows of a left operand, whose numbers lie next to one another along the depth or along the rows.
struct LeftOperand {
  let start: UnsafeRawPointer
  let type: ElementType
  let rows: Int
  let rowStride: Int
  let depthStride: Int

  /// Rows `range` of x (…, k), as they lie.
  init(rows range: Range<Int>, of x: Tensor, depth: Int) {
    start = UnsafeRawPointer(x.bytes + range.lowerBound * depth * x.elementType.byteCount)
    (type, rows, rowStride, depthStride) = (x.elementType, range.count, depth, 1)
  }

  /// Columns `range` of x (…, n), each of which is a row here.
  init(columns range: Range<Int>, of x: Tensor) {
    start = UnsafeRawPointer(x.bytes + range.lowerBound * x.elementType.byteCount)
    (type, rows, rowStride, depthStride) = (x.elementType, range.count, 1, x.columns)
  }

  /// Calls `body` with the numbers row by row, copied where they lie otherwise.
  func withRows(depth: Int, _ body: (UnsafeRawPointer) -> Void) {
    guard depthStride != 1 else { return body(start) }
    let copy = Storage(byteCount: rows * depth * type.byteCount)
    chex_transpose(start, type.code, depthStride, copy.pointer, depth, rows)
    body(copy.pointer)
    withExtendedLifetime(copy) {}
  }
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

/// The library for the instructions in use: oneDNN's kernels for packed operands are for AVX-512, ours for the rest.
var matrixProducts: any MatrixProducts {
  chex_current_instructions().rawValue >= CHEX_AVX512.rawValue
    ? OneDNNProducts.shared : PanelProducts.shared
}
