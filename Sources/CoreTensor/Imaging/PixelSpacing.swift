import CoreTensor

/// Distance between the centres of neighbouring pixels, in millimetres.
public struct PixelSpacing: Sendable, Equatable {
  /// From a row to the next.
  public let row: Double
  /// From a column to the next.
  public let column: Double

  /// In the order of DICOM's Pixel Spacing (0028,0030).
  /// - Parameters:
  ///   - row: from a row to the next, in millimetres.
  ///   - column: from a column to the next, in millimetres.
  /// - Precondition: both are positive and finite.
  public init(row: Double, column: Double) {
    require(
      row > 0 && row.isFinite && column > 0 && column.isFinite,
      "PixelSpacing: expected positive millimetres, found row \(row), column \(column)")
    (self.row, self.column) = (row, column)
  }

  /// As DICOM writes it, `0.143\0.139` (row, column), or one number for square pixels; brackets and commas are read. Nil
  /// where it says no such thing.
  public init?(_ text: String) {
    // Lists as Python writes them, too.
    let bare = text.drop { " [(".contains($0) }.reversed().drop { " ])".contains($0) }.reversed()
    let numbers = String(bare).split(separator: /\s*[\\,]\s*|\s+/, omittingEmptySubsequences: false)
      .map { Double(String($0)) }
    guard (1...2).contains(numbers.count), let row = numbers[0], let column = numbers[numbers.count - 1],
      row > 0, row.isFinite, column > 0, column.isFinite
    else { return nil }
    (self.row, self.column) = (row, column)
  }

  /// Of the same radiograph in other pixels.
  /// - Parameters:
  ///   - rows: how many of the former rows lie in one of the new.
  ///   - columns: how many of the former columns lie in one of the new.
  public func scaled(rows: Double, columns: Double) -> PixelSpacing {
    PixelSpacing(row: row * rows, column: column * columns)
  }

  /// Square pixels of 1 mm, so that distances are in pixels.
  public static let one = PixelSpacing(row: 1, column: 1)
}
