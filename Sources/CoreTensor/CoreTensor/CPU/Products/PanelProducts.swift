import CKernels

/// Products by kernels of our own on right operands packed in panels of sixteen columns, in float32 whatever the
/// operands' type.
final class PanelProducts: MatrixProducts {
  static let shared = PanelProducts()
  private init() {}

  private static let panelColumns = 16

  private final class Packed: PackedMatrix, @unchecked Sendable {
    let storage: Storage
    init(k: Int, n: Int, type: ElementType, _ storage: Storage) {
      self.storage = storage
      super.init(k: k, n: n, type: type)
    }
  }

  var tileRows: Int { chex_tile_rows() }

  func pack(_ matrix: MatrixView, as type: ElementType) -> PackedMatrix {
    let (k, n, width) = (matrix.rows, matrix.columns, Self.panelColumns)
    let panels = (n + width - 1) / width
    let storage = Storage(byteCount: panels * k * width * 4)
    let tensor = rounded(matrix.tensor, as: type)
    // Several panels at a time, so that the lines of memory that they share are read once.
    Compute.ranges(panels, grain: max(4, CPUBackend.grain / (k * width))) { range in
      for panel in range {
        let first = panel * width
        chex_pack(
          tensor.bytes + first * matrix.columnStride * tensor.elementType.byteCount, tensor.elementType.code,
          matrix.rowStride, matrix.columnStride, k, min(width, n - first),
          storage.pointer + panel * k * width * 4, CHEX_FLOAT32, k, width)
      }
    }
    return Packed(k: k, n: n, type: type, storage)
  }

  /// The numbers as a product of `type` would have them.
  private func rounded(_ tensor: Tensor, as type: ElementType) -> Tensor {
    guard type == .bfloat16 && tensor.elementType == .float32 else { return tensor }
    let rounded = Tensor(uninitialized: tensor.shape, as: .bfloat16, on: CPUDevice.shared)
    Compute.ranges(tensor.count, grain: CPUBackend.grain) { range in
      chex_convert(
        tensor.bytes + range.lowerBound * 4, CHEX_FLOAT32, rounded.bytes + range.lowerBound * 2,
        CHEX_BFLOAT16,
        range.count)
    }
    return rounded
  }

  func multiply(
    _ left: LeftOperand, _ b: PackedMatrix, into out: UnsafeMutableRawPointer, _ outType: ElementType,
    accumulate: Bool
  ) {
    guard left.type == .float32 else {
      left.withRows(depth: b.k) { numbers in
        let copy = Storage(byteCount: left.rows * b.k * 4)
        chex_convert(numbers, left.type.code, copy.pointer, CHEX_FLOAT32, left.rows * b.k)
        multiply(copy.pointer, (b.k, 1), rows: left.rows, b, into: out, outType, accumulate)
        withExtendedLifetime(copy) {}
      }
      return
    }
    multiply(
      left.start, (left.rowStride, left.depthStride), rows: left.rows, b, into: out, outType, accumulate)
  }

  private func multiply(
    _ numbers: UnsafeRawPointer, _ strides: (row: Int, depth: Int), rows: Int, _ b: PackedMatrix,
    into out: UnsafeMutableRawPointer, _ outType: ElementType, _ accumulate: Bool
  ) {
    let scratch = Storage(byteCount: chex_panel_scratch(rows, b.k) * 4)
    let result = outType == .float32 ? nil : Storage(byteCount: rows * b.n * 4)
    let sums = (result?.pointer ?? out).assumingMemoryBound(to: Float.self)
    chex_multiply_panels(
      numbers.assumingMemoryBound(to: Float.self), strides.row, strides.depth, rows,
      (b as! Packed).storage.pointer.assumingMemoryBound(to: Float.self), b.k, b.n, sums, accumulate ? 1 : 0,
      scratch.pointer.assumingMemoryBound(to: Float.self))
    if outType != .float32 { chex_convert(sums, CHEX_FLOAT32, out, outType.code, rows * b.n) }
    withExtendedLifetime((scratch, result)) {}
  }
}
