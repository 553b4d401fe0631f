import CKernels
import Foundation

/// Products by oneDNN's kernels on packed right operands.
final class OneDNNProducts: MatrixProducts, @unchecked Sendable {
  static let shared = OneDNNProducts()
  private init() {}

  // MARK: Packing

  private final class Packed: PackedMatrix, @unchecked Sendable {
    let storage: Storage
    let operand: OpaquePointer
    init(k: Int, n: Int, type: ElementType, _ storage: Storage) {
      self.storage = storage
      var problem: UnsafePointer<CChar>?
      guard let operand = chex_operand_create(k, n, type.code, storage.pointer, &problem) else {
        fail("product: \(String(cString: problem!)): (\(k), \(n)) of \(type.rawValue)")
      }
      self.operand = operand
      super.init(k: k, n: n, type: type)
    }
    deinit { chex_operand_destroy(operand) }
  }

  func pack(_ matrix: MatrixView, as type: ElementType) -> PackedMatrix {
    let (k, n) = (matrix.rows, matrix.columns)
    let group = chex_packed_group(n)
    let groups = (n + group - 1) / group
    // Words of 4 bytes, sixteen rows of them together.
    let depth = ((type == .float32 ? k : (k + 1) / 2) + 15) / 16 * 16
    let storage = Storage(byteCount: groups * depth * group * 4)
    let tensor = matrix.tensor
    Compute.ranges(groups, grain: max(1, CPUBackend.grain / (depth * group))) { range in
      for index in range {
        let first = index * group
        chex_pack(
          tensor.bytes + first * matrix.columnStride * tensor.elementType.byteCount, tensor.elementType.code,
          matrix.rowStride, matrix.columnStride, k, min(group, n - first),
          storage.pointer + index * depth * group * 4, type.code, depth, group)
      }
    }
    return Packed(k: k, n: n, type: type, storage)
  }

  // MARK: Products

  /// A kernel that oneDNN made for one shape.
  private final class Product: @unchecked Sendable {
    let handle: OpaquePointer
    let scratchBytes: Int
    init(_ shape: chex_product_shape) {
      var problem: UnsafePointer<CChar>?
      guard let handle = chex_product_create(shape, &problem) else {
        fail("product: \(String(cString: problem!)): \(shape)")
      }
      self.handle = handle
      scratchBytes = chex_product_scratch(handle)
    }
    deinit { chex_product_destroy(handle) }
  }

  private struct Key: Hashable {
    let m: Int
    let n: Int
    let k: Int
    let type: ElementType
    let outType: ElementType
    let accumulate: Bool
  }

  /// Kernels take some 60 KiB each; a run whose masks vary in size meets some hundred shapes.
  private static let mostKept = 2048
  private let lock = NSLock()
  private var kept: [Key: Product] = [:]

  let tileRows = 1

  func multiply(
    _ left: LeftOperand, _ b: PackedMatrix, into out: UnsafeMutableRawPointer, _ outType: ElementType,
    accumulate: Bool
  ) {
    let product = product(
      Key(m: left.rows, n: b.n, k: b.k, type: b.type, outType: outType, accumulate: accumulate))
    let scratch = Storage(byteCount: product.scratchBytes)
    left.withRows(depth: b.k) { numbers in
      let status = chex_product_run(product.handle, numbers, (b as! Packed).operand, out, scratch.pointer)
      require(status == 0, "product: oneDNN failed with status \(status)")
    }
    withExtendedLifetime(scratch) {}
  }

  private func product(_ key: Key) -> Product {
    if let known = lock.withLock({ kept[key] }) { return known }
    let made = Product(
      chex_product_shape(
        m: key.m, n: key.n, k: key.k, type: key.type.code, outType: key.outType.code,
        accumulate: key.accumulate ? 1 : 0))
    lock.withLock {
      if kept.count >= Self.mostKept { kept.removeAll(keepingCapacity: true) }
      kept[key] = made
    }
    return made
  }
}
