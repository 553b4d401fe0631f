import CoreTensor

/// Which pixels of a radiograph are of the structure that is segmented.
public struct Mask: Sendable, Equatable {
  public let rows: Int
  public let columns: Int
  /// `rows` x `columns`, row-major; true for the structure.
  public let pixels: [Bool]

  /// - Parameters:
  ///   - rows: 1 or more.
  ///   - columns: 1 or more.
  ///   - pixels: row-major; true for the structure.
  /// - Precondition: `pixels.count == rows * columns`.
  public init(rows: Int, columns: Int, pixels: [Bool]) {
    require(rows > 0 && columns > 0, "Mask: expected 1 x 1 pixels or more, found \(rows) x \(columns)")
    require(
      pixels.count == rows * columns,
      "Mask: expected \(rows) x \(columns) = \(rows * columns) pixels, found \(pixels.count)")
    (self.rows, self.columns, self.pixels) = (rows, columns, pixels)
  }

  /// - Parameters:
  ///   - rows: 1 or more.
  ///   - columns: 1 or more.
  ///   - pixels: row-major; 0 for the background, anything else for the structure.
  /// - Precondition: `pixels.count == rows * columns`.
  public init(rows: Int, columns: Int, pixels: [UInt8]) {
    self.init(rows: rows, columns: columns, pixels: pixels.map { $0 != 0 })
  }

  /// - Precondition: `row` and `column` lie inside the mask.
  public subscript(row: Int, column: Int) -> Bool {
    require(
      (0..<rows).contains(row) && (0..<columns).contains(column),
      "Mask: expected a pixel of \(rows) x \(columns), found row \(row), column \(column)")
    return pixels[row * columns + column]
  }

  /// Pixels of the structure.
  public var foregroundCount: Int { pixels.count { $0 } }

  /// Whether no pixel is of the structure.
  public var isEmpty: Bool { !pixels.contains(true) }

  static func requireEqualShapes(_ what: String, _ truth: Mask, _ prediction: Mask) {
    require(
      truth.rows == prediction.rows && truth.columns == prediction.columns,
      "\(what): expected a prediction of \(truth.rows) x \(truth.columns) pixels, as the truth, "
        + "found \(prediction.rows) x \(prediction.columns)")
  }
}
