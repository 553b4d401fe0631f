import Foundation

/// Weights that were packed for products, kept while they cannot change.
///
/// Packing reads every weight once and repays itself when many rows pass through. Where few rows pass, and often, as
/// when a frozen encoder describes radiographs, `keeping` saves it.
public final class PackedWeights: @unchecked Sendable {
  @TaskLocal private static var current: PackedWeights?

  private struct Key: Hashable {
    let storage: ObjectIdentifier
    let offset: Int
    let shape: [Int]
    let direction: ProductDirection
    let type: ElementType
    let library: ObjectIdentifier
  }
  private let lock = NSLock()
  private var kept: [Key: (PackedMatrix, Tensor)] = [:]

  /// Runs `body` with every weight packed at most once. Weights must not change meanwhile.
  public static func keeping<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard current == nil else { return try body() }
    return try $current.withValue(PackedWeights(), operation: body)
  }

  static func packed(
    _ weight: Tensor, _ direction: ProductDirection, as type: ElementType, by library: any MatrixProducts
  ) -> PackedMatrix {
    func fresh() -> PackedMatrix {
      let own = MatrixView(weight, rows: weight.shape[0], columns: weight.count / weight.shape[0])
      return library.pack(direction == .forward ? own.transposed : own, as: type)
    }
    guard let current else { return fresh() }
    let key = Key(
      storage: ObjectIdentifier(weight.storage), offset: weight.offset, shape: weight.shape,
      direction: direction,
      type: type, library: ObjectIdentifier(Swift.type(of: library)))
    if let known = current.lock.withLock({ current.kept[key] }) { return known.0 }
    let made = fresh()
    // The weight is held too, so that its memory cannot become another's.
    current.lock.withLock { current.kept[key] = (made, weight) }
    return made
  }
}
